//! `POST /orders/{id}/cancel`: calls an order off, whether it is being placed or long approved.
//!
//! While its process runs, only that may call it off: it takes back what it did, or has the order cancelled. Once it is
//! over, order-api cancels. A request that misses the process by a hair finds no open run and goes on to order-api.

use crate::customer::Customer;
use crate::get_order::order_unknown;
use crate::money_body::MoneyBody;
use crate::process::{CancelAsked, Run};
use crate::services::orders::{OrderCancelRefusal, ShopOrder};
use crate::shop::Shop;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::problem::{Json, Path, Problem, ProblemBody};
use contracts::orders::OrderStatus;
use contracts::{CustomerId, OrderId, Reply};
use serde::Serialize;
use tracing::info;
use utoipa::ToSchema;

/// An order that is being called off.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CancelRequested {
    /// The order.
    #[schema(value_type = String, example = "ord_019a9f0c-52d1-8c3e-9d2b-6f1f0f6f7a01")]
    order_id: OrderId,
    /// Its process was asked, and will come to an end.
    cancel_requested: bool,
}

/// An order that is called off.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CancelledOrder {
    /// The order.
    #[schema(value_type = String, example = "ord_019a9f0c-52d1-8c3e-9d2b-6f1f0f6f7a01")]
    order_id: OrderId,
    /// Where it stands.
    #[schema(value_type = String, example = "cancelled")]
    status: OrderStatus,
    /// What it would have cost.
    total: MoneyBody,
}

/// What calling an order off came to.
#[derive(Debug)]
pub(crate) enum Cancelled {
    /// Its process was asked, and honours it.
    Asked,
    /// It is cancelled, now or since before.
    Now(Box<ShopOrder>),
}

/// Why an order is not called off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CancelRefusal {
    /// The caller has no such order.
    Unknown,
    /// It was sent.
    Sent,
    /// It was rejected: there is nothing to call off.
    Rejected,
    /// Whoever must be asked does not answer.
    NotNow,
}

/// Cancel an order.
///
/// Repeatable.
#[utoipa::path(
    post,
    path = "/orders/{id}/cancel",
    operation_id = "cancel_order",
    tag = "orders",
    params(("id" = String, Path, description = "The order's id.")),
    responses(
        (status = 200, description = "The order is cancelled, now or since before.", body = CancelledOrder),
        (
            status = 202, description = "It is being called off: look at Location.", body = CancelRequested,
            headers(("Location" = String, description = "The placement."))
        ),
        (
            status = 404, description = "`order_unknown`: the caller has no such order.",
            body = ProblemBody, content_type = "application/problem+json"
        ),
        (
            status = 409, description = "`order_sent`: it was sent. `order_rejected`: there is none.",
            body = ProblemBody, content_type = "application/problem+json"
        ),
        (
            status = 503, description = "`cancel_not_confirmed`, `timed_out`: ask again, it is safe to repeat.",
            body = ProblemBody, content_type = "application/problem+json"
        ),
    )
)]
pub(crate) async fn cancel_order(
    State(shop): State<Shop>,
    Customer(customer_id): Customer,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let order_id: OrderId = id.parse().map_err(|_| order_unknown())?;
    let cancelling = cancel(&shop, &customer_id, order_id);
    let step = &crash_points::GATEWAY_CANCEL_ORDER;
    Ok(match step.around(cancelling, || CancelRefusal::NotNow).await? {
        Cancelled::Asked => {
            let location = [(header::LOCATION, format!("/placements/{order_id}"))];
            let body = CancelRequested { order_id, cancel_requested: true };
            (StatusCode::ACCEPTED, location, Json(body)).into_response()
        }
        Cancelled::Now(order) => {
            let body = CancelledOrder { order_id, status: order.status, total: order.total };
            Json(body).into_response()
        }
    })
}

/// Calls a customer's order off.
pub(crate) async fn cancel(
    shop: &Shop,
    customer_id: &CustomerId,
    order_id: OrderId,
) -> Result<Cancelled, CancelRefusal> {
    let run = shop.process().look(order_id).await;
    let owner = owner_of(shop, &run, order_id).await?;
    if owner != *customer_id {
        return Err(CancelRefusal::Unknown);
    }
    if is_the_orders_own(shop, &run, order_id).await {
        match shop.process().cancel(order_id).await {
            CancelAsked::Taken => {
                info!(order.id = %order_id, "asked for order {order_id} to be called off");
                return Ok(Cancelled::Asked);
            }
            CancelAsked::NoOpenRun => {}
            CancelAsked::Unknown => return Err(CancelRefusal::NotNow),
        }
    }
    cancel_decided(shop, order_id).await
}

/// Whether an open run decides about this order. One of another cart under its key never will: what was asked of it would
/// be forgotten.
async fn is_the_orders_own(shop: &Shop, run: &Run, order_id: OrderId) -> bool {
    let Run::Open { contents_hash, .. } = run else { return false };
    let Some(hash) = contents_hash else { return true };
    let recorded = shop.services().recorded_placement(order_id).await.ok().flatten();
    recorded.is_none_or(|recorded| recorded.contents_hash == *hash)
}

/// Whose order it is. "Nobody's" is said only when everybody who could know was asked.
async fn owner_of(shop: &Shop, run: &Run, order_id: OrderId) -> Result<CustomerId, CancelRefusal> {
    match run {
        Run::Open { customer_id: Some(owner), .. } => return Ok(owner.clone()),
        Run::Completed(outcome) => return Ok(outcome.customer_id.clone()),
        Run::Open { .. } | Run::Broken { .. } | Run::None | Run::Unknown => {}
    }
    let recorded = shop.services().recorded_placement(order_id).await;
    match recorded.map_err(|_| CancelRefusal::NotNow)? {
        Some(recorded) => Ok(recorded.customer_id),
        None if matches!(run, Run::None | Run::Broken { .. }) => Err(CancelRefusal::Unknown),
        None => Err(CancelRefusal::NotNow),
    }
}

/// Has order-api cancel it: no run is open, or none is known of.
async fn cancel_decided(shop: &Shop, order_id: OrderId) -> Result<Cancelled, CancelRefusal> {
    let asked = shop.services().cancel_order(order_id).await;
    match asked.map_err(|_| CancelRefusal::NotNow)? {
        Reply::Granted(order) => Ok(Cancelled::Now(Box::new(order))),
        Reply::Refused(OrderCancelRefusal::Sent) => Err(CancelRefusal::Sent),
        // It left a tombstone, or a row that was kept.
        Reply::Refused(OrderCancelRefusal::Rejected | OrderCancelRefusal::Unknown) => {
            Err(CancelRefusal::Rejected)
        }
        // Its process decides, and cannot be asked now.
        Reply::Refused(OrderCancelRefusal::Pending) => Err(CancelRefusal::NotNow),
    }
}

impl CancelRefusal {
    /// What a customer is told.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Unknown => "you have no such order; check the id",
            Self::Sent => "this order was sent and cannot be cancelled; treat it as a return",
            Self::Rejected => "this order was not accepted; there is nothing to cancel",
            Self::NotNow => {
                "we cannot say yet whether this order is called off; ask again, it is safe to repeat"
            }
        }
    }
}

impl From<CancelRefusal> for Problem {
    fn from(refusal: CancelRefusal) -> Self {
        let conflict = |code| Self::new(StatusCode::CONFLICT, code, refusal.sentence());
        match refusal {
            CancelRefusal::Unknown => order_unknown(),
            CancelRefusal::Sent => conflict("order_sent"),
            CancelRefusal::Rejected => conflict("order_rejected"),
            CancelRefusal::NotNow => {
                Self::unavailable("cancel_not_confirmed", refusal.sentence(), 2)
            }
        }
    }
}
