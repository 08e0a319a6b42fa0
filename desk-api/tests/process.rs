//! desk-api as a process: its settings, its end, its death, and what it measures.

use crate::support::{SERVICE, UNDO, answer, secret_of};
use desk_api::{AUDITOR, BACK_OFFICE, WORKER};
use reqwest::Method;
use serde_json::{Value, json};
use service_tests::{Process, Program, databases};

static PROGRAM: Program =
    Program { path: env!("CARGO_BIN_EXE_desk-api"), family: "DESK", service: &SERVICE };

#[tokio::test]
async fn it_refuses_to_start_without_its_settings_and_names_them() {
    PROGRAM.names_the_settings_that_it_misses().await;
}

#[tokio::test]
async fn it_ends_when_its_launchers_pipe_closes_and_when_it_is_asked_to() {
    PROGRAM.ends_with_its_launcher_and_when_it_is_asked_to().await;
}

async fn report(process: &Process) {
    let asked = process.request(Method::PUT, &format!("/cases/{UNDO}"));
    let asked = asked.bearer_auth(secret_of(WORKER)).json(&json!({"summary": "it fails"}));
    assert_eq!(answer(asked).await.status, 201);
}

async fn decide(process: &Process) {
    let asked = process.request(Method::POST, &format!("/cases/{UNDO}/decide"));
    let skip = json!({"decision": "skip", "because": "wound up"});
    assert_eq!(answer(asked.bearer_auth(secret_of(BACK_OFFICE)).json(&skip)).await.status, 200);
}

async fn open_undos(process: &Process) -> String {
    let Value::String(metrics) = answer(process.request(Method::GET, "/metrics")).await.body else {
        panic!("metrics are text")
    };
    let series = "desk_cases_open{kind=\"undo_keeps_failing\"} ";
    let line = metrics.lines().find_map(|line| line.strip_prefix(series));
    line.unwrap_or_else(|| panic!("no {series} in {metrics}")).to_owned()
}

#[tokio::test]
async fn what_was_answered_is_there_after_kill_9_and_what_is_open_is_measured() {
    databases::on_every_database(async |url: String| {
        let process = PROGRAM.start(&url).await;
        assert_eq!(open_undos(&process).await, "0");
        report(&process).await;
        assert_eq!(open_undos(&process).await, "1");
        decide(&process).await;

        process.kill9().await;
        let process = PROGRAM.start(&url).await;

        let showing = process.request(Method::GET, &format!("/cases/{UNDO}"));
        let shown = answer(showing.bearer_auth(secret_of(AUDITOR))).await;
        assert_eq!(shown.body["decisions"][0]["because"], "wound up");
        assert_eq!(open_undos(&process).await, "0");
    })
    .await;
}
