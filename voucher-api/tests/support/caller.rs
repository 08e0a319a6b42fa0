//! What callers ask of voucher-api.

use super::{Answer, Caller};
use contracts::OrderId;
use serde_json::json;

impl Caller<'_> {
    pub(crate) async fn redeem(&self, code: &str, customer_id: &str, order_id: OrderId) -> Answer {
        let asked = json!({"order_id": order_id, "customer_id": customer_id});
        self.post(&format!("/vouchers/{code}/redeem"), &asked).await
    }
}
