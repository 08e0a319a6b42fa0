//! `GET /orders/{id}`: one order, for the customer who placed it.

use crate::customer::Customer;
use crate::services::orders::ShopOrder;
use crate::shop::Shop;
use axum::extract::State;
use axum::http::StatusCode;
use chassis::problem::{Json, Path, Problem, ProblemBody};
use contracts::OrderId;

/// Read one of one's orders.
#[utoipa::path(
    get,
    path = "/orders/{id}",
    operation_id = "get_order",
    tag = "orders",
    params(("id" = String, Path, description = "The order's id.")),
    responses(
        (status = 200, description = "The order.", body = ShopOrder),
        (
            status = 404, description = "`order_unknown`: the caller has no such order.",
            body = ProblemBody, content_type = "application/problem+json"
        ),
        (
            status = 503, description = "`service_away`, `timed_out`: ask again.",
            body = ProblemBody, content_type = "application/problem+json"
        ),
    )
)]
pub(crate) async fn get_order(
    State(shop): State<Shop>,
    Customer(customer_id): Customer,
    Path(id): Path<String>,
) -> Result<Json<ShopOrder>, Problem> {
    let id: OrderId = id.parse().map_err(|_| order_unknown())?;
    let order = shop.services().order(id).await?;
    let own = order.filter(|order| order.customer_id == customer_id);
    own.map(Json).ok_or_else(order_unknown)
}

/// The same for an order that is not there and for somebody else's.
pub(crate) fn order_unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "order_unknown", "you have no such order; check the id")
}
