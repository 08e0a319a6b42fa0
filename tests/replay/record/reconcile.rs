//! The endings of a look at the books.

use crate::Recorder;
use contracts::OrderId;
use serde_json::{Value, json};
use tests::{Ending, eventually};

impl Recorder {
    pub(crate) async fn reconcile(&self) {
        self.looks_until("clean", &patient_for_a_second(), |outcome| outcome["outcome"] == "clean")
            .await;
        self.start_by_hand("reconcile-nonsense", "7").await;
        self.record_failure("invalid_input_json", "InvalidInput", "reconcile-nonsense").await;

        self.violators().await;
        self.unreadable().await;
    }

    async fn violators(&self) {
        let world = &self.world;
        world.process("voucher-api").stop().await.expect("stopped");
        let order = world.place_order().costing_minor(120_50).await;
        world.mark_sent(&order).await;
        world.loses_the_process_of(&order).await;
        world.bring_up("voucher-api").await;
        let dry_run = json!({ "patience_s": 1, "is_dry_run": true });
        let has =
            |remedy: &'static str| move |outcome: &Value| outcome["tally"][0]["remedy"] == remedy;
        self.looks_until("dry_run", &dry_run, has("named")).await;
        let second = patient_for_a_second();
        self.looks_until("violators_started_again", &second, has("redriven")).await;
        world.earns_exactly_one_voucher(&order).await;

        world.gives_voucher(OrderId::make(), "cus_eve").await;
        self.looks_until("violators_told_to_a_person", &second, has("reported")).await;
    }

    async fn unreadable(&self) {
        let voucher_api = self.world.process("voucher-api");
        voucher_api.stop().await.expect("stopped");
        let is_incomplete = |outcome: &Value| outcome["outcome"] == "incomplete";
        self.looks_until("incomplete", &patient_for_a_second(), is_incomplete).await;
        voucher_api.start().await.expect("started");

        let order_api = self.world.process("order-api");
        order_api.stop().await.expect("stopped");
        for (scenario, verb) in [("cancelled", "cancel"), ("terminated", "terminate")] {
            let id = format!("reconcile-{scenario}");
            self.start_by_hand(&id, "{}").await;
            self.is_retried(&id).await;
            if verb == "cancel" {
                self.record("open_while_order_api_is_down", &id).await;
            }
            self.operator(verb, &id).await;
            self.world.ending_of(&id).await;
            self.record(scenario, &id).await;
        }
        order_api.start().await.expect("started");
    }

    /// Looks until the outcome is the one that is wanted, and records that run.
    async fn looks_until(&self, scenario: &str, input: &Value, is_it: impl Fn(&Value) -> bool) {
        let id = eventually(scenario, || async {
            let id = format!("reconcile-{scenario}-{}", OrderId::make());
            self.start_by_hand(&id, &input.to_string()).await;
            let ending = self.world.ending_of(&id).await;
            matches!(&ending, Ending::Completed(outcome) if is_it(outcome)).then_some(id)
        })
        .await;
        self.record(scenario, &id).await;
    }
}

fn patient_for_a_second() -> Value {
    json!({ "patience_s": 1 })
}
