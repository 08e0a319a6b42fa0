//! Each service under a generator of hostile requests that reads its committed OpenAPI document: whatever comes in, the
//! service answers as documented and never with a 5xx.
//!
//! Twice per role: step by step, where what one answer names (an order's id) goes into the next request, so that endpoints
//! are reached behind a state that only other endpoints make; then with anything at all, request by request.
//!
//! The seed is printed; `LACADON_SEED=<seed>` repeats a run.
#![expect(clippy::expect_used, reason = "a test fails by panicking, also in what it calls")]

use contracts::cases::CaseKind;
use contracts::outbox::{ORDER_CANCELLED, ORDER_SENT};
use futures::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tests::programs::{self, text};
use tests::{eventually_within, http_client};

/// A service that can be attacked alone: name, family of its settings, and roles. What one role may do the others may not,
/// so that together they reach each endpoint beyond its refusal.
type Attacked = (&'static str, &'static str, &'static [&'static str]);

const ATTACKED: [Attacked; 4] = [
    ("order-api", "ORDER", &["back-office", "worker"]),
    ("voucher-api", "VOUCHER", &["back-office", "worker"]),
    ("risk-api", "RISK", &["back-office", "worker"]),
    ("desk-api", "DESK", &["back-office", "worker"]),
];

/// Needs everything behind it: alone it would answer that others are away.
const GATEWAY: &str = "gateway";

/// With anything, for one service and one role. Services are attacked at the same time, their roles one after the other.
const SECONDS: u32 = 22;

/// Longer than the longest wait that a caller may ask for (30 s, `wait_ms` of a claim), and the time to answer it.
const REQUEST_SECONDS: u32 = 60;

/// Step by step: a number and no time, so that a busy machine takes the same steps. Some ten seconds.
const EXAMPLES: u32 = 30;

/// Besides "no 5xx": whatever is answered is in the document, with its status, type and shape.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance";

#[tokio::test(flavor = "multi_thread")]
async fn every_service_answers_hostile_requests_as_documented() {
    let Some(schemathesis) = programs::schemathesis() else { return };

    join_all(ATTACKED.map(|attacked| attack_alone(&schemathesis, attacked))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_answers_hostile_requests_as_documented() {
    let Some(schemathesis) = programs::schemathesis() else { return };
    let world = tests::World::start().await;
    let ada = world.customer_with_credit("cus_ada", i64::MAX).await;
    ada.places("an-order-to-find", 10_00).await;
    let folder = tempfile::tempdir().expect("a folder");
    let attack = Attack {
        schemathesis: &schemathesis,
        name: GATEWAY,
        role: "customer",
        url: world.system.gateway_url(),
        key: ada.token(),
        folder: folder.path(),
    };

    let followed = attack.step_by_step().await;
    assert!(followed > 0, "no step on the gateway followed from another");
    attack.with_anything().await;
}

#[test]
fn every_document_is_attacked() {
    let top = launch::build::workspace();
    let folders = std::fs::read_dir(&top).expect("the workspace").map(|entry| entry.expect("one"));
    let documented: BTreeSet<String> = folders
        .filter(|folder| folder.path().join("openapi.json").is_file())
        .map(|folder| folder.file_name().to_string_lossy().into_owned())
        .collect();

    let attacked = ATTACKED.map(|(name, ..)| name).into_iter().chain([GATEWAY]);

    assert_eq!(documented, attacked.map(str::to_owned).collect());
}

async fn attack_alone(schemathesis: &Path, (name, prefix, roles): Attacked) {
    let service = tokio::task::block_in_place(|| Service::start(name, prefix));
    let ready = format!("{}/readyz", service.url);
    let http = http_client();
    eventually_within(Duration::from_secs(30), &format!("{name} is ready"), async || {
        http.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success()).then_some(())
    })
    .await;

    let keys: Vec<String> = roles.iter().map(|role| service.key(role)).collect();
    let attacks = || {
        roles.iter().zip(&keys).map(|(role, key)| Attack {
            schemathesis,
            name,
            role,
            url: &service.url,
            key,
            folder: service.folder.path(),
        })
    };
    // First, while nothing is there but what these steps make. One role may not be able to begin without another.
    let mut followed = 0;
    for attack in attacks() {
        followed += attack.step_by_step().await;
    }
    assert!(followed > 0, "no step on {name} followed from another");
    for attack in attacks() {
        attack.with_anything().await;
    }
}

/// What is attacked, as whom, and where the attacker keeps what it finds.
struct Attack<'a> {
    schemathesis: &'a Path,
    name: &'a str,
    role: &'a str,
    url: &'a str,
    key: &'a str,
    folder: &'a Path,
}

impl Attack<'_> {
    async fn with_anything(&self) {
        let document = launch::build::workspace().join(self.name).join("openapi.json");
        let mut command = self.command(&document);
        command.args(["--phases", "examples,coverage,fuzzing", "--max-time", &SECONDS.to_string()]);
        self.run(command).await;
    }

    /// How many kinds of steps followed from what an answer named.
    async fn step_by_step(&self) -> u32 {
        let document = self.folder.join(format!("{}-{}.json", self.name, self.role));
        std::fs::write(&document, self.document_of_what_is_taken().to_string()).expect("written");
        let mut command = self.command(&document);
        command.args(["--phases", "stateful", "--mode", "positive"]);
        command.args(["--max-examples", &EXAMPLES.to_string()]);
        let said = self.run(command).await;
        let links = said.lines().find_map(|line| line.trim().strip_prefix("API Links:"));
        let covered = links.and_then(|links| links.split_whitespace().next()?.parse().ok());
        covered.unwrap_or_else(|| panic!("it does not say what it did:\n{said}"))
    }

    /// The committed document, its requests narrowed where JSON Schema cannot say what a service takes (a currency that
    /// exists, a text that is not blank): a generator that is always refused never gets behind the first step.
    fn document_of_what_is_taken(&self) -> Value {
        let committed = launch::build::workspace().join(self.name).join("openapi.json");
        let text = std::fs::read_to_string(committed).expect("a document");
        let mut document: Value = serde_json::from_str(&text).expect("JSON");
        let whole = document.clone();
        let paths = document.get_mut("paths").and_then(Value::as_object_mut).expect("paths");
        let operations = paths.values_mut().flat_map(|path| path.as_object_mut().expect("methods"));
        for (_, operation) in operations {
            for part in ["parameters", "requestBody"] {
                if let Some(asked) = operation.get_mut(part) {
                    narrow(asked, &whole);
                }
            }
        }
        document
    }

    async fn run(&self, mut command: Command) -> String {
        let output = tokio::task::spawn_blocking(move || command.output())
            .await
            .expect("not cancelled")
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} as {}:\n{said}{errors}", self.name, self.role);
        said
    }

    /// The program, told what to attack and with whose key.
    fn command(&self, document: &Path) -> Command {
        let seed = seed();
        // Past the test runner's capture: the seed of a green run may be wanted too.
        let _ = std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!("schemathesis on {} as {}: LACADON_SEED={seed}\n", self.name, self.role),
        );
        let mut command = Command::new(self.schemathesis);
        // One request after the other: with several workers the Python parser below it fails now and then.
        command
            .arg("run")
            .arg(document)
            .args(["--url", self.url, "--checks", CHECKS, "--no-color"])
            .args(["--seed", &seed, "--workers", "1"])
            .args(["--request-timeout", &REQUEST_SECONDS.to_string()])
            .args(["--header", &format!("Authorization: Bearer {}", self.key)])
            .current_dir(self.folder)
            .stdin(Stdio::null());
        command
    }
}

/// Also what it refers to, which becomes a copy: an answer may refer to the same, and is not narrowed.
fn narrow(schema: &mut Value, document: &Value) {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let found = document.pointer(reference.trim_start_matches('#'));
        *schema = found.expect("what is referred to").clone();
    }
    match schema {
        Value::Array(schemas) => schemas.iter_mut().for_each(|schema| narrow(schema, document)),
        Value::Object(map) => {
            // A parameter says its name beside its schema, a field before it.
            if let Some(name) = map.get("name").and_then(Value::as_str).map(str::to_owned)
                && let Some(schema) = map.get_mut("schema")
            {
                narrow_named(&name, schema, document);
            }
            map.iter_mut().for_each(|(name, schema)| narrow_named(name, schema, document));
        }
        _ => {}
    }
}

fn narrow_named(name: &str, schema: &mut Value, document: &Value) {
    let kind = schema.get("type").cloned();
    match taken(name) {
        Some(taken) if kind.as_ref() == taken.get("type") && schema.get("enum").is_none() => {
            *schema = taken;
        }
        _ => narrow(schema, document),
    }
}

/// What is taken under this name. Numbers are listed: to JSON Schema 1.0 is an integer too, to the services it is not.
fn taken(name: &str) -> Option<Value> {
    let text = |pattern: &str| json!({"type": "string", "pattern": pattern});
    match name {
        "amount" => Some(json!({"type": "integer", "enum": [1, 55, 100_00, 100_01]})),
        "quantity" => Some(json!({"type": "integer", "enum": [1, 2, 10]})),
        "wait_ms" => Some(json!({"type": "integer", "enum": [0, 1, 50]})),
        "types" => Some(json!({"type": "array", "minItems": 1, "maxItems": 2,
            "items": {"type": "string", "enum": [ORDER_SENT, ORDER_CANCELLED]}})),
        "currency" => Some(json!({"type": "string", "enum": ["EUR"]})),
        "kind" => Some(json!({"type": "string", "enum": CaseKind::ALL.map(CaseKind::as_str)})),
        "placed_at" => Some(text("^20[0-4][0-9]-0[1-9]-[12][0-9]T10:00:00Z$")),
        "external_ref" => Some(text("^#[0-9]{1,6}$")),
        "owner" | "sku" | "summary" | "because" => Some(text("^[A-Z-]{1,12}$")),
        _ => None,
    }
}

/// A service on a SQLite file, alone.
struct Service {
    child: Child,
    url: String,
    folder: tempfile::TempDir,
}

impl Service {
    fn start(name: &str, prefix: &str) -> Self {
        let binaries = launch::build::binaries().expect("the binaries build");
        let program = binaries.named(name).expect("a program of ours");
        let folder =
            tempfile::Builder::new().prefix("lacadon-openapi-").tempdir().expect("a folder");
        let secrets = folder.path().join("secrets");
        programs::run(
            Command::new(launch::build::workspace().join("deploy/make-secrets")).arg(&secrets),
        );
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|held| held.local_addr())
            .expect("a free port")
            .port();
        let log = std::fs::File::create(folder.path().join("log")).expect("a log file");
        let child = Command::new(program)
            .env_clear()
            .env(
                format!("{prefix}_DATABASE_URL"),
                format!("sqlite://{}", text(&folder.path().join("store.sqlite"))),
            )
            .env(format!("{prefix}_LISTEN"), format!("127.0.0.1:{port}"))
            .env(format!("{prefix}_KEYS_FILE"), secrets.join(format!("{name}.keys")))
            .env("EXIT_WITH_STDIN", "1")
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("the service starts");
        Self { child, url: format!("http://127.0.0.1:{port}"), folder }
    }

    fn key(&self, role: &str) -> String {
        let file = self.folder.path().join("secrets").join(format!("{role}.key"));
        std::fs::read_to_string(file).expect("a key").trim().to_owned()
    }
}

impl Drop for Service {
    #[expect(clippy::print_stdout, reason = "the test runner shows it beside the failure")]
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            let last: Vec<&str> = log
                .lines()
                .filter(|line| line.contains("ERROR") || line.contains("panic"))
                .take(20)
                .collect();
            println!("--- errors in the service's log:\n{}", last.join("\n"));
        }
    }
}

fn seed() -> String {
    let random = || (uuid::Uuid::new_v4().as_u128() % 1_000_000_000).to_string();
    std::env::var("LACADON_SEED").unwrap_or_else(|_| random())
}
