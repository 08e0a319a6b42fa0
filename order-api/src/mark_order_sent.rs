//! `POST /orders/{id}/mark-sent`: the order was handed to the carrier.
//!
//! Promises one transaction: the state, the events that tell the subscribers (`order.sent` and, if the order holds credit,
//! `order.sent.credit`), and who did it. Asked again, or by many at once, it answers the same order and writes nothing
//! more.

use crate::api::Api;
use crate::decision_body::not_approved;
use crate::get_order::order_unknown;
use crate::order::{NotApproved, Order, SendRefusal, Verdict};
use crate::order_body::OrderBody;
use crate::store::audit_trail::{self, Action};
use crate::store::orders;
use axum::extract::State;
use axum::http::StatusCode;
use chassis::auth::{Actor, Caller};
use chassis::problem::{Json, Path, Problem, ProblemBody};
use chassis_store::{Database, DatabaseError, Tx, now_ms, outbox};
use contracts::OrderId;
use contracts::outbox::{ORDER_SENT, ORDER_SENT_CREDIT};
use tracing::info;

/// What marking an order sent came to.
#[derive(Debug)]
pub enum Marked {
    /// It is sent from now on, and its events are written.
    Now(Order),
    /// It was sent before; nothing was written.
    Before(Order),
    /// It cannot be sent; nothing was written.
    Refused(Refusal),
}

/// Why an order was not marked sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such order.
    OrderUnknown,
    /// It was cancelled.
    OrderCancelled,
    /// It is not decided yet, or was decided against.
    NotApproved(NotApproved),
}

/// Mark an order sent.
///
/// Repeatable: an order that is sent already is answered as it is.
#[utoipa::path(
    post,
    path = "/orders/{id}/mark-sent",
    operation_id = "mark_order_sent",
    tag = "orders",
    params(("id" = String, Path, description = "The order's id.")),
    responses(
        (status = 200, description = "The order is sent, now or since before.", body = OrderBody),
        (
            status = 404, description = "`order_unknown`: there is no such order.",
            body = ProblemBody, content_type = "application/problem+json"
        ),
        (
            status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`order_cancelled`: it was cancelled and is not sent. `order_pending`: it is not decided \
                yet; ask again when it is. `order_rejected`: it was decided against."
        ),
    )
)]
pub(crate) async fn mark_order_sent(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<OrderBody>, Problem> {
    let id: OrderId = id.parse().map_err(|_| Refusal::OrderUnknown)?;
    match mark_sent(&api.database, id, Actor::of(caller)).await? {
        Marked::Now(order) => {
            api.counts.sent();
            info!(order.id = %id, amount_minor = order.total.amount_minor, "marked order {id} sent");
            Ok(Json(order.into()))
        }
        Marked::Before(order) => Ok(Json(order.into())),
        Marked::Refused(refusal) => Err(refusal.into()),
    }
}

/// Marks an order sent: the endpoint without HTTP.
///
/// # Errors
/// When the database does not do it; whether it was done is then not known, and asking again is safe.
pub async fn mark_sent(
    database: &Database,
    id: OrderId,
    actor: Actor,
) -> Result<Marked, DatabaseError> {
    database
        .at(&crash_points::ORDER_API_MARK_ORDER_SENT)
        .write((id, actor), |tx, (id, actor)| Box::pin(mark(tx, *id, actor)))
        .await
}

/// The whole transaction.
async fn mark(tx: &mut Tx, id: OrderId, actor: &Actor) -> Result<Marked, DatabaseError> {
    let now_ms = now_ms();
    if let Some(order) = orders::mark_sent(tx, id, now_ms).await? {
        let subject = id.to_string();
        outbox::append(tx, ORDER_SENT, &subject).await?;
        if order.holds_credit() {
            outbox::append(tx, ORDER_SENT_CREDIT, &subject).await?;
        }
        audit_trail::record(tx, actor, Action::OrderSent, &subject, now_ms).await?;
        return Ok(Marked::Now(order));
    }
    let Some(order) = orders::find(tx, id).await? else {
        return Ok(Marked::Refused(Refusal::OrderUnknown));
    };
    match order.sending() {
        Verdict::Done => Ok(Marked::Before(order)),
        Verdict::Refused(SendRefusal::Cancelled) => Ok(Marked::Refused(Refusal::OrderCancelled)),
        Verdict::Refused(SendRefusal::NotApproved(why)) => {
            Ok(Marked::Refused(Refusal::NotApproved(why)))
        }
        // It was approved between the two statements (PostgreSQL): at the first it was not.
        Verdict::Due => Ok(Marked::Refused(Refusal::NotApproved(NotApproved::Pending))),
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::OrderUnknown => order_unknown(),
            Refusal::OrderCancelled => Self::new(
                StatusCode::CONFLICT,
                "order_cancelled",
                "this order was cancelled and cannot be sent; place it anew",
            ),
            Refusal::NotApproved(why) => not_approved(why),
        }
    }
}
