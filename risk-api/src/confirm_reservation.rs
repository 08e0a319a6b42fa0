//! `POST /reservations/{order_id}/confirm`: the order is approved and keeps its credit.
//!
//! Repeatable. From here on the reservation is on record. That the credit was released meanwhile is an answer and not an error: the caller decides what it means.

use crate::audit_trail::{Action, record};
use crate::reservation::State as Credit;
use crate::reservation_body::CreditStateBody;
use crate::{Api, store};
use axum::extract::State;
use axum::http::StatusCode;
use chassis::auth::{Actor, Caller};
use chassis::problem::{Json, Path, Problem, ProblemBody};
use chassis_store::{DatabaseError, Tx, now_ms};
use contracts::OrderId;
use tracing::info;

/// Confirm a reservation.
///
/// Repeatable. A reservation that was released stays so, and the answer says why.
#[utoipa::path(
    post,
    path = "/reservations/{order_id}/confirm",
    operation_id = "confirm_reservation",
    tag = "reservations",
    params(("order_id" = String, Path, description = "The order's id.")),
    responses(
        (status = 200, description = "Confirmed, now or before; or released, and why.", body = CreditStateBody),
        (
            status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`reservation_unknown`: this order has reserved nothing."
        ),
    )
)]
pub(crate) async fn confirm_reservation(
    State(api): State<Api>,
    caller: Caller,
    Path(order_id): Path<String>,
) -> Result<Json<CreditStateBody>, Problem> {
    // A text that is no id names no order.
    let order_id: OrderId = order_id.parse().map_err(|_| reservation_unknown())?;
    let state = api
        .database
        .at(&crash_points::RISK_API_CONFIRM_RESERVATION)
        .write((order_id, Actor::of(caller)), |tx, (order_id, actor)| {
            Box::pin(confirm(tx, *order_id, actor))
        })
        .await?
        .ok_or_else(reservation_unknown)?;
    info!(order.id = %order_id, ?state, "asked to confirm the credit of order {order_id}");
    Ok(Json(CreditStateBody::of(order_id, &state)))
}

/// The state afterwards; `None` if the order has reserved nothing.
async fn confirm(
    tx: &mut Tx,
    order_id: OrderId,
    actor: &Actor,
) -> Result<Option<Credit>, DatabaseError> {
    if let Some(reason) = store::lock_order(tx, order_id).await? {
        return Ok(Some(Credit::Released(reason)));
    }
    let at_ms = now_ms();
    let is_confirmed_now = store::confirm(tx, order_id, at_ms).await?;
    let Some(reservation) = store::reservation(tx, order_id).await? else {
        store::forget_order(tx, order_id).await?;
        return Ok(None);
    };
    if is_confirmed_now {
        let subject = order_id.to_string();
        let contents = format!("{} of {}", reservation.amount, reservation.customer_id);
        record(tx, actor, Action::Confirmed, (&subject, &contents), at_ms).await?;
    }
    Ok(Some(reservation.state))
}

fn reservation_unknown() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "reservation_unknown",
        "this order has reserved nothing; check its id",
    )
}
