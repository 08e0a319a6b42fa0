//! `GET /orders`: the caller's orders, page by page, oldest first.

use crate::customer::Customer;
use crate::services::orders::{Asked, ShopOrder};
use crate::shop::Shop;
use axum::extract::State;
use chassis::problem::{FieldError, Json, Problem, ProblemBody, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The most things of a page.
const MAX_LIMIT: u32 = 100;

/// Which page of a list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListPage {
    /// At most so many.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[param(max_length = 255)]
    starting_after: Option<String>,
}

/// One page of orders.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderPage {
    /// Oldest first.
    data: Vec<ShopOrder>,
    /// Whether there is another page.
    has_more: bool,
    /// What to ask the next page with; null on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
}

impl ListPage {
    /// The same, asked of a service.
    pub(crate) fn asked(self) -> Result<Asked, Problem> {
        if self.limit.is_some_and(|limit| !(1..=MAX_LIMIT).contains(&limit)) {
            let error = FieldError::new("/limit", "must be 1 to 100");
            return Err(Problem::invalid_query(vec![error]));
        }
        let limit = self.limit.map(|limit| limit.to_string());
        Ok(Asked { status: None, limit, starting_after: self.starting_after })
    }
}

/// List one's orders.
///
/// Oldest first. What is not decided, or was rejected, is a placement and not listed.
#[utoipa::path(
    get,
    path = "/orders",
    operation_id = "list_orders",
    tag = "orders",
    params(ListPage),
    responses(
        (status = 200, description = "One page of orders.", body = OrderPage),
        (
            status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid_query`: a parameter that does not exist or does not fit."
        ),
        (
            status = 503, description = "`service_away`, `timed_out`: ask again.",
            body = ProblemBody, content_type = "application/problem+json"
        ),
    )
)]
pub(crate) async fn list_orders(
    State(shop): State<Shop>,
    Customer(customer_id): Customer,
    Query(page): Query<ListPage>,
) -> Result<Json<OrderPage>, Problem> {
    let page = shop.services().orders_of(&customer_id, &page.asked()?).await?;
    Ok(Json(OrderPage { data: page.data, has_more: page.has_more, next_cursor: page.next_cursor }))
}
