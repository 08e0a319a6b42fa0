//! The endings of a placement.

use crate::Recorder;
use contracts::{Money, OrderId};
use lacadon::system::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::eventually;

impl Recorder {
    pub(crate) async fn place_order(&self) {
        let dollars = json!({
            "limit": {"amount": 500_00, "currency": "USD"}, "base_score": 30, "minimum_score": 0,
        });
        let low = json!({
            "limit": {"amount": 500_00, "currency": "EUR"}, "base_score": 1, "minimum_score": 1,
        });
        self.world.grant("cus_sam", &dollars).await;
        self.world.grant("cus_low", &low).await;
        self.world.customer_with_credit("cus_ada", 1_000_00).await;
        self.decided().await;
        self.failed_placements().await;
        self.risk_is_away().await;
        self.order_store_is_away().await;
    }

    async fn decided(&self) {
        for (scenario, customer, amount_minor) in [
            ("approved", "cus_ada", 120_50),
            ("insufficient_credit", "cus_ada", 1_000_01),
            ("risk_too_high", "cus_low", 1_00),
            ("unknown_customer", "cus_nobody", 1_00),
            ("currency_differs", "cus_sam", 1_00),
        ] {
            let told = self.world.customer(customer).places(scenario, amount_minor).await;
            let order_id = told.order_id();
            let outcome = self.world.placement_ends(order_id).await;
            assert_eq!(outcome, scenario);
            self.record(scenario, &placing(order_id)).await;
        }
        // Started by hand, and so without the waiting customer.
        let order_id = OrderId::make();
        let mixed = json!([line(1, "EUR"), line(1, "USD")]);
        self.start_by_hand(&placing(order_id), &input(order_id, mixed).to_string()).await;
        assert_eq!(self.world.placement_ends(order_id).await, "invalid_order");
        self.record("invalid_order", &placing(order_id)).await;

        let order_id = OrderId::make();
        let input = input(order_id, json!([line(1, "EUR")])).to_string();
        self.start_by_hand(&placing(order_id), &input).await;
        assert_eq!(self.world.placement_ends(order_id).await, "approved");
        let delete = ["workflow", "delete", "--workflow-id", &placing(order_id), "--yes"];
        self.world.temporal.succeed(&delete).await;
        eventually("the run is forgotten", || async {
            self.world.temporal.events(&placing(order_id)).await.is_empty().then_some(())
        })
        .await;
        self.start_by_hand(&placing(order_id), &input).await;
        assert_eq!(self.world.placement_ends(order_id).await, "approved");
        self.record("approved_by_an_earlier_run", &placing(order_id)).await;
    }

    async fn failed_placements(&self) {
        let order_id = OrderId::make();
        self.start_by_hand(&placing(order_id), "\"not an object\"").await;
        self.record_failure("invalid_input_json", "InvalidInput", &placing(order_id)).await;

        let another = placing(OrderId::make());
        let lines = json!([line(1, "EUR")]);
        self.start_by_hand(&another, &input(order_id, lines.clone()).to_string()).await;
        self.record_failure("invalid_input_id_mismatch", "InvalidInput", &another).await;

        let of_the_back_office = self.world.place_order().await.id;
        let by_hand = placing(of_the_back_office);
        self.start_by_hand(&by_hand, &input(of_the_back_office, lines).to_string()).await;
        self.record_failure("contents_differ", "ContentsDiffer", &by_hand).await;
    }

    async fn risk_is_away(&self) {
        let risk_api = self.world.process("risk-api");
        let ada = self.world.customer("cus_ada");
        risk_api.stop().await.expect("stopped");
        let waiting = ada.places("waiting", 1_00).await.order_id();
        self.is_retried(&placing(waiting)).await;
        self.record("open_while_risk_api_is_down", &placing(waiting)).await;
        let terminated = ada.places("terminated", 1_00).await.order_id();
        self.is_retried(&placing(terminated)).await;
        self.operator("terminate", &placing(terminated)).await;
        self.record("terminated", &placing(terminated)).await;
        assert_eq!(ada.insists_on("waiting", 1_00).await.status, StatusCode::CONFLICT);
        risk_api.start().await.expect("started");
        assert_eq!(self.world.placement_ends(waiting).await, "risk_unavailable");
        self.record("risk_unavailable", &placing(waiting)).await;

        for (scenario, by_signal) in
            [("cancelled_by_customer", true), ("cancelled_by_operator", false)]
        {
            risk_api.stop().await.expect("stopped");
            let order_id = ada.places(scenario, 1_00).await.order_id();
            self.is_retried(&placing(order_id)).await;
            if by_signal {
                assert_eq!(ada.calls_off(order_id).await.status, StatusCode::ACCEPTED);
            } else {
                self.operator("cancel", &placing(order_id)).await;
            }
            risk_api.start().await.expect("started");
            assert_eq!(self.world.placement_ends(order_id).await, scenario);
            self.record(scenario, &placing(order_id)).await;
        }

        risk_api.stop().await.expect("stopped");
        let order_id = ada.places("late", 1_00).await.order_id();
        self.is_retried(&placing(order_id)).await;
        risk_api.start().await.expect("started");
        assert_eq!(self.world.placement_ends(order_id).await, "approved");
        self.record("approved_after_risk_api_was_down", &placing(order_id)).await;
    }

    async fn order_store_is_away(&self) {
        // Behind the pivot: the order is approved, its reservation is lost, and it is called off.
        let order_id = OrderId::make();
        let input = input(order_id, json!([line(1, "EUR")]));
        self.create_and_approve(order_id, &input).await;
        self.start_by_hand(&placing(order_id), &input.to_string()).await;
        self.record_failure("reservation_unknown", "ReservationUnknown", &placing(order_id)).await;

        let order_api = self.world.process("order-api");
        order_api.stop().await.expect("stopped");
        let order_id = OrderId::make();
        let away = crate::place_order::input(order_id, json!([line(1, "EUR")])).to_string();
        self.start_by_hand(&placing(order_id), &away).await;
        eventually("order.discard is tried", || async {
            let run = self.world.temporal.describe(&placing(order_id)).await?;
            let pending =
                run.pointer("/pendingActivities/0/activityType/name")?.as_str()?.to_owned();
            (pending == "order.discard").then_some(())
        })
        .await;
        order_api.start().await.expect("started");
        assert_eq!(self.world.placement_ends(order_id).await, "order_store_failed");
        self.record("order_store_failed", &placing(order_id)).await;

        self.called_off_behind_the_pivot().await;
    }

    async fn called_off_behind_the_pivot(&self) {
        let between = tests::proxy::Proxy::start().await;
        between.forward_to(self.world.system.risk_api_url());
        let worker = self.world.process("worker");
        worker.stop().await.expect("stopped");
        worker.set_env("RISK_API_URL", between.address()).await.expect("set");
        self.world.bring_up("worker").await;
        let gate = between.hold_replies("/confirm");
        let ada = self.world.customer("cus_ada");
        let order_id = ada.places("called-off", 1_00).await.order_id();
        eventually("the order is approved", || async {
            (self.world.order(order_id).await?["status"] == "approved").then_some(())
        })
        .await;
        assert_eq!(ada.calls_off(order_id).await.status, StatusCode::ACCEPTED);
        gate.open();
        assert_eq!(self.world.placement_ends(order_id).await, "cancelled");
        self.record("cancelled_after_approval", &placing(order_id)).await;
    }

    /// What a placement leaves in order-api whose side of risk-api is lost.
    async fn create_and_approve(&self, order_id: OrderId, input: &Value) {
        let request: contracts::placement::OrderRequest =
            serde_json::from_value(input.clone()).expect("a request");
        let mut body = input.clone();
        body["contents_hash"] = json!(workflows::place_order::contents_hash(&request));
        let url = format!("{}/orders/{order_id}", self.world.system.order_api_url());
        let (status, said) = self.world.call(Method::PUT, &url, Role::Worker, Some(&body)).await;
        assert_eq!(status, StatusCode::CREATED, "{said}");
        let url = format!("{url}/approve");
        let (status, said) = self.world.call(Method::POST, &url, Role::Worker, None).await;
        assert_eq!(status, StatusCode::OK, "{said}");
    }
}

fn placing(order_id: OrderId) -> String {
    format!("place-{order_id}")
}

fn line(amount_minor: i64, currency: &str) -> Value {
    let price = Money::of_minor(amount_minor, currency.parse().expect("a currency"));
    json!({ "sku": "SQUEAKY-DUCK", "quantity": 1, "unit_price": price })
}

fn input(order_id: OrderId, lines: Value) -> Value {
    json!({ "order_id": order_id, "customer_id": "cus_ada", "lines": lines })
}
