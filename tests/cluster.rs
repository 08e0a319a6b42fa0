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
use tests::{eventually, stays};

#[tokio::test]
async fn with_the_settings_of_the_compose_file_an_order_over_the_limit_earns_one_voucher_and_one_at_the_limit_none()
 {
    let Some(stack) = Stack::start().await else { return };
    let shop = Shop::of(&stack);

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
