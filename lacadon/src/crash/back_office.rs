//! The back office, as the crash lab plays it: it records orders, sends and cancels them, and repeats the same request with
//! the same key until it is answered, or gives up after two minutes.

use crate::api::{Api, CallError, text};
use crate::front_door::{Heard, insists};
use crate::system::{Role, System};
use anyhow::Context;
use contracts::{CustomerId, Money, OrderId};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Longer than any fault of a campaign and than any repair: whoever has no answer by then will not get one.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// order-api, called with the key of the back office.
pub(crate) struct BackOffice {
    pub(super) order_api: Api,
}

impl BackOffice {
    /// Calls order-api at `url`, which may be a proxy.
    pub(crate) fn at(system: &System, url: &str) -> anyhow::Result<Self> {
        let key = system.secret(Role::BackOffice)?;
        Ok(Self { order_api: Api::new("order-api", url, key)? })
    }

    /// Records an order of one line.
    pub(crate) async fn records(
        &self,
        key: &str,
        customer_id: &CustomerId,
        total: Money,
        heard: &watch::Sender<Heard>,
    ) -> anyhow::Result<OrderId> {
        let line = json!({"sku": "SQUEAKY-DUCK", "quantity": 1, "unit_price": total});
        let order = json!({"customer_id": customer_id, "lines": [line]});
        let record = || self.order_api.post_once("/orders", key, &order);
        id_of(&insists(record, Instant::now() + PATIENCE, heard).await?.body)
    }

    /// Tells order-api something that has no body.
    pub(crate) async fn tells(
        &self,
        path: &str,
        heard: &watch::Sender<Heard>,
    ) -> Result<(), CallError> {
        let tell = || self.order_api.post_empty(path);
        insists(tell, Instant::now() + PATIENCE, heard).await.map(drop)
    }
}

/// The id of an order that order-api answers with.
pub(super) fn id_of(order: &Value) -> anyhow::Result<OrderId> {
    text(order, "id").parse().context("order-api answers without an order id")
}
