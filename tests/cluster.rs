//! The stack of `docker-compose.yml`, run whole: services and worker on PostgreSQL against a real Temporal server on
//! PostgreSQL, with the file's very settings.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, also in what it calls"
)]

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use tests::stack::Stack;
use tests::{Ending, eventually, stays};

#[tokio::test]
async fn with_the_settings_of_the_compose_file_both_rules_hold() {
    // One after the other: two clusters at once would want the same ports.
    let Some(stack) = Stack::start().await else { return };
    let shop = Shop::of(&stack);

    an_order_over_the_limit_earns_one_voucher_and_one_at_the_limit_none(&shop).await;
    an_order_and_its_credit_are_both_there_or_neither(&shop).await;
    the_books_are_looked_at_by_their_schedule_and_found_clean(&shop).await;
}

async fn an_order_over_the_limit_earns_one_voucher_and_one_at_the_limit_none(shop: &Shop<'_>) {
    let over = shop.place_and_send(100_01).await;
    let at = shop.place_and_send(100_00).await;

    eventually("the order over the limit has its voucher", async || {
        (shop.vouchers_of(&over).await == 1).then_some(())
    })
    .await;
    eventually("every event is settled", async || {
        (shop.unsettled_events().await == 0).then_some(())
    })
    .await;
    stays(Duration::from_secs(1), "one voucher and none", (1, 0), async || {
        (shop.vouchers_of(&over).await, shop.vouchers_of(&at).await)
    })
    .await;
    assert_eq!(
        shop.runs_with("VoucherOutcome = 'granted'").await,
        1,
        "runs that say they granted a voucher"
    );
    assert_eq!(
        shop.runs_with("VoucherOutcome = 'not_qualified'").await,
        1,
        "runs that say none was owed"
    );
    assert_eq!(
        shop.retention().await,
        "604800s",
        "closed runs are kept as long as the compose file says"
    );
}

async fn an_order_and_its_credit_are_both_there_or_neither(shop: &Shop<'_>) {
    shop.grant("cus_ada", 100_00).await;
    let before = shop.both_sides().await;

    let refused = shop.place_as_customer("cus_ada", "refused", 100_01).await;
    let runs = shop.runs_with("PlacementOutcome = 'insufficient_credit'").await;
    let after_the_refusal = shop.both_sides().await;
    let approved = shop.place_as_customer("cus_ada", "approved", 60_00).await;
    shop.runs_with("PlacementOutcome = 'approved'").await;

    assert_eq!((&refused["reason"], runs), (&json!("insufficient_credit"), 1));
    assert_eq!(after_the_refusal, before);
    let account = shop.account("cus_ada").await;
    assert_eq!(account["available"]["amount"], 40_00);
    assert_eq!(account["live_reservations"][0]["order_id"], approved["order_id"]);
    assert_eq!(account["live_reservations"][0]["state"], "confirmed");
}

async fn the_books_are_looked_at_by_their_schedule_and_found_clean(shop: &Shop<'_>) {
    let temporal = shop.temporal();
    temporal.succeed(&["schedule", "trigger", "--schedule-id", "reconcile-nightly"]).await;

    let done = "WorkflowType = 'Reconcile' and ExecutionStatus = 'Completed'";
    shop.runs_with(done).await;

    let runs = temporal.json(&["workflow", "list", "--query", done]).await;
    let workflow_id = runs[0]["execution"]["workflowId"].as_str().expect("a run");
    let Some(Ending::Completed(outcome)) = temporal.ending(workflow_id).await else {
        panic!("{workflow_id} has not completed");
    };
    assert_eq!(outcome["outcome"], "clean", "{outcome}");
}

/// What a person at the shop and an operator do through the published ports.
struct Shop<'a> {
    stack: &'a Stack,
    http: Client,
}

impl<'a> Shop<'a> {
    fn of(stack: &'a Stack) -> Self {
        Self { stack, http: tests::http_client() }
    }

    async fn place_and_send(&self, amount_minor: i64) -> String {
        let order = json!({
            "customer_id": "cus_ada",
            "lines": [{"sku": "SQUEAKY-DUCK", "quantity": 1, "unit_price": {"amount": amount_minor, "currency": "EUR"}}],
        });
        let request = self.http.post(format!("{}/orders", self.stack.url("order-api")));
        let placed = request.header("idempotency-key", amount_minor.to_string()).json(&order);
        let placed = self.answer(placed, StatusCode::CREATED).await;
        let id = placed["id"].as_str().expect("an id").to_owned();
        let sent = self.http.post(format!("{}/orders/{id}/mark-sent", self.stack.url("order-api")));
        self.answer(sent, StatusCode::OK).await;
        id
    }

    async fn grant(&self, customer_id: &str, limit_minor: i64) {
        let terms = json!({
            "limit": {"amount": limit_minor, "currency": "EUR"}, "base_score": 1000, "minimum_score": 0,
        });
        let url = format!("{}/accounts/{customer_id}", self.stack.url("risk-api"));
        self.answer(self.http.put(url).json(&terms), StatusCode::CREATED).await;
    }

    async fn account(&self, customer_id: &str) -> Value {
        let url = format!("{}/accounts/{customer_id}", self.stack.url("risk-api"));
        self.answer(self.http.get(url), StatusCode::OK).await
    }

    /// Both databases of a placement, without the tombstones.
    async fn both_sides(&self) -> Vec<String> {
        let orders = self.stack.dump("orders", &["tombstones"]).await;
        [orders, self.stack.dump("risk", &["tombstones"]).await].concat()
    }

    /// Places an order at the gateway, again and again with the same key until it is decided.
    async fn place_as_customer(&self, customer_id: &str, key: &str, amount_minor: i64) -> Value {
        let token = gateway::token::TokenKey::read(&self.stack.secret_file("customer-token"))
            .and_then(|token| token.issue(&customer_id.parse()?, Duration::from_secs(3600)))
            .expect("a token");
        let line = json!({
            "sku": "SQUEAKY-DUCK", "quantity": 1, "unit_price": {"amount": amount_minor, "currency": "EUR"},
        });
        let request = self.http.post(format!("{}/orders", self.stack.url("gateway")));
        let request = request.bearer_auth(token).header("idempotency-key", key);
        let request = request.json(&json!({ "lines": [line] }));
        eventually("the placement is decided", async || {
            let answer = request.try_clone()?.send().await.ok()?;
            let is_decided = [StatusCode::CREATED, StatusCode::CONFLICT].contains(&answer.status());
            if is_decided { answer.json().await.ok() } else { None }
        })
        .await
    }

    async fn vouchers_of(&self, order_id: &str) -> usize {
        let request = self
            .http
            .get(format!("{}/vouchers?order_id={order_id}", self.stack.url("voucher-api")));
        self.answer(request, StatusCode::OK).await["data"].as_array().expect("a list").len()
    }

    async fn unsettled_events(&self) -> usize {
        let mut unsettled = 0;
        for state in ["waiting", "leased", "postponed", "quarantined"] {
            let request = self
                .http
                .get(format!("{}/outbox/events?state={state}", self.stack.url("order-api")));
            unsettled += self.answer(request, StatusCode::OK).await["data"]
                .as_array()
                .expect("a list")
                .len();
        }
        unsettled
    }

    async fn answer(&self, request: reqwest::RequestBuilder, expected: StatusCode) -> Value {
        let response =
            request.bearer_auth(self.stack.secret("back-office")).send().await.expect("an answer");
        let status = response.status();
        let body = response.json().await.unwrap_or_default();
        assert_eq!(status, expected, "{body}");
        body
    }

    /// Visibility follows a run's end within a second or two.
    async fn runs_with(&self, query: &str) -> u64 {
        eventually(&format!("a run with {query}"), async || {
            let count = self.temporal().count(query).await;
            (count > 0).then_some(count)
        })
        .await
    }

    async fn retention(&self) -> String {
        let namespace = self.temporal().json(&["operator", "namespace", "describe"]).await;
        namespace["config"]["workflowExecutionRetentionTtl"]
            .as_str()
            .expect("a retention")
            .to_owned()
    }

    fn temporal(&self) -> tests::TemporalCli {
        tests::TemporalCli {
            path: launch::temporal::locate().expect("a temporal command").path,
            address: self.stack.cluster.address(),
            namespace: self.stack.setting("worker", "TEMPORAL_NAMESPACE"),
        }
    }
}
