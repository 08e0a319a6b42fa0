//! What goes wrong without a durable process: a program that calls one service, then the other, and remembers nothing.
//!
//! A demonstration and nothing else uses it. It is how such code is usually written, and every line of it is right by
//! itself. What is missing is somebody who still knows, when the program has ended in between, that credit must be given
//! back. A `catch` around the second call would not help: a program that is killed runs none, and the release that the
//! `catch` would ask for can fail as well.

use crate::api::Api;
use crate::system::{Role, System};
use anyhow::Context;
use contracts::OrderId;
use contracts::placement::OrderRequest;
use serde_json::json;
use workflows::place_order::contents_hash;

/// The program, with the keys that it calls the services with.
pub(super) struct NaiveProgram {
    risk_api: Api,
    order_api: Api,
}

impl NaiveProgram {
    pub(super) fn of(system: &System) -> anyhow::Result<Self> {
        let key = system.secret(Role::Worker)?;
        Ok(Self {
            risk_api: Api::new("risk-api", system.risk_api_url(), key.clone())?,
            order_api: Api::new("order-api", system.order_api_url(), key)?,
        })
    }

    /// Reserves credit, then makes the order. `meanwhile` is what happens in between.
    ///
    /// # Errors
    /// When a call is not answered. Then the program ends, with the credit reserved and nobody who knows of it.
    pub(super) async fn places(
        self,
        order_id: OrderId,
        request: &OrderRequest,
        meanwhile: impl Future<Output = anyhow::Result<()>>,
    ) -> anyhow::Result<()> {
        let OrderRequest { customer_id, lines } = request;
        let total = lines.first().context("an order without lines")?.unit_price;
        let credit = json!({"customer_id": customer_id, "amount": total});
        self.risk_api.put(&format!("/reservations/{order_id}"), &credit).await?;
        meanwhile.await?;
        let hash = contents_hash(request);
        let order = json!({"customer_id": customer_id, "lines": lines, "contents_hash": hash});
        self.order_api.put(&format!("/orders/{order_id}"), &order).await?;
        self.order_api.post_empty(&format!("/orders/{order_id}/approve")).await?;
        Ok(())
    }
}
