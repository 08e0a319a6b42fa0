//! `GET /orders/{id}/explanation`: what became of an order and how, for the customer who placed it.

use crate::customer::Customer;
use crate::explanation::{Explanation, explain};
use crate::placement::Untold;
use crate::shop::Shop;
use axum::extract::State;
use chassis::problem::{Json, Path, Problem, ProblemBody};
use contracts::{CustomerId, OrderId};
use std::time::Duration;

/// Who could tell answers within this, or is named as missing: with it an answer takes less than 100 ms.
const LIMIT: Duration = Duration::from_millis(70);

/// The same for an order that nobody knew within that: "there is none" is said only when everybody who could know was
/// asked, and "not known now" only when they had time to answer.
const PATIENT_LIMIT: Duration = Duration::from_secs(1);

/// Explain one of one's orders.
///
/// One timeline across all services and processes, oldest first. It answers also while one of them is away, and names
/// who is missing.
#[utoipa::path(
    get,
    path = "/orders/{id}/explanation",
    operation_id = "get_explanation",
    tag = "orders",
    params(("id" = String, Path, description = "The order's id.")),
    responses(
        (status = 200, description = "What became of it, and how.", body = Explanation),
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
pub(crate) async fn get_explanation(
    State(shop): State<Shop>,
    Customer(customer_id): Customer,
    Path(id): Path<String>,
) -> Result<Json<Explanation>, Problem> {
    let order_id: OrderId = id.parse().map_err(|_| Untold::Unknown)?;
    Ok(Json(explanation_of(&shop, &customer_id, order_id).await?))
}

/// The explanation of a customer's order.
pub(crate) async fn explanation_of(
    shop: &Shop,
    customer_id: &CustomerId,
    order_id: OrderId,
) -> Result<Explanation, Untold> {
    let temporal = shop.process().client();
    let ask = |limit| explain(shop.services(), temporal.as_ref(), order_id, limit);
    let mut explanation = ask(LIMIT).await;
    if explanation.customer_id.is_none() && explanation.may_be_unknown_for_now() {
        explanation = ask(PATIENT_LIMIT).await;
    }
    match &explanation.customer_id {
        Some(owner) if owner == customer_id => Ok(explanation),
        Some(_) => Err(Untold::Unknown),
        None if explanation.may_be_unknown_for_now() => Err(Untold::NotNow),
        None => Err(Untold::Unknown),
    }
}
