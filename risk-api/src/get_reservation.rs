//! `GET /reservations/{order_id}`: what an order holds of its customer's credit, or held.

use crate::reservation_body::ReservationBody;
use crate::{Api, store};
use axum::extract::State;
use axum::http::StatusCode;
use chassis::problem::{Json, Path, Problem, ProblemBody};
use contracts::OrderId;
use contracts::credit::problem::RESERVATION_UNKNOWN;

/// Show a reservation.
///
/// Also one that was released when its order was sent or cancelled. What was undone is not there any more.
#[utoipa::path(
    get,
    path = "/reservations/{order_id}",
    operation_id = "get_reservation",
    tag = "reservations",
    params(("order_id" = String, Path, description = "The order's id.")),
    responses(
        (status = 200, description = "The reservation.", body = ReservationBody),
        (
            status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`reservation_unknown`: this order has reserved nothing, or it was undone."
        ),
    )
)]
pub(crate) async fn get_reservation(
    State(api): State<Api>,
    Path(order_id): Path<String>,
) -> Result<Json<ReservationBody>, Problem> {
    // A text that is no id names no order.
    let order_id: OrderId = order_id.parse().map_err(|_| reservation_unknown())?;
    let found = store::find_reservation(api.database.reader(), order_id).await?;
    Ok(Json(found.ok_or_else(reservation_unknown)?.into()))
}

fn reservation_unknown() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        RESERVATION_UNKNOWN,
        "this order has reserved nothing, or it was undone; check the id",
    )
}
