//! `docker-compose.yml` and what it mounts, held against a real compose parser and against the binaries' own words.
//! That the stack works with these settings is `cluster.rs`.
#![expect(clippy::expect_used, reason = "a test fails by panicking, also in what it calls")]

use serde_json::Value;
use std::collections::BTreeSet;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tests::compose::{self, Compose};
use tests::postgres::Postgres;
use tests::programs;

/// The containers that run our binaries.
const OURS: [&str; 6] = ["order-api", "voucher-api", "risk-api", "desk-api", "gateway", "worker"];

/// Containers that run until they have done their work.
const JOBS: [&str; 2] = ["temporal-schema", "temporal-namespace"];

/// What our binaries do not read themselves: the PostgreSQL driver, the log filter and the Temporal client do.
const READ_BY_LIBRARIES: [&str; 4] =
    ["PGPASSFILE", "RUST_LOG", "TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE"];

#[test]
fn the_compose_file_passes_a_real_parser_and_a_broken_one_does_not() {
    let Some(parser) = programs::compose_parser() else { return };

    let ours = compose::parse(&parser, &compose::file());
    let text = std::fs::read_to_string(compose::file()).expect("our file");
    let broken = text.replace(
        "condition: service_completed_successfully",
        "condition: service_completed_happily",
    );
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("docker-compose.yml"), broken).expect("written");
    let theirs = compose::parse(&parser, &folder.path().join("docker-compose.yml"));

    assert!(ours.status.success(), "{}", String::from_utf8_lossy(&ours.stderr));
    assert_eq!(String::from_utf8_lossy(&ours.stderr), "", "the parser warns");
    assert!(!theirs.status.success(), "a condition that does not exist was accepted");
}

/// `docker compose up --build --wait`, the third command that the documents publish, needs an engine and images: what it
/// would start is run by `cluster.rs`.
#[test]
fn a_fresh_checkout_is_two_published_commands_away_from_being_started() {
    let Some(parser) = programs::compose_parser() else { return };
    let checkout = tempfile::tempdir().expect("a folder");
    let top = launch::build::workspace();
    programs::run(
        Command::new("cp")
            .arg("-R")
            .args(["docker-compose.yml", "deploy"].map(|name| top.join(name)))
            .arg(checkout.path()),
    );
    let secrets = checkout.path().join("deploy/secrets");
    if secrets.exists() {
        std::fs::remove_dir_all(&secrets)
            .expect("the secrets of this machine's own stack were copied");
    }

    programs::run(Command::new("./deploy/make-secrets").current_dir(checkout.path()));
    // `docker compose config -q`, by whichever parser is here.
    let (program, first_words) = parser.split_first().expect("a program");
    programs::run(
        Command::new(program).args(first_words).args(["config", "-q"]).current_dir(checkout.path()),
    );

    let parsed = compose::parse(&parser, &checkout.path().join("docker-compose.yml"));
    let parsed: Value = serde_json::from_slice(&parsed.stdout).expect("the parser prints JSON");
    let owner = std::fs::metadata(secrets.join("worker.key")).expect("a key").uid();
    let user = parsed["services"]["worker"]["user"].as_str().expect("a user");
    assert!(
        user.starts_with(&format!("{owner}:")),
        "the worker runs as {user}, its key belongs to {owner}"
    );
}

#[test]
fn our_containers_are_given_every_setting_that_their_binaries_need_and_none_that_they_do_not_read()
{
    let Some(compose) = Compose::of_this_repository() else { return };

    for service in OURS {
        let given: BTreeSet<String> = compose.environment(service).into_keys().collect();
        let complaints = complaints(&given, &settings_in_help(service), &settings_missed(service));

        assert_eq!(complaints, Vec::<String>::new(), "{service}");
    }
}

#[test]
fn a_misspelt_setting_and_a_forgotten_one_are_both_noticed() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let given = set(&["ORDER_LISTENN", "ORDER_DATABASE_URL", "PGPASSFILE"]);

    let complaints =
        complaints(&given, &set(&["ORDER_LISTEN", "ORDER_DATABASE_URL"]), &set(&["ORDER_LISTEN"]));

    assert_eq!(
        complaints,
        ["ORDER_LISTEN is needed but not given", "ORDER_LISTENN is given but nobody reads it"]
    );
}

#[test]
fn no_container_runs_as_root_writes_to_its_root_or_keeps_a_capability() {
    let Some(compose) = Compose::of_this_repository() else { return };

    for (name, service) in compose.services() {
        let user = service["user"].as_str().unwrap_or("0:0");
        assert!(!user.starts_with("0:") && !user.ends_with(":0"), "{name} runs as {user}");
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(service["cap_drop"], serde_json::json!(["ALL"]), "{name}");
        assert_eq!(service["cap_add"], Value::Null, "{name}");
        assert_eq!(service["privileged"], Value::Null, "{name}");
        assert_eq!(
            service["security_opt"],
            serde_json::json!(["no-new-privileges:true"]),
            "{name}"
        );
    }
}

#[test]
fn nothing_is_published_beyond_this_machine() {
    let Some(compose) = Compose::of_this_repository() else { return };

    for (name, service) in compose.services() {
        assert_ne!(service["network_mode"], "host", "{name}");
        for port in service["ports"].as_array().into_iter().flatten() {
            assert_eq!(port["host_ip"], "127.0.0.1", "{name} publishes {port}");
        }
    }
}

#[test]
fn secrets_are_files_that_make_secrets_makes_for_their_owner_alone() {
    let Some(compose) = Compose::of_this_repository() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let made = folder.path().join("secrets");
    let make_secrets = || {
        Command::new(launch::build::workspace().join("deploy/make-secrets"))
            .arg(&made)
            .output()
            .expect("it runs")
    };

    let first = make_secrets();
    let worker_key = std::fs::read(made.join("worker.key")).expect("a key");
    let second = make_secrets();

    assert!(first.status.success() && !second.status.success(), "made once, never overwritten");
    assert_eq!(std::fs::read(made.join("worker.key")).expect("a key"), worker_key);
    for (name, secret) in compose.parsed()["secrets"].as_object().expect("secrets") {
        let file = Path::new(secret["file"].as_str().expect("a file")).file_name().expect("a name");
        let mode = std::fs::metadata(made.join(file))
            .unwrap_or_else(|e| panic!("{name}: {e}"))
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    for (service, _) in compose.services() {
        for (name, value) in compose.environment(service) {
            let is_secret = ["PASSWORD", "PWD", "KEY", "SECRET", "TOKEN"]
                .iter()
                .any(|word| name.contains(word));
            assert!(
                !is_secret || value.starts_with("/run/secrets/"),
                "{service}: {name} is not a file"
            );
            assert!(!has_password(&value), "{service}: {name} holds a password");
        }
    }
}

#[test]
fn whoever_stays_up_is_watched_and_whoever_waits_waits_for_the_right_thing() {
    let Some(compose) = Compose::of_this_repository() else { return };

    for (name, service) in compose.services() {
        let is_job = JOBS.contains(&name);
        assert_eq!(service["healthcheck"]["test"].is_null(), is_job, "the health check of {name}");
        for (needed, how) in service["depends_on"].as_object().into_iter().flatten() {
            let right = if JOBS.contains(&needed.as_str()) {
                "service_completed_successfully"
            } else {
                "service_healthy"
            };
            assert_eq!(how["condition"], right, "{name} waits for {needed}");
        }
    }
}

#[test]
fn the_engine_waits_longer_for_our_processes_than_they_take_to_stop() {
    let Some(compose) = Compose::of_this_repository() else { return };

    for name in OURS {
        let ours: u64 =
            compose.environment(name)["SHUTDOWN_GRACE_MS"].parse().expect("milliseconds");
        let engine =
            duration(compose.service(name)["stop_grace_period"].as_str().expect("a grace"));
        assert!(
            engine >= Duration::from_millis(ours) + Duration::from_secs(5),
            "{name}: {engine:?} against {ours} ms"
        );
    }
}

#[test]
fn what_is_mounted_and_what_is_started_exists() {
    let Some(compose) = Compose::of_this_repository() else { return };
    let dockerfile = std::fs::read_to_string(launch::build::workspace().join("Dockerfile"))
        .expect("a Dockerfile");

    for (name, service) in compose.services() {
        for volume in service["volumes"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|volume| volume["type"] == "bind")
        {
            let source = Path::new(volume["source"].as_str().expect("a source"));
            assert!(source.exists(), "{name} mounts {}, which is not there", source.display());
            assert_eq!(volume["read_only"], true, "{name} could write to {}", source.display());
        }
    }
    for name in OURS {
        assert_eq!(compose.service(name)["command"], serde_json::json!([name]));
        assert!(dockerfile.contains(&format!("target/release/{name} ")), "the image has no {name}");
    }
}

#[test]
fn the_images_have_the_versions_that_the_tests_run() {
    let Some(compose) = Compose::of_this_repository() else { return };
    let pinned = |tool: &str, module: &str| {
        let pins = std::fs::read_to_string(
            launch::build::workspace().join("tools").join(tool).join("go.mod"),
        )
        .expect("go.mod");
        let version = pins
            .lines()
            .find_map(|line| line.trim().strip_prefix(module)?.split_whitespace().next());
        version
            .unwrap_or_else(|| panic!("{tool} pins no {module}"))
            .trim_start_matches('v')
            .to_owned()
    };
    let image =
        |service: &str| compose.service(service)["image"].as_str().expect("an image").to_owned();

    let server = pinned("cluster", "go.temporal.io/server ");
    assert_eq!(image("temporal"), format!("temporalio/server:{server}"));
    assert_eq!(image("temporal-schema"), format!("temporalio/admin-tools:{server}"));
    assert_eq!(image("temporal-namespace"), format!("temporalio/admin-tools:{server}"));
    let ui = pinned("temporal-ui", "github.com/temporalio/ui-server/v2 ");
    assert_eq!(image("temporal-ui"), format!("temporalio/ui:{ui}"));
    assert_eq!(image("postgres"), "postgres:16");
}

#[test]
fn temporals_dynamic_configuration_has_no_key_that_the_server_does_not_know() {
    let Some(cluster) = programs::cluster() else { return };
    let validate = |file: &Path| {
        let output = Command::new(&cluster.server)
            .arg("validate-dynamic-config")
            .arg(file)
            .output()
            .expect("it runs");
        format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    };
    let folder = tempfile::tempdir().expect("a folder");
    let misspelt = folder.path().join("dynamic.yaml");
    std::fs::write(&misspelt, "frontend.namespaceRPS.visibilty:\n  - value: 50\n")
        .expect("written");

    let ours = validate(&launch::build::workspace().join("deploy/temporal/dynamic.yaml"));
    let theirs = validate(&misspelt);

    assert!(
        !ours.to_lowercase().contains("warning") && !ours.to_lowercase().contains("error"),
        "{ours}"
    );
    assert!(theirs.to_lowercase().contains("warning"), "a misspelt key was not noticed: {theirs}");
}

#[tokio::test]
async fn no_services_role_can_reach_anothers_database() {
    use sqlx::Connection;
    let Some(programs) = programs::postgres() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let secrets = folder.path().join("secrets");
    programs::run(
        Command::new(launch::build::workspace().join("deploy/make-secrets")).arg(&secrets),
    );
    let postgres = Postgres::start(programs);
    postgres
        .run_script(&launch::build::workspace().join("deploy/postgres/databases.sql"), &secrets);
    let password = |file: &str| {
        let line = std::fs::read_to_string(secrets.join(file)).expect("a password");
        line.trim().rsplit(':').next().expect("a password").to_owned()
    };
    let roles = [
        ("order_api", password("order-db.pgpass"), vec!["orders"]),
        ("voucher_api", password("voucher-db.pgpass"), vec!["vouchers"]),
        ("risk_api", password("risk-db.pgpass"), vec!["risk"]),
        ("desk_api", password("desk-db.pgpass"), vec!["desk"]),
        ("temporal", password("temporal-db.password"), vec!["temporal", "temporal_visibility"]),
    ];

    for (role, password, own) in &roles {
        for database in ["orders", "vouchers", "risk", "desk", "temporal", "temporal_visibility"] {
            let url =
                format!("postgres://{role}:{password}@127.0.0.1:{}/{database}", postgres.port());
            let connected = sqlx::PgConnection::connect(&url).await;
            assert_eq!(
                connected.is_ok(),
                own.contains(&database),
                "{role} and the database {database}"
            );
        }
    }
}

/// What is wrong with the settings that a container is given; nothing, if all is well.
fn complaints(
    given: &BTreeSet<String>,
    read: &BTreeSet<String>,
    needed: &BTreeSet<String>,
) -> Vec<String> {
    let forgotten = needed.difference(given).map(|name| format!("{name} is needed but not given"));
    let is_read =
        |name: &&String| read.contains(*name) || READ_BY_LIBRARIES.contains(&name.as_str());
    let unread = given
        .iter()
        .filter(|name| !is_read(name))
        .map(|name| format!("{name} is given but nobody reads it"));
    forgotten.chain(unread).collect()
}

/// The settings that a binary names in its help: `[env: ORDER_LISTEN=]`.
fn settings_in_help(name: &str) -> BTreeSet<String> {
    let help = programs::run(Command::new(binary(name)).arg("--help").env_clear());
    let names = help.split("[env: ").skip(1).filter_map(|rest| rest.split(['=', ']']).next());
    names.map(str::to_owned).collect()
}

/// The settings that a binary misses when it is given none: its refusal names them as `<ORDER_LISTEN>`.
fn settings_missed(name: &str) -> BTreeSet<String> {
    let output = Command::new(binary(name)).env_clear().output().expect("our binary runs");
    let refusal = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{name} starts without any setting");
    let missing = refusal.split("Usage:").next().unwrap_or_default();
    let names: BTreeSet<String> = missing
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
        .map(str::to_owned)
        .collect();
    assert!(!names.is_empty(), "{name} does not say what it misses: {refusal}");
    names
}

fn binary(name: &str) -> std::path::PathBuf {
    let binaries = launch::build::binaries().expect("the binaries build");
    binaries.named(name).expect("a program of ours").to_owned()
}

fn has_password(value: &str) -> bool {
    url::Url::parse(value).is_ok_and(|url| url.password().is_some())
}

/// Reads what the parser prints: `40s`, `1m0s`.
fn duration(text: &str) -> Duration {
    let (minutes, rest) = text.split_once('m').unwrap_or(("0", text));
    let seconds = rest.trim_end_matches('s');
    let number =
        |text: &str| if text.is_empty() { 0 } else { text.parse::<u64>().expect("a number") };
    Duration::from_secs(number(minutes) * 60 + number(seconds))
}

#[test]
fn the_namespace_is_made_with_every_search_attribute_of_the_processes() {
    let script = launch::build::workspace().join("deploy/temporal/make-namespace");
    let script = std::fs::read_to_string(script).expect("the script");
    let line = script.lines().find(|line| line.starts_with("for attribute in ")).expect("a loop");
    let made: std::collections::BTreeSet<&str> =
        line.trim_start_matches("for attribute in ").trim_end_matches("; do").split(' ').collect();

    let known = workflows::search_attributes::ALL.iter().map(|key| key.name()).collect();

    assert_eq!(made, known);
}
