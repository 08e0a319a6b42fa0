//! `GET /orders/{id}`: one order as it stands.

use crate::api::Api;
use crate::order_body::OrderBody;
use crate::store::orders;
use axum::extract::State;
use axum::http::StatusCode;
use chassis::problem::{Json, Path, Problem, ProblemBody};
use contracts::OrderId;
use contracts::orders::ORDER_UNKNOWN;

/// Read an order.
#[utoipa::path(
    get,
    path = "/orders/{id}",
    operation_id = "get_order",
    tag = "orders",
    params(("id" = String, Path, description = "The order's id.")),
    responses(
        (status = 200, description = "The order.", body = OrderBody),
        (
            status = 404, description = "`order_unknown`: there is no such order.",
            body = ProblemBody, content_type = "application/problem+json"
        ),
    )
)]
pub(crate) async fn get_order(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<OrderBody>, Problem> {
    let id: OrderId = id.parse().map_err(|_| order_unknown())?;
    let order = orders::find(&mut *api.read().await?, id).await?.ok_or_else(order_unknown)?;
    Ok(Json(order.into()))
}

/// A text that is no order id names no order either.
pub(crate) fn order_unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, ORDER_UNKNOWN, "there is no such order; check the id")
}
