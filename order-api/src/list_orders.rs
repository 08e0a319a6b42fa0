//! `GET /orders`: orders page by page, oldest first.
//!
//! Pages stay stable while orders change: their order is that in which this service first wrote them down, which nothing
//! changes. A walk through all pages sees every order that matched when it began exactly once. An order that comes to
//! match behind the walk has changed since; whoever keeps up asks next time with an `updated_since` of a minute before
//! this walk began, because a change is seen when it is committed, a moment after its `updated_at`.
//!
//! Orders that are not decided, or decided against, are listed only when they are asked for.

use crate::api::Api;
use crate::cursor::Cursor;
use crate::order::Status;
use crate::order_body::{OrderBody, StatusBody};
use crate::page::PageSize;
use crate::store::orders::{self, Filter};
use axum::extract::State;
use chassis::problem::{Json, Problem, ProblemBody, Query};
use chassis::time::Moment;
use contracts::CustomerId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which orders, and which page of them.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListOrders {
    /// Only orders that stand here. Without it, pending and rejected ones are left out.
    #[param(inline)]
    status: Option<StatusBody>,
    /// Only this customer's orders.
    #[param(value_type = Option<String>, pattern = "^cus_[A-Za-z0-9_-]{1,60}$")]
    customer_id: Option<CustomerId>,
    /// Only orders changed at this time or later. To keep up, ask with a minute before the last walk began.
    /// Write the + of an offset as %2B.
    #[param(value_type = Option<String>, format = DateTime)]
    updated_since: Option<Moment>,
    /// At most so many orders.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 100, default = 20)]
    limit: PageSize,
    /// The `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    starting_after: Option<Cursor>,
}

/// One page of orders.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderPage {
    /// Oldest first.
    data: Vec<OrderBody>,
    /// Whether there is another page.
    has_more: bool,
    /// What to ask the next page with; null on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// List orders.
///
/// Oldest first, by the time at which this service first wrote them down.
#[utoipa::path(
    get,
    path = "/orders",
    operation_id = "list_orders",
    tag = "orders",
    params(ListOrders),
    responses(
        (status = 200, description = "One page of orders.", body = OrderPage),
        (
            status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid_query`: a parameter that does not exist or does not fit."
        ),
    )
)]
pub(crate) async fn list_orders(
    State(api): State<Api>,
    Query(asked): Query<ListOrders>,
) -> Result<Json<OrderPage>, Problem> {
    let filter = Filter {
        status: asked.status.map(Status::from),
        customer_id: asked.customer_id,
        updated_since_ms: asked.updated_since.map(Moment::ms),
        after: asked.starting_after.map(|cursor| (cursor.created_at_ms, cursor.id)),
    };
    let found = orders::list(&mut *api.read().await?, &filter, asked.limit.and_one()).await?;
    let (page, has_more) = asked.limit.cut(found);
    let last = page.last().filter(|_| has_more);
    let next_cursor =
        last.map(|order| Cursor { created_at_ms: order.created_at_ms, id: order.id }.to_string());
    Ok(Json(OrderPage {
        data: page.into_iter().map(OrderBody::from).collect(),
        has_more,
        next_cursor,
    }))
}
