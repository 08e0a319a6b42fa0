//! What callers ask of order-api.

use super::{Answer, Caller, answer, discard};
use reqwest::{Method, RequestBuilder};
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

    pub(crate) async fn create(&self, id: &str, body: &Value) -> Answer {
        self.put(&format!("/orders/{id}"), body).await
    }

    pub(crate) async fn approve(&self, id: &str) -> Answer {
        answer(self.approving(id)).await
    }

    pub(crate) fn approving(&self, id: &str) -> RequestBuilder {
        self.request(Method::POST, &format!("/orders/{id}/approve"))
    }

    /// Discards the order of [`creation`](super::creation) for this reason.
    pub(crate) async fn discard(&self, id: &str, reason: &str) -> Answer {
        answer(self.discarding(id, reason)).await
    }

    pub(crate) fn discarding(&self, id: &str, reason: &str) -> RequestBuilder {
        self.request(Method::POST, &format!("/orders/{id}/discard")).json(&discard(reason))
    }

    pub(crate) async fn give_notice(&self, id: &str, kind: &str) -> Answer {
        answer(self.request(Method::PUT, &format!("/orders/{id}/notices/{kind}"))).await
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

    pub(crate) async fn settle(&self, event_id: &str) -> Answer {
        answer(self.request(Method::POST, &format!("/outbox/events/{event_id}/settle"))).await
    }

    pub(crate) async fn release(&self, event_id: &str) -> Answer {
        answer(self.request(Method::POST, &format!("/outbox/events/{event_id}/release"))).await
    }
}
