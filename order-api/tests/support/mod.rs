//! A running order-api on a fresh database, and callers that speak to it.

mod caller;
mod rows;

pub(crate) use service_tests::{Answer, PATIENCE, answer, secret_of};

use contracts::OrderId;
use order_api::access::{ACCESS, AUDITOR, BACK_OFFICE, ROLES, SHOP, WORKER};
use order_api::api::Api;
use serde_json::{Value, json};
use service_tests::Service;

pub(crate) static SERVICE: Service = Service {
    migrations: &order_api::MIGRATIONS,
    access: ACCESS,
    roles: &ROLES,
    app: |database, keys| order_api::app(Api::new(database), keys),
};

service_tests::world!(SERVICE {
    back_office: BACK_OFFICE,
    shop: SHOP,
    worker: WORKER,
    auditor: AUDITOR
});

/// The hash of what the worker asks for in these tests.
pub(crate) const HASH: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
/// The hash of another request.
pub(crate) const OTHER_HASH: &str =
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

impl World {
    /// The process ends.
    pub(crate) async fn stop(self) {
        self.0.stop().await;
    }

    /// The database goes away under the running process.
    pub(crate) async fn close_database(&self) {
        self.database.close().await;
    }

    /// The id of a new order of the back office that costs so many euro cents.
    pub(crate) async fn placed(&self, key: &str, cents: i64) -> String {
        let placed = self.back_office().place(key, &cart(cents)).await;
        assert_eq!(placed.status, 201, "{placed:?}");
        placed.id()
    }

    /// The id of a new order of the back office that is marked sent.
    pub(crate) async fn sent(&self, key: &str, cents: i64) -> String {
        let id = self.placed(key, cents).await;
        let sent = self.back_office().mark_sent(&id).await;
        assert_eq!(sent.status, 200, "{sent:?}");
        id
    }

    /// The id of a new order of the shop that costs so many euro cents and is not decided.
    pub(crate) async fn pending(&self, cents: i64) -> String {
        let id = new_id();
        let created = self.worker().create(&id, &creation(cents)).await;
        assert_eq!(created.status, 201, "{created:?}");
        id
    }

    /// The id of a new order of the shop that is kept as rejected.
    pub(crate) async fn rejected(&self, cents: i64) -> String {
        let id = self.pending(cents).await;
        let mut asked = discard("risk_too_high");
        asked["keep_rejected"] = json!(true);
        let discarded = self.worker().post(&format!("/orders/{id}/discard"), &asked).await;
        assert_eq!(discarded.status, 200, "{discarded:?}");
        id
    }

    /// The id of a new order of the shop that is approved.
    pub(crate) async fn approved(&self, cents: i64) -> String {
        let id = self.pending(cents).await;
        let approved = self.worker().approve(&id).await;
        assert_eq!(approved.status, 200, "{approved:?}");
        id
    }

    /// The id of a new event that was called poison until it was put into quarantine.
    pub(crate) async fn quarantined(&self) -> String {
        self.sent("a", 100_01).await;
        for _ in 0..5 {
            let claimed = self.worker().claim("worker-1").await.remove(0);
            let poison = json!({"event_id": claimed["event_id"], "lease_id": claimed["lease_id"], "reason": "bad"});
            self.worker().ack("poison", &[poison]).await;
            self.let_time_pass().await;
        }
        let listed = self.auditor().get("/outbox/events?state=quarantined").await.list("data");
        let id = |event: &Value| event["event_id"].as_str().map(str::to_owned);
        listed.first().and_then(id).expect("an event in quarantine")
    }
}

/// An order id as a caller would derive it.
pub(crate) fn new_id() -> String {
    OrderId::make().to_string()
}

/// What the worker writes down of a cart.
pub(crate) fn creation(cents: i64) -> Value {
    let mut body = cart(cents);
    body["contents_hash"] = json!(HASH);
    body
}

/// What the worker says to discard it.
pub(crate) fn discard(reason: &str) -> Value {
    json!({"customer_id": "cus_ada", "contents_hash": HASH, "reason": reason})
}

/// What a customer orders for so many euro cents.
pub(crate) fn cart(cents: i64) -> Value {
    json!({
        "customer_id": "cus_ada",
        "lines": [
            {"sku": "lamp-01", "quantity": 1, "unit_price": {"amount": cents, "currency": "EUR"}},
        ],
    })
}
