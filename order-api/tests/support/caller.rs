//! What callers ask of order-api.

use super::{Answer, Caller, answer};
use reqwest::Method;
use serde_json::{Value, json};

impl Caller<'_> {
    pub(crate) async fn place(&self, key: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, "/orders").header("idempotency-key", key);
        answer(request.json(body)).await
    }

    pub(crate) async fn import(&self, body: &Value) -> Answer {
        self.post("/orders/import", body).await
    }

    pub(crate) async fn mark_sent(&self, id: &str) -> Answer {
        answer(self.request(Method::POST, &format!("/orders/{id}/mark-sent"))).await
    }

    pub(crate) async fn cancel(&self, id: &str) -> Answer {
        answer(self.request(Method::POST, &format!("/orders/{id}/cancel"))).await
    }

    /// The events that a worker of this name is handed for five seconds.
    pub(crate) async fn claim(&self, owner: &str) -> Vec<Value> {
        let asked = json!({
            "owner": owner, "types": ["order.sent"], "limit": 100, "lease_ms": 5_000, "wait_ms": 0,
        });
        let claimed = self.post("/outbox/claim", &asked).await;
        assert_eq!(claimed.status, 200, "{claimed:?}");
        claimed.list("events")
    }

    pub(crate) async fn ack(&self, what: &str, events: &[Value]) -> Answer {
        self.post("/outbox/ack", &json!({what: events})).await
    }

    pub(crate) async fn release(&self, event_id: &str) -> Answer {
        answer(self.request(Method::POST, &format!("/outbox/events/{event_id}/release"))).await
    }
}
