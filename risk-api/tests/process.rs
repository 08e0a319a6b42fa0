//! risk-api as a process: its settings, its end, its death.

use crate::support::{SERVICE, answer, euro, secret_of, terms};
use contracts::OrderId;
use risk_api::{BACK_OFFICE, SHOP, WORKER};
use serde_json::json;
use service_tests::databases;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long a test waits for what must come at once, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process that is killed with the test, and where it listens.
struct Process {
    child: Child,
    address: String,
    _keys: TempDir,
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_risk-api"));
    command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.kill_on_drop(true);
    command
}

impl Process {
    /// Starts it on this database and waits until it says where it listens.
    async fn start(url: &str) -> Self {
        let keys = tempfile::tempdir().expect("a folder");
        let keys_file = keys.path().join("keys");
        std::fs::write(&keys_file, SERVICE.keys_text()).expect("a keys file");
        let mut child = command()
            .env("RISK_DATABASE_URL", url)
            .env("RISK_LISTEN", "127.0.0.1:0")
            .env("RISK_KEYS_FILE", keys_file)
            .env("EXIT_WITH_STDIN", "1")
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let listening = async {
            loop {
                let line = lines.next_line().await.expect("a line").expect("it is alive");
                let line: serde_json::Value = serde_json::from_str(&line).expect("a line of JSON");
                if let Some(address) = line["address"].as_str() {
                    return address.to_owned();
                }
            }
        };
        let address = tokio::time::timeout(PATIENCE, listening).await.expect("it listens");
        // Nobody may fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { child, address, _keys: keys }
    }

    fn http(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        crate::support::install_tls();
        reqwest::Client::new().request(method, format!("http://{}{path}", self.address))
    }

    async fn ended(mut self) -> std::process::ExitStatus {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        ended.expect("it ends in time").expect("it ended")
    }
}

#[tokio::test]
async fn it_refuses_to_start_without_its_settings_and_names_them() {
    let output = command().output().await.expect("it ends");

    let said = String::from_utf8(output.stderr).expect("text");
    assert!(!output.status.success());
    for setting in ["RISK_DATABASE_URL", "RISK_LISTEN", "RISK_KEYS_FILE"] {
        assert!(said.contains(setting), "{setting} is not named in {said}");
    }
}

#[tokio::test]
async fn it_ends_when_its_launchers_pipe_closes_and_when_it_is_asked_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}/risk.sqlite", folder.path().display());

    let mut process = Process::start(&url).await;
    drop(process.child.stdin.take());
    assert!(process.ended().await.success());

    let process = Process::start(&url).await;
    let id = process.child.id().expect("it is alive").to_string();
    assert!(Command::new("kill").arg(&id).status().await.expect("kill").success());
    assert!(process.ended().await.success());
}

#[tokio::test]
async fn what_was_answered_is_there_after_kill_9() {
    databases::on_every_database(async |url: String| {
        let mut process = Process::start(&url).await;
        let opening = process.http(reqwest::Method::PUT, "/accounts/cus_ada");
        let opening = opening.bearer_auth(secret_of(BACK_OFFICE)).json(&terms(100_00, 10, 0));
        assert_eq!(answer(opening).await.status, 201);
        let path = format!("/reservations/{}", OrderId::make());
        let asked = json!({"customer_id": "cus_ada", "amount": euro(30_00)});
        let reserving = process.http(reqwest::Method::PUT, &path);
        let reserved = answer(reserving.bearer_auth(secret_of(WORKER)).json(&asked)).await;
        assert_eq!(reserved.status, 201);

        process.child.kill().await.expect("killed");
        let process = Process::start(&url).await;

        let showing = process.http(reqwest::Method::GET, "/accounts/cus_ada");
        let shown = answer(showing.bearer_auth(secret_of(SHOP))).await;
        assert_eq!(shown.body["available"], euro(70_00));
    })
    .await;
}
