//! `GET /orders/{id}/notices`: what the customer's page tells of an order.

use crate::api::Api;
use crate::get_order::order_unknown;
use crate::give_notice::NoticeKindBody;
use crate::store::notices::{self, Notice};
use crate::store::orders;
use axum::extract::State;
use chassis::problem::{Json, Path, Problem, ProblemBody};
use chassis::time::Moment;
use contracts::OrderId;
use serde::Serialize;
use utoipa::ToSchema;

/// The notices of an order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoticeList {
    /// Oldest first, at most one of each kind.
    data: Vec<NoticeBody>,
}

/// A notice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notice)]
struct NoticeBody {
    /// What it tells.
    kind: NoticeKindBody,
    /// Since when it is there.
    #[schema(value_type = String, format = DateTime)]
    created_at: Moment,
}

/// List the notices of an order.
///
/// There are at most as many as kinds, so that they are not cut into pages.
#[utoipa::path(
    get,
    path = "/orders/{id}/notices",
    operation_id = "list_notices",
    tag = "placement",
    params(("id" = String, Path, description = "The order's id.")),
    responses(
        (status = 200, description = "The notices.", body = NoticeList),
        (
            status = 404, description = "`order_unknown`: there is no such order.",
            body = ProblemBody, content_type = "application/problem+json"
        ),
    )
)]
pub(crate) async fn list_notices(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<NoticeList>, Problem> {
    let id: OrderId = id.parse().map_err(|_| order_unknown())?;
    let mut connection = api.read().await?;
    orders::find(&mut connection, id).await?.ok_or_else(order_unknown)?;
    let given = notices::list(&mut connection, id).await?;
    Ok(Json(NoticeList { data: given.into_iter().map(NoticeBody::from).collect() }))
}

impl From<Notice> for NoticeBody {
    fn from(notice: Notice) -> Self {
        Self { kind: notice.kind.into(), created_at: Moment::from_ms(notice.created_at_ms) }
    }
}
