//! `GET /vouchers`: the caller's vouchers, page by page, oldest first.

use crate::customer::Customer;
use crate::list_orders::ListPage;
use crate::services::vouchers::ShopVoucher;
use crate::shop::Shop;
use axum::extract::State;
use chassis::problem::{Json, Problem, ProblemBody, Query};
use serde::Serialize;
use utoipa::ToSchema;

/// One page of vouchers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VoucherPage {
    /// Oldest first.
    data: Vec<ShopVoucher>,
    /// Whether there is another page.
    has_more: bool,
    /// What to ask the next page with; null on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// List one's vouchers.
///
/// Oldest first, with the codes that redeem them.
#[utoipa::path(
    get,
    path = "/vouchers",
    operation_id = "list_vouchers",
    tag = "vouchers",
    params(ListPage),
    responses(
        (status = 200, description = "One page of vouchers.", body = VoucherPage),
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
pub(crate) async fn list_vouchers(
    State(shop): State<Shop>,
    Customer(customer_id): Customer,
    Query(page): Query<ListPage>,
) -> Result<Json<VoucherPage>, Problem> {
    let page = shop.services().vouchers_of(&customer_id, &page.asked()?).await?;
    Ok(Json(VoucherPage {
        data: page.data,
        has_more: page.has_more,
        next_cursor: page.next_cursor,
    }))
}
