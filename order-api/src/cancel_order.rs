//! `POST /orders/{id}/cancel`: calls an order off, as long as it was not sent.
//!
//! Sent and cancelled exclude each other: both change only an approved order, so whoever comes second is refused. One that
//! holds credit tells of it in the same transaction, so that the credit is released.

use crate::api::Api;
use crate::decision_body::not_approved;
use crate::get_order::order_unknown;
use crate::order::{CancelRefusal, NotApproved, Order, Verdict};
use crate::order_body::OrderBody;
use crate::store::audit_trail::{self, Action};
use crate::store::orders;
use axum::extract::State;
use axum::http::StatusCode;
use chassis::auth::{Actor, Caller};
use chassis::problem::{Json, Path, Problem, ProblemBody};
use chassis_store::{DatabaseError, Tx, now_ms, outbox};
use contracts::OrderId;
use contracts::outbox::ORDER_CANCELLED;
use contracts::placement::ORDER_SENT_ALREADY;
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
    NotApproved(NotApproved),
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
            status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`order_sent`: it was sent and cannot be called back. `order_pending`: it is not decided \
                yet; ask again when it is. `order_rejected`: it was decided against."
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
    match api
        .database
        .at(&crash_points::ORDER_API_CANCEL_ORDER)
        .write(asked, |tx, (id, actor)| Box::pin(cancel(tx, *id, actor)))
        .await?
    {
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
        let subject = id.to_string();
        if order.holds_credit() {
            outbox::append(tx, ORDER_CANCELLED, &subject).await?;
        }
        audit_trail::record(tx, actor, Action::OrderCancelled, &subject, now_ms).await?;
        return Ok(Cancelled::Now(order));
    }
    let Some(order) = orders::find(tx, id).await? else {
        return Ok(Cancelled::Refused(Refusal::OrderUnknown));
    };
    match order.cancelling() {
        Verdict::Done => Ok(Cancelled::Before(order)),
        Verdict::Refused(CancelRefusal::Sent) => Ok(Cancelled::Refused(Refusal::OrderSent)),
        Verdict::Refused(CancelRefusal::NotApproved(why)) => {
            Ok(Cancelled::Refused(Refusal::NotApproved(why)))
        }
        // It was approved between the two statements (PostgreSQL): at the first it was not.
        Verdict::Due => Ok(Cancelled::Refused(Refusal::NotApproved(NotApproved::Pending))),
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::OrderUnknown => order_unknown(),
            Refusal::OrderSent => Self::new(
                StatusCode::CONFLICT,
                ORDER_SENT_ALREADY,
                "this order was sent and cannot be cancelled; treat it as a return",
            ),
            Refusal::NotApproved(why) => not_approved(why),
        }
    }
}
