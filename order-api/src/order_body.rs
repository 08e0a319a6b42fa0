//! An order as callers read it: the one JSON shape that every endpoint answers with.

use crate::order::{Line, Order, Origin, Status};
use axum::http::{HeaderName, header};
use chassis::time::Moment;
use contracts::{Currency, Money};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An order.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Order)]
pub(crate) struct OrderBody {
    /// Names the order for ever.
    #[schema(
        pattern = "^ord_[0-9a-f-]{36}$",
        example = "ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01"
    )]
    id: String,
    /// Where it stands.
    status: StatusBody,
    /// How it came here.
    origin: OriginBody,
    /// What it is called where it was imported from; only for imports.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    external_ref: Option<String>,
    /// Who ordered.
    #[schema(example = "cus_ada")]
    customer_id: String,
    /// What was ordered; may be empty for an import.
    lines: Vec<LineBody>,
    /// What it costs: the sum of its lines, or as given for an import.
    total: MoneyBody,
    /// When the customer placed it.
    #[schema(format = DateTime)]
    placed_at: String,
    /// When it was approved; absent until then, and never cleared.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    approved_at: Option<String>,
    /// When it was marked sent; null until then.
    #[schema(format = DateTime, required)]
    sent_at: Option<String>,
    /// When it was cancelled; absent until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    cancelled_at: Option<String>,
    /// When this service last changed it.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = OrderStatus)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StatusBody {
    /// Written down, not decided: neither sent nor cancelled until it is.
    Pending,
    /// Decided against, and kept all the same. Final.
    Rejected,
    /// Accepted; may be sent or cancelled.
    Approved,
    /// Handed to the carrier. Final.
    Sent,
    /// Called off before it was sent. Final.
    Cancelled,
}

/// How an order came here.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = OrderOrigin)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OriginBody {
    /// Entered by the back office.
    BackOffice,
    /// Placed in the shop.
    Shop,
    /// Brought from another system.
    Import,
}

/// One line of an order.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = OrderLine)]
pub(crate) struct LineBody {
    /// The article's number; absent where an imported line has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "lamp-01")]
    sku: Option<String>,
    /// The article's name; only for imports.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name: Option<String>,
    /// How many pieces.
    #[schema(minimum = 1, maximum = 1_000_000)]
    quantity: i64,
    /// What one piece costs.
    unit_price: MoneyBody,
}

/// A sum of money that is not negative: `{"amount": 1999, "currency": "EUR"}` is 19.99 euro.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, garde::Validate, ToSchema)]
#[schema(as = Money)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoneyBody {
    /// Minor units, as in cents.
    #[garde(range(min = 0))]
    #[schema(minimum = 0, example = 1999)]
    amount: i64,
    /// ISO 4217, three capital letters.
    #[garde(skip)]
    #[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "EUR")]
    currency: Currency,
}

impl From<Money> for MoneyBody {
    fn from(money: Money) -> Self {
        Self { amount: money.amount_minor, currency: money.currency }
    }
}

impl From<MoneyBody> for Money {
    fn from(body: MoneyBody) -> Self {
        Self::of_minor(body.amount, body.currency)
    }
}

impl From<Status> for StatusBody {
    fn from(status: Status) -> Self {
        match status {
            Status::Pending => Self::Pending,
            Status::Rejected => Self::Rejected,
            Status::Approved => Self::Approved,
            Status::Sent => Self::Sent,
            Status::Cancelled => Self::Cancelled,
        }
    }
}

impl From<StatusBody> for Status {
    fn from(status: StatusBody) -> Self {
        match status {
            StatusBody::Pending => Self::Pending,
            StatusBody::Rejected => Self::Rejected,
            StatusBody::Approved => Self::Approved,
            StatusBody::Sent => Self::Sent,
            StatusBody::Cancelled => Self::Cancelled,
        }
    }
}

impl From<Origin> for OriginBody {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::BackOffice => Self::BackOffice,
            Origin::Shop => Self::Shop,
            Origin::Import => Self::Import,
        }
    }
}

impl From<Line> for LineBody {
    fn from(line: Line) -> Self {
        Self {
            sku: line.sku,
            name: line.name,
            quantity: line.quantity,
            unit_price: line.unit_price.into(),
        }
    }
}

impl Order {
    /// The header that says where this order is.
    pub(crate) fn location(&self) -> [(HeaderName, String); 1] {
        [(header::LOCATION, format!("/orders/{}", self.id))]
    }
}

impl From<Order> for OrderBody {
    fn from(order: Order) -> Self {
        let written = |ms| Moment::from_ms(ms).to_string();
        Self {
            id: order.id.to_string(),
            status: order.status.into(),
            origin: order.origin.into(),
            external_ref: order.external_ref,
            customer_id: order.customer_id.into(),
            lines: order.lines.into_iter().map(LineBody::from).collect(),
            total: order.total.into(),
            placed_at: written(order.placed_at_ms),
            approved_at: order.approved_at_ms.map(written),
            sent_at: order.sent_at_ms.map(written),
            cancelled_at: order.cancelled_at_ms.map(written),
            updated_at: written(order.updated_at_ms),
        }
    }
}
