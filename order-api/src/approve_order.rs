//! `POST /orders/{id}/approve`: a pending order is accepted, for good.
//!
//! An order that was ever approved is answered as approved, also one that was sent or cancelled since; one that was
//! discarded is refused with the reason. Approve and discard exclude each other.

use crate::api::Api;
use crate::decision_body::{DecisionBody, order_discarded};
use crate::get_order::order_unknown;
use crate::order::Order;
use crate::store::audit_trail::{self, Action};
use crate::store::{orders, pending_orders, tombstones};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chassis::auth::{Actor, Caller};
use chassis::problem::{Json, Path, Problem, ProblemBody};
use chassis_store::{DatabaseError, Tx, now_ms};
use contracts::OrderId;
use contracts::Reason;
use tracing::info;

/// What approving an order came to.
enum Approved {
    Now(Order),
    Before,
    Refused(Refusal),
}

/// Why an order was not approved.
enum Refusal {
    OrderUnknown,
    Discarded(Reason),
}

/// Approve a pending order.
///
/// Repeatable: an order that was ever approved is answered as approved, whatever became of it since.
#[utoipa::path(
    post,
    path = "/orders/{id}/approve",
    operation_id = "approve_order",
    tag = "placement",
    params(("id" = String, Path, description = "The order's id.")),
    responses(
        (status = 200, description = "The order is approved, now or since before.", body = DecisionBody),
        (
            status = 404, description = "`order_unknown`: there is no such order.",
            body = ProblemBody, content_type = "application/problem+json"
        ),
        (
            status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`order_discarded`: this order was discarded before, for the `reason` that the problem names."
        ),
    )
)]
pub(crate) async fn approve_order(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: OrderId = id.parse().map_err(|_| order_unknown())?;
    let asked = (id, Actor::of(caller));
    match api
        .database
        .at(&crash_points::ORDER_API_APPROVE_ORDER)
        .write(asked, |tx, (id, actor)| Box::pin(approve(tx, *id, actor)))
        .await?
    {
        Approved::Now(order) => {
            api.counts.placed(order.origin);
            info!(order.id = %id, amount_minor = order.total.amount_minor, "approved order {id}");
            Ok(Json(DecisionBody::approved(id)).into_response())
        }
        Approved::Before => Ok(Json(DecisionBody::approved(id)).into_response()),
        Approved::Refused(refusal) => Ok(refusal.into_response()),
    }
}

/// Locks the order first: a discard that comes at the same time is over, or will find the order approved.
async fn approve(tx: &mut Tx, id: OrderId, actor: &Actor) -> Result<Approved, DatabaseError> {
    if let Some(tombstone) = tombstones::lock_order(tx, id).await? {
        return Ok(Approved::Refused(Refusal::Discarded(tombstone.reason)));
    }
    let now_ms = now_ms();
    if let Some(order) = pending_orders::approve(tx, id, now_ms).await? {
        audit_trail::record(tx, actor, Action::OrderApproved, &id.to_string(), now_ms).await?;
        return Ok(Approved::Now(order));
    }
    let Some(order) = orders::find(tx, id).await? else {
        tombstones::forget_order(tx, id).await?;
        return Ok(Approved::Refused(Refusal::OrderUnknown));
    };
    match order.not_approved() {
        None => Ok(Approved::Before),
        Some(_) => Err(DatabaseError::bad_row("an order that was rejected and has no tombstone")),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::OrderUnknown => order_unknown().into_response(),
            Self::Discarded(reason) => order_discarded(&reason),
        }
    }
}
