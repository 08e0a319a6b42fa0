//! What order-api tells and does: orders, what became of placements, notices, and the key of the installation.

use super::{Away, NotListed, Services, away, call, find, get, list, read};
use crate::money_body::MoneyBody;
use axum::http::Method;
use contracts::orders::{ORDER_UNKNOWN, OrderStatus};
use contracts::placement::{ORDER_SENT_ALREADY, RejectReason};
use contracts::{CustomerId, OrderId, Reply};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An order of the caller.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Order)]
pub(crate) struct ShopOrder {
    /// Names the order for ever.
    #[schema(value_type = String, example = "ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01")]
    pub(crate) id: OrderId,
    /// Where it stands.
    #[schema(value_type = String, example = "approved")]
    pub(crate) status: OrderStatus,
    /// Who ordered.
    #[schema(value_type = String, example = "cus_ada")]
    pub(crate) customer_id: CustomerId,
    /// What was ordered; may be empty for an import.
    pub(crate) lines: Vec<ShopOrderLine>,
    /// What it costs.
    pub(crate) total: MoneyBody,
    /// When it was placed.
    #[schema(format = DateTime)]
    pub(crate) placed_at: String,
    /// When it was marked sent; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    pub(crate) sent_at: Option<String>,
    /// When it was cancelled; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    pub(crate) cancelled_at: Option<String>,
}

/// One line of an order.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = OrderLine)]
pub(crate) struct ShopOrderLine {
    /// The article's number; absent where an imported line has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "lamp-01")]
    pub(crate) sku: Option<String>,
    /// The article's name; only for imports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) name: Option<String>,
    /// How many pieces.
    pub(crate) quantity: i64,
    /// What one piece costs.
    pub(crate) unit_price: MoneyBody,
}

/// One page of a list.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Page<T> {
    pub(crate) data: Vec<T>,
    pub(crate) has_more: bool,
    #[serde(default)]
    pub(crate) next_cursor: Option<String>,
}

/// Which page of a list; `None` leaves it to the service.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// Only those that stand here; without it, those that are decided.
    pub(crate) status: Option<&'static str>,
    pub(crate) limit: Option<String>,
    pub(crate) starting_after: Option<String>,
}

/// What became of a placement, as order-api knows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct RecordedPlacement {
    pub(crate) customer_id: CustomerId,
    /// The hash of what was ordered.
    pub(crate) contents_hash: String,
    pub(crate) state: RecordedState,
    #[serde(default)]
    pub(crate) reason: Option<RejectReason>,
    #[serde(default)]
    pub(crate) status: Option<OrderStatus>,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RecordedState {
    Pending,
    Approved,
    Rejected,
}

/// Why order-api does not cancel an order, for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrderCancelRefusal {
    Unknown,
    Sent,
    Pending,
    Rejected,
}

/// A notice on the customer's page. Its kind is a text: order-api may know kinds of tomorrow.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Notice {
    pub(crate) kind: String,
    pub(crate) created_at: String,
}

/// The installation began with another derivation key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyDiffers;

impl Asked {
    /// The query that asks for this customer's page.
    pub(crate) fn query<'a>(&'a self, customer_id: &'a CustomerId) -> Vec<(&'a str, &'a str)> {
        let limit = self.limit.as_deref().map(|limit| ("limit", limit));
        let after = self.starting_after.as_deref().map(|after| ("starting_after", after));
        let status = self.status.map(|status| ("status", status));
        let customer_id = Some(("customer_id", customer_id.as_str()));
        [customer_id, status, limit, after].into_iter().flatten().collect()
    }
}

impl Services {
    /// A page of a customer's orders, oldest first; those that are not decided are listed only on request.
    pub(crate) async fn orders_of(
        &self,
        customer_id: &CustomerId,
        asked: &Asked,
    ) -> Result<Page<ShopOrder>, NotListed> {
        let query = asked.query(customer_id);
        let mut page: Page<ShopOrder> = list(&self.order_api, "orders", &query).await?;
        // Whatever a service might ignore of a query, nobody sees somebody else's order.
        page.data.retain(|order| order.customer_id == *customer_id);
        Ok(page)
    }

    /// An order, whoever's it is.
    pub(crate) async fn order(&self, id: OrderId) -> Result<Option<ShopOrder>, Away> {
        let id = id.to_string();
        find(&self.order_api, get(&["orders", &id], &[]), ORDER_UNKNOWN).await
    }

    /// What became of a placement, whoever's it is.
    pub(crate) async fn recorded_placement(
        &self,
        id: OrderId,
    ) -> Result<Option<RecordedPlacement>, Away> {
        let id = id.to_string();
        find(&self.order_api, get(&["orders", &id, "placement"], &[]), ORDER_UNKNOWN).await
    }

    /// The notices of an order, oldest first.
    pub(crate) async fn notices(&self, id: OrderId) -> Result<Vec<Notice>, Away> {
        #[derive(Deserialize)]
        struct Notices {
            data: Vec<Notice>,
        }
        let id = id.to_string();
        let notices: Notices = read(&self.order_api, get(&["orders", &id, "notices"], &[])).await?;
        Ok(notices.data)
    }

    /// Cancels an order that is decided.
    pub(crate) async fn cancel_order(
        &self,
        id: OrderId,
    ) -> Result<Reply<ShopOrder, OrderCancelRefusal>, Away> {
        let id = id.to_string();
        let path = ["orders", &id, "cancel"];
        let asked = self.order_api.ask(call(Method::POST, &path, &[]), |problem| {
            match problem.code.as_str() {
                ORDER_UNKNOWN => Some(OrderCancelRefusal::Unknown),
                ORDER_SENT_ALREADY => Some(OrderCancelRefusal::Sent),
                "order_pending" => Some(OrderCancelRefusal::Pending),
                "order_rejected" => Some(OrderCancelRefusal::Rejected),
                _ => None,
            }
        });
        asked.await.map_err(away)
    }

    /// Says from which key ids are derived.
    pub(crate) async fn record_derivation_key(
        &self,
        fingerprint: &str,
    ) -> Result<Reply<serde_json::Value, KeyDiffers>, connections::call::CallError> {
        let body = serde_json::json!({"fingerprint": fingerprint});
        let call = call(Method::PUT, &["derivation-key"], &[]);
        let differs = |problem: &connections::call::Problem| {
            (problem.code == "derivation_key_differs").then_some(KeyDiffers)
        };
        self.order_api.ask_with(call, &body, differs).await
    }
}
