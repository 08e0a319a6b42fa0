//! Each service under a generator of hostile requests that reads its committed OpenAPI document: whatever comes in, the
//! service answers as documented and never with a 5xx.
//!
//! The seed is printed; `LACADON_SEED=<seed>` repeats a run.
#![expect(clippy::expect_used, reason = "a test fails by panicking, also in what it calls")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tests::programs::{self, text};
use tests::{eventually_within, http_client};

/// For one service and one role. The services and their two roles each take it one after the other.
const SECONDS: u32 = 30;

/// Besides "no 5xx": whatever is answered is in the document, with its status, type and shape.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance";

#[tokio::test(flavor = "multi_thread")]
async fn order_api_answers_hostile_requests_as_documented() {
    attack("order-api", "ORDER").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn voucher_api_answers_hostile_requests_as_documented() {
    attack("voucher-api", "VOUCHER").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn risk_api_answers_hostile_requests_as_documented() {
    attack("risk-api", "RISK").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn desk_api_answers_hostile_requests_as_documented() {
    attack("desk-api", "DESK").await;
}

/// In front of everything that it needs: alone it would answer that others are away.
#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_answers_hostile_requests_as_documented() {
    let Some(schemathesis) = programs::schemathesis() else { return };
    let world = tests::World::start().await;
    let ada = world.customer_with_credit("cus_ada", i64::MAX).await;
    ada.places("an-order-to-find", 10_00).await;
    let document = launch::build::workspace().join("gateway/openapi.json");

    let attack =
        attack_on(&schemathesis, &document, world.system.gateway_url(), ada.token(), "customer");

    run(attack, "gateway as customer").await;
}

async fn attack(name: &str, prefix: &str) {
    let Some(schemathesis) = programs::schemathesis() else { return };
    let service = tokio::task::block_in_place(|| Service::start(name, prefix));
    let ready = format!("{}/readyz", service.url);
    let http = http_client();
    eventually_within(Duration::from_secs(30), &format!("{name} is ready"), async || {
        http.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success()).then_some(())
    })
    .await;

    // What one role may do the other may not, so that each endpoint is reached beyond its refusal.
    for role in ["back-office", "worker"] {
        let attack = service.attack(&schemathesis, role);
        run(attack, &format!("{name} as {role}")).await;
    }
}

async fn run(attack: Command, what: &str) {
    let output = tokio::task::spawn_blocking(move || { attack }.output())
        .await
        .expect("not cancelled")
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{what}:\n{said}{}", String::from_utf8_lossy(&output.stderr));
}

/// The program, told what to attack and with whose key. It keeps what it finds in the current folder.
fn attack_on(schemathesis: &Path, document: &Path, url: &str, key: &str, role: &str) -> Command {
    let seed = seed();
    // Past the test runner's capture: the seed of a green run may be wanted too.
    let _ = std::io::Write::write_fmt(
        &mut std::io::stderr(),
        format_args!("schemathesis on {} as {role}: LACADON_SEED={seed}\n", document.display()),
    );
    let mut command = Command::new(schemathesis);
    // One request after the other: with several workers the Python parser below it fails now and then.
    command
        .arg("run")
        .arg(document)
        .args(["--url", url, "--checks", CHECKS, "--no-color"])
        .args(["--seed", &seed, "--max-time", &SECONDS.to_string(), "--workers", "1"])
        .args(["--request-timeout", "30"])
        .args(["--header", &format!("Authorization: Bearer {key}")])
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null());
    command
}

/// A service on a SQLite file, alone.
struct Service {
    child: Child,
    url: String,
    document: PathBuf,
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
        let document = launch::build::workspace().join(name).join("openapi.json");
        Self { child, url: format!("http://127.0.0.1:{port}"), document, folder }
    }

    fn attack(&self, schemathesis: &Path, role: &str) -> Command {
        let secret =
            std::fs::read_to_string(self.folder.path().join("secrets").join(format!("{role}.key")))
                .expect("a key");
        let mut command = attack_on(schemathesis, &self.document, &self.url, secret.trim(), role);
        command.current_dir(self.folder.path());
        command
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
