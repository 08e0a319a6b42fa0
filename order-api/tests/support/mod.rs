//! A running order-api on a fresh database, and callers that speak to it.

mod caller;
mod rows;

pub(crate) use service_tests::{Answer, PATIENCE, answer, secret_of};

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

impl World {
    /// The process ends.
    pub(crate) async fn stop(self) {
        self.0.stop().await;
    }

    /// The database goes away under the running process.
    pub(crate) async fn close_database(&self) {
        self.database.close().await;
    }

    /// The id of a new order of the shop that costs so many euro cents.
    pub(crate) async fn placed(&self, key: &str, cents: i64) -> String {
        let placed = self.shop().place(key, &cart(cents)).await;
        assert_eq!(placed.status, 201, "{placed:?}");
        placed.id()
    }

    /// The id of a new order of the shop that is marked sent.
    pub(crate) async fn sent(&self, key: &str, cents: i64) -> String {
        let id = self.placed(key, cents).await;
        let sent = self.back_office().mark_sent(&id).await;
        assert_eq!(sent.status, 200, "{sent:?}");
        id
    }
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
