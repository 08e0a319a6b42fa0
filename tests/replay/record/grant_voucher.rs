//! The endings of the voucher process.

use crate::Recorder;
use contracts::OrderId;
use lacadon::system::Role;
use reqwest::Method;
use serde_json::json;
use tests::{Order, Outcome};

impl Recorder {
    pub(crate) async fn grant_voucher(&self) {
        self.completed().await;
        self.failed().await;
        self.interrupted().await;
    }

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
            self.start_by_hand(&workflow_id, &input).await;
            self.record_failure(scenario, kind, &workflow_id).await;
        }
        self.record_failure("contents_differ", "ContentsDiffer", &for_another.workflow_id()).await;

        let mismatched = format!("voucher-{}", OrderId::make());
        self.start_by_hand(&mismatched, &unsent.input()).await;
        self.record_failure("invalid_input_id_mismatch", "InvalidInput", &mismatched).await;
    }

    async fn interrupted(&self) {
        let voucher_api = self.world.process("voucher-api");
        voucher_api.stop().await.expect("stopped");
        let waiting = self.sent_order(120_50).await;
        let cancelled = self.sent_order(120_50).await;
        let terminated = self.sent_order(120_50).await;
        for order in [&waiting, &cancelled, &terminated] {
            self.is_retried(&order.workflow_id()).await;
        }
        self.record("open_while_voucher_api_is_down", &waiting.workflow_id()).await;
        self.operator("cancel", &cancelled.workflow_id()).await;
        self.operator("terminate", &terminated.workflow_id()).await;
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
        self.start_by_hand(&order.workflow_id(), &order.input()).await;
        self.is_retried(&order.workflow_id()).await;
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
}
