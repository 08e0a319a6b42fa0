//! A running voucher-api on a fresh database, and callers that speak to it.

mod caller;

pub(crate) use service_tests::{Answer, answer, secret_of};

use contracts::OrderId;
use serde_json::{Value, json};
use service_tests::Service;
use voucher_api::{ACCESS, AUDITOR, Api, BACK_OFFICE, MIGRATIONS, ROLES, SHOP, WORKER};

pub(crate) static SERVICE: Service = Service {
    migrations: &MIGRATIONS,
    access: ACCESS,
    roles: &ROLES,
    app: |database, keys| voucher_api::app(Api::new(database), keys),
};

service_tests::world!(SERVICE {
    back_office: BACK_OFFICE,
    shop: SHOP,
    worker: WORKER,
    auditor: AUDITOR
});

impl World {
    /// A new voucher of a new order of this customer, as the shop sees it.
    pub(crate) async fn issued_to(&self, customer_id: &str) -> Answer {
        let asked = issue(OrderId::make(), customer_id);
        let issued = self.worker().post("/vouchers", &asked).await;
        assert_eq!(issued.status, 201, "{issued:?}");
        self.shop().get(&format!("/vouchers/{}", issued.text("id"))).await
    }
}

/// What the worker asks for: 5.00 EUR for this order.
pub(crate) fn issue(order_id: OrderId, customer_id: &str) -> Value {
    json!({
        "order_id": order_id,
        "customer_id": customer_id,
        "rule": "sent-order-over-100-eur",
        "rule_version": 1,
        "value": {"amount": 5_00, "currency": "EUR"},
    })
}
