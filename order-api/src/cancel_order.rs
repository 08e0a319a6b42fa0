//! `POST /orders/{id}/cancel`: calls an order off, as long as it was not sent.
//!
//! Sent and cancelled exclude each other: both change only an approved order, so whoever comes second is refused.

use crate::api::Api;
use crate::get_order::order_unknown;
use crate::order::{CancelRefusal, Order, Verdict};
use crate::order_body::OrderBody;
use crate::store::audit_trail::{self, Action, Actor};
use crate::store::orders;
use axum::extract::State;
use axum::http::StatusCode;
use chassis::auth::Caller;
use chassis::problem::{Json, Path, Problem, ProblemBody};
use chassis_store::{DatabaseError, Tx, now_ms};
use contracts::OrderId;
use tracing::info;

/// What cancelling an order came to.
enum Cancelled {
    Now(Order),
    Before(Order),
    Refused(Refusal),
}

/// Why an order was not cancelled.
enum Refusal {
    OrderUnknown,
    OrderSent,
}

/// Cancel an order.
///
/// Repeatable: an order that is cancelled already is answered as it is.
#[utoipa::path(
    post,
    path = "/orders/{id}/cancel",
    operation_id = "cancel_order",
    tag = "orders",
    params(("id" = String, Path, description = "The order's id.")),
    responses(
        (status = 200, description = "The order is cancelled, now or since before.", body = OrderBody),
        (
            status = 404, description = "`order_unknown`: there is no such order.",
            body = ProblemBody, content_type = "application/problem+json"
        ),
        (
            status = 409, description = "`order_sent`: it was sent and cannot be called back.",
            body = ProblemBody, content_type = "application/problem+json"
        ),
    )
)]
pub(crate) async fn cancel_order(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<OrderBody>, Problem> {
    let id: OrderId = id.parse().map_err(|_| Refusal::OrderUnknown)?;
    let asked = (id, Actor::of(caller));
    match api.database.write(asked, |tx, (id, actor)| Box::pin(cancel(tx, *id, actor))).await? {
        Cancelled::Now(order) => {
            api.counts.cancelled();
            info!(order.id = %id, "cancelled order {id}");
            Ok(Json(order.into()))
        }
        Cancelled::Before(order) => Ok(Json(order.into())),
        Cancelled::Refused(refusal) => Err(refusal.into()),
    }
}

/// The whole transaction.
async fn cancel(tx: &mut Tx, id: OrderId, actor: &Actor) -> Result<Cancelled, DatabaseError> {
    let now_ms = now_ms();
    if let Some(order) = orders::cancel(tx, id, now_ms).await? {
        audit_trail::record(tx, actor, Action::OrderCancelled, &id.to_string(), now_ms).await?;
        return Ok(Cancelled::Now(order));
    }
    let Some(order) = orders::find(tx, id).await? else {
        return Ok(Cancelled::Refused(Refusal::OrderUnknown));
    };
    match order.cancelling() {
        Verdict::Done => Ok(Cancelled::Before(order)),
        Verdict::Refused(CancelRefusal::Sent) => Ok(Cancelled::Refused(Refusal::OrderSent)),
        // It was placed between the two statements (PostgreSQL), so whoever asked could not know of it.
        Verdict::Due => Ok(Cancelled::Refused(Refusal::OrderUnknown)),
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::OrderUnknown => order_unknown(),
            Refusal::OrderSent => Self::new(
                StatusCode::CONFLICT,
                "order_sent",
                "this order was sent and cannot be cancelled; treat it as a return",
            ),
        }
    }
}
