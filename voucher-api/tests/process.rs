//! voucher-api as a process: its settings, its end, its death.

use crate::support::{SERVICE, answer, issue, secret_of};
use contracts::OrderId;
use reqwest::Method;
use service_tests::{Program, databases};
use voucher_api::{SHOP, WORKER};

static PROGRAM: Program =
    Program { path: env!("CARGO_BIN_EXE_voucher-api"), family: "VOUCHER", service: &SERVICE };

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
        let asked = issue(OrderId::make(), "cus_ada");
        let issuing = process.request(Method::POST, "/vouchers");
        let issued = answer(issuing.bearer_auth(secret_of(WORKER)).json(&asked)).await;
        assert_eq!(issued.status, 201);

        process.kill9().await;
        let process = PROGRAM.start(&url).await;

        let path = format!("/vouchers/{}", issued.text("id"));
        let showing = process.request(Method::GET, &path).bearer_auth(secret_of(SHOP));
        assert_eq!(answer(showing).await.text("customer_id"), "cus_ada");
    })
    .await;
}
