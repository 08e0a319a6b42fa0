//! `GET /vouchers`: vouchers page by page, oldest first.
//!
//! A voucher changes when it is issued and when it is redeemed. Whoever keeps up asks with an `updated_since` of a minute
//! before the last walk began, because a change is seen when it is committed, a moment after its time.

use crate::Api;
use crate::store::{self, VoucherFilter};
use crate::voucher::Voucher;
use crate::voucher_body::VoucherBody;
use axum::extract::State;
use chassis::auth::Caller;
use chassis::problem::{FieldError, Json, Problem, Query};
use chassis::time::Moment;
use contracts::{CustomerId, OrderId, VoucherId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Vouchers of a page when the caller does not say.
const DEFAULT_LIMIT: i64 = 20;
/// The most vouchers of a page: an answer that both sides hold in memory.
const MAX_LIMIT: i64 = 100;

/// Which vouchers, and which page of them.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListVouchers {
    /// Only those that this order earned.
    #[param(value_type = Option<String>, pattern = "^ord_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    order_id: Option<OrderId>,
    /// Only this customer's.
    #[param(value_type = Option<String>, pattern = "^cus_[A-Za-z0-9_-]{1,60}$")]
    customer_id: Option<CustomerId>,
    /// Only those issued or redeemed at this time or later. To keep up, ask with a minute before the last walk began.
    /// Write the + of an offset as %2B.
    #[param(value_type = Option<String>, format = DateTime)]
    updated_since: Option<Moment>,
    /// At most so many vouchers.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    starting_after: Option<VoucherId>,
}

/// One page of vouchers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VoucherPage {
    /// Oldest first.
    data: Vec<VoucherBody>,
    /// Whether there is another page.
    has_more: bool,
    /// What to ask the next page with; null on the last one.
    #[schema(value_type = Option<String>, required)]
    next_cursor: Option<VoucherId>,
}

/// List vouchers.
///
/// Oldest first, by the time at which they were issued. Codes are shown to the back office and the shop only.
#[utoipa::path(
    get,
    path = "/vouchers",
    operation_id = "list_vouchers",
    tag = "vouchers",
    params(ListVouchers),
    responses((status = 200, description = "One page of vouchers.", body = VoucherPage))
)]
pub(crate) async fn list_vouchers(
    State(api): State<Api>,
    caller: Caller,
    Query(asked): Query<ListVouchers>,
) -> Result<Json<VoucherPage>, Problem> {
    let limit = asked.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(refused("/limit", "must be 1 to 100"));
    }
    let after = match asked.starting_after {
        Some(id) => Some(place_of(&api, id).await?),
        None => None,
    };
    let filter = VoucherFilter {
        order_id: asked.order_id,
        customer_id: asked.customer_id,
        updated_since_ms: asked.updated_since.map_or(i64::MIN, Moment::ms),
        after,
        // One more than the page has: if it is there, so is another page.
        limit: limit + 1,
    };
    let vouchers = store::list(api.database.reader(), &filter).await?;
    Ok(Json(page_of(vouchers, usize::try_from(limit).unwrap_or(usize::MAX), &caller)))
}

/// Vouchers are never deleted, so that one that a page ended with is always there.
async fn place_of(api: &Api, id: VoucherId) -> Result<(i64, VoucherId), Problem> {
    let voucher = store::find(api.database.reader(), id).await?;
    let voucher = voucher
        .ok_or_else(|| refused("/starting_after", "is not a next_cursor of an earlier answer"))?;
    Ok((voucher.created_at_ms, id))
}

fn page_of(mut vouchers: Vec<Voucher>, size: usize, caller: &Caller) -> VoucherPage {
    let has_more = vouchers.len() > size;
    vouchers.truncate(size);
    let next_cursor = vouchers.last().filter(|_| has_more).map(|voucher| voucher.id);
    let data = vouchers.into_iter().map(|v| VoucherBody::for_caller(v, caller)).collect();
    VoucherPage { data, has_more, next_cursor }
}

fn refused(parameter: &str, why: &str) -> Problem {
    Problem::invalid_query(vec![FieldError::new(parameter, why)])
}
