//! risk-api as a process: its settings, its end, its death.

use crate::support::{SERVICE, answer, euro, secret_of, terms};
use contracts::OrderId;
use reqwest::Method;
use risk_api::{BACK_OFFICE, SHOP, WORKER};
use serde_json::json;
use service_tests::{Program, databases};

static PROGRAM: Program =
    Program { path: env!("CARGO_BIN_EXE_risk-api"), family: "RISK", service: &SERVICE };

#[tokio::test]
async fn it_refuses_to_start_without_its_settings_and_names_them() {
    PROGRAM.names_the_settings_that_it_misses().await;
}

#[tokio::test]
async fn it_ends_when_its_launchers_pipe_closes_and_when_it_is_asked_to() {
    PROGRAM.ends_with_its_launcher_and_when_it_is_asked_to().await;
}

#[tokio::test]
async fn what_was_answered_is_there_after_kill_9() {
    databases::on_every_database(async |url: String| {
        let process = PROGRAM.start(&url).await;
        let opening = process.request(Method::PUT, "/accounts/cus_ada");
        let opening = opening.bearer_auth(secret_of(BACK_OFFICE)).json(&terms(100_00, 10, 0));
        assert_eq!(answer(opening).await.status, 201);
        let path = format!("/reservations/{}", OrderId::make());
        let asked = json!({"customer_id": "cus_ada", "amount": euro(30_00)});
        let reserving = process.request(Method::PUT, &path);
        let reserved = answer(reserving.bearer_auth(secret_of(WORKER)).json(&asked)).await;
        assert_eq!(reserved.status, 201);

        process.kill9().await;
        let process = PROGRAM.start(&url).await;

        let showing = process.request(Method::GET, "/accounts/cus_ada");
        let shown = answer(showing.bearer_auth(secret_of(SHOP))).await;
        assert_eq!(shown.body["available"], euro(70_00));
    })
    .await;
}
