//! `GET /placements/{order_id}`: where a placement stands, for the customer who placed it.

use crate::customer::Customer;
use crate::placement::{Placement, Untold, placement_of};
use crate::shop::Shop;
use axum::extract::State;
use chassis::problem::{Json, Path, Problem, ProblemBody};
use contracts::OrderId;

/// Read a placement.
#[utoipa::path(
    get,
    path = "/placements/{order_id}",
    operation_id = "get_placement",
    tag = "placements",
    params(("order_id" = String, Path, description = "The order's id.")),
    responses(
        (status = 200, description = "Where it stands.", body = Placement),
        (
            status = 404, description = "`placement_unknown`: the caller has placed no such order.",
            body = ProblemBody, content_type = "application/problem+json"
        ),
        (
            status = 503, body = ProblemBody, content_type = "application/problem+json",
            description = "`placement_not_known_now`: whoever could know does not answer; `timed_out`."
        ),
    )
)]
pub(crate) async fn get_placement(
    State(shop): State<Shop>,
    Customer(customer_id): Customer,
    Path(order_id): Path<String>,
) -> Result<Json<Placement>, Problem> {
    let order_id: OrderId = order_id.parse().map_err(|_| Untold::Unknown)?;
    Ok(Json(placement_of(&shop, &customer_id, order_id).await?))
}
