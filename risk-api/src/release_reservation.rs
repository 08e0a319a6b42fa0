//! `DELETE /reservations/{order_id}`: the order needs its credit no longer, and reserves no more.
//!
//! `undo` takes the reservation back as if it had never been, the tombstone apart; `close` keeps its row. Both may come
//! before, during and after the reserve that they release, and any number of times: the first that comes decides, and its
//! reason stays. On record is what closes, and what undoes a reservation that was confirmed and so is on record itself.

use crate::audit_trail::{Action, record};
use crate::reservation::{State as Credit, StateName};
use crate::reservation_body::CreditStateBody;
use crate::{Api, store};
use axum::extract::State;
use chassis::auth::{Actor, Caller};
use chassis::problem::{Json, Path, Problem, ProblemBody, Query};
use chassis_store::{DatabaseError, Tx, now_ms};
use contracts::{OrderId, Reason};
use metrics::counter;
use serde::Deserialize;
use tracing::info;
use utoipa::{IntoParams, ToSchema};

/// Why, and what is to be left.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Release {
    /// Whether the placement failed or the order is done with.
    // In place: a schema that only a query names is not among the document's components.
    #[param(inline)]
    kind: ReleaseKind,
    /// A stable code.
    #[param(value_type = String, pattern = "^[a-z0-9_]{1,64}$", example = "cancelled_by_customer")]
    reason: Reason,
}

/// Whether the placement failed or the order is done with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReleaseKind {
    /// The placement failed: nothing is left but the tombstone.
    Undo,
    /// The order was sent or cancelled: the reservation is kept as released.
    Close,
}

/// Release an order's credit.
///
/// Repeatable, and right in any order with the reserve that it releases: an order that was released reserves no more,
/// even if it had reserved nothing. The answer carries the reason that was given first.
#[utoipa::path(
    delete,
    path = "/reservations/{order_id}",
    operation_id = "release_reservation",
    tag = "reservations",
    params(("order_id" = String, Path, description = "The order's id."), Release),
    responses(
        (status = 200, description = "Released, now or before.", body = CreditStateBody),
        (
            status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`not_found`: the id is not one that an order can have."
        ),
    )
)]
pub(crate) async fn release_reservation(
    State(api): State<Api>,
    caller: Caller,
    Path(order_id): Path<String>,
    Query(asked): Query<Release>,
) -> Result<Json<CreditStateBody>, Problem> {
    let order_id: OrderId = order_id.parse().map_err(|_| Problem::not_found())?;
    let kind = asked.kind;
    let released = api
        .database
        .at(&crash_points::RISK_API_RELEASE_RESERVATION)
        .write((order_id, asked, Actor::of(caller)), |tx, (order_id, asked, actor)| {
            Box::pin(release(tx, *order_id, asked, actor))
        })
        .await?;
    let reason = match released {
        Released::Before(reason) => reason,
        Released::Now(reason) => {
            counter!("reservations_released_total").increment(1);
            info!(order.id = %order_id, ?kind, %reason, "released the credit of order {order_id}: {reason}");
            reason
        }
    };
    Ok(Json(CreditStateBody::of(order_id, &Credit::Released(reason))))
}

/// Whether this request released it, and the reason that was given first.
enum Released {
    Now(Reason),
    Before(Reason),
}

/// Locks the order first: a reserve that comes at the same time is over, or will find the tombstone.
async fn release(
    tx: &mut Tx,
    order_id: OrderId,
    asked: &Release,
    actor: &Actor,
) -> Result<Released, DatabaseError> {
    if let Some(reason) = store::lock_order(tx, order_id).await? {
        return Ok(Released::Before(reason));
    }
    let (at_ms, reason) = (now_ms(), asked.reason.clone());
    store::bury(tx, order_id, &reason).await?;
    let action = match asked.kind {
        ReleaseKind::Undo => {
            let undone = store::delete(tx, order_id).await?;
            (undone == Some(StateName::Confirmed)).then_some(Action::Undone)
        }
        ReleaseKind::Close => {
            store::close(tx, order_id, &reason, at_ms).await?;
            Some(Action::Closed)
        }
    };
    if let Some(action) = action {
        let subject = order_id.to_string();
        record(tx, actor, action, (&subject, reason.as_str()), at_ms).await?;
    }
    Ok(Released::Now(reason))
}
