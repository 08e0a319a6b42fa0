//! Records one history per ending of the voucher process into this folder, from a system of its own:
//! `cargo run --package tests --example record_histories`.
//!
//! To be run when the process changes what it does. Then keep the old files as long as such runs may live, and write
//! the new ones as the next version: give it as the only argument (`v2`; `v1` without one). What is there already is
//! written over.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program for the developer, who reads what it says"
)]

use contracts::OrderId;
use lacadon::system::Role;
use reqwest::Method;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tests::{Order, Outcome, World, eventually};

/// Who the recorded runs were started and stopped by: not the developer and their machine.
const OPERATOR: &str = "temporal-cli:operator@shop.example";

#[tokio::main]
async fn main() {
    let recorder = Recorder {
        world: World::start().await,
        version: std::env::args().nth(1).unwrap_or("v1".to_owned()),
    };
    recorder.completed().await;
    recorder.failed().await;
    recorder.interrupted().await;
    recorder.world.system.stop().await.expect("stopped");
}

struct Recorder {
    world: World,
    version: String,
}

impl Recorder {
    async fn completed(&self) {
        let order = self.sent_order(120_50).await;
        self.world.earns_exactly_one_voucher(&order).await;
        self.record("granted", &order.workflow_id()).await;

        let order = self.sent_order(100_00).await;
        assert_eq!(self.world.outcome_of(&order).await, Outcome::NotQualified);
        self.record("not_qualified", &order.workflow_id()).await;
    }

    async fn failed(&self) {
        let unsent = self.world.place_order().await;
        let unknown = OrderId::make();
        let other = OrderId::make();
        let for_another = self.world.place_order().await;
        self.give_voucher_to(&for_another, "cus_somebody_else").await;
        self.world.mark_sent(&for_another).await;
        for (scenario, kind, order_id, input) in [
            ("order_not_sent", "OrderNotSent", unsent.id, unsent.input()),
            ("order_unknown", "OrderUnknown", unknown, json!({ "order_id": unknown }).to_string()),
            ("invalid_input_json", "InvalidInput", other, "\"not an object\"".to_owned()),
        ] {
            let workflow_id = format!("voucher-{order_id}");
            self.world.temporal.start(&workflow_id, &input).await;
            self.record_failure(scenario, kind, &workflow_id).await;
        }
        self.record_failure("contents_differ", "ContentsDiffer", &for_another.workflow_id()).await;

        let mismatched = format!("voucher-{}", OrderId::make());
        self.world.temporal.start(&mismatched, &unsent.input()).await;
        self.record_failure("invalid_input_id_mismatch", "InvalidInput", &mismatched).await;
    }

    async fn interrupted(&self) {
        let voucher_api = self.world.process("voucher-api");
        voucher_api.stop().await.expect("stopped");
        let waiting = self.sent_order(120_50).await;
        let cancelled = self.sent_order(120_50).await;
        let terminated = self.sent_order(120_50).await;
        for order in [&waiting, &cancelled, &terminated] {
            self.is_retried(order).await;
        }
        self.record("open_while_voucher_api_is_down", &waiting.workflow_id()).await;
        self.operator("cancel", &cancelled).await;
        self.operator("terminate", &terminated).await;
        self.record("terminated", &terminated.workflow_id()).await;
        voucher_api.start().await.expect("started");
        for order in [&waiting, &cancelled] {
            self.world.outcome_of(order).await;
            self.world.earns_exactly_one_voucher(order).await;
        }
        self.record("granted_after_voucher_api_was_down", &waiting.workflow_id()).await;
        self.record("granted_although_cancel_was_requested", &cancelled.workflow_id()).await;

        let order = self.world.place_order().await;
        self.world.process("order-api").stop().await.expect("stopped");
        self.world.temporal.start(&order.workflow_id(), &order.input()).await;
        self.is_retried(&order).await;
        self.world.process("order-api").start().await.expect("started");
        self.record_failure(
            "order_not_sent_after_order_api_was_down",
            "OrderNotSent",
            &order.workflow_id(),
        )
        .await;
    }

    async fn sent_order(&self, amount_minor: i64) -> Order {
        let order = self.world.place_order().costing_minor(amount_minor).await;
        self.world.mark_sent(&order).await;
        order
    }

    async fn give_voucher_to(&self, order: &Order, customer_id: &str) {
        let url = format!("{}/vouchers", self.world.system.voucher_api_url());
        let voucher = json!({
            "order_id": order.id, "customer_id": customer_id, "rule": contracts::vouchers::SENT_ORDER_RULE,
            "rule_version": 1, "value": {"amount": 5_00, "currency": "EUR"},
        });
        let (status, body) =
            self.world.call(Method::POST, &url, Role::Worker, Some(&voucher)).await;
        assert!(status.is_success(), "{body}");
    }

    /// Waits until the run has a normal activity that is retried.
    async fn is_retried(&self, order: &Order) {
        eventually("an activity is retried", || async {
            let described = self.world.temporal.describe(&order.workflow_id()).await?;
            described.pointer("/pendingActivities/0/lastFailure").map(drop)
        })
        .await;
    }

    async fn operator(&self, verb: &str, order: &Order) {
        let words = ["workflow", verb, "--workflow-id", &order.workflow_id()];
        assert!(self.world.temporal.run(&words).await.status.success(), "{words:?}");
    }

    async fn record_failure(&self, scenario: &str, kind: &str, workflow_id: &str) {
        assert_eq!(
            Outcome::from(self.world.ending_of(workflow_id).await),
            Outcome::Failed(kind.to_owned())
        );
        self.record(scenario, workflow_id).await;
    }

    async fn record(&self, scenario: &str, workflow_id: &str) {
        let mut history =
            self.world.temporal.json(&["workflow", "show", "--workflow-id", workflow_id]).await;
        hide_the_developer(&mut history);
        let path = folder().join(format!("{scenario}.{}.json", self.version));
        let text = serde_json::to_string_pretty(&history).expect("JSON") + "\n";
        std::fs::write(&path, text).expect("written");
        println!("recorded {}", path.display());
    }
}

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("replay/GrantVoucher");
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// The command names the machine and its user in what it sends.
fn hide_the_developer(history: &mut Value) {
    match history {
        Value::String(text) if text.starts_with("temporal-cli:") => OPERATOR.clone_into(text),
        Value::Array(values) => values.iter_mut().for_each(hide_the_developer),
        Value::Object(fields) => fields.values_mut().for_each(hide_the_developer),
        _ => {}
    }
}
