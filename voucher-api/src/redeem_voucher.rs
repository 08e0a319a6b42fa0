//! `POST /vouchers/{code}/redeem`: a voucher is redeemed once, by its customer.
//!
//! Repeatable for the same order. Another customer's code answers exactly as one that does not exist, and looking for
//! codes that do not exist is limited.

use crate::audit_trail::{Action, record};
use crate::code::VoucherCode;
use crate::voucher::{Redeeming, Redemption, Voucher};
use crate::voucher_body::VoucherBody;
use crate::{Api, store};
use axum::extract::State;
use axum::http::StatusCode;
use chassis::auth::{Actor, Caller};
use chassis::problem::{Json, Path, Problem, ProblemBody};
use chassis_store::{DatabaseError, Tx, now_ms};
use contracts::{CustomerId, OrderId};
use metrics::counter;
use serde::Deserialize;
use std::time::Instant;
use tracing::{info, warn};
use utoipa::ToSchema;

/// For which order, and whose voucher it is.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedeemVoucher {
    /// The order that is paid with it.
    #[schema(value_type = String, pattern = "^ord_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    order_id: OrderId,
    /// The customer who shows the code.
    #[schema(value_type = String, pattern = "^cus_[A-Za-z0-9_-]{1,60}$")]
    customer_id: CustomerId,
}

/// Redeem a voucher.
///
/// Once; again for the same order gives the same answer. Reading a code forgives case, hyphens and look-alikes.
#[utoipa::path(
    post,
    path = "/vouchers/{code}/redeem",
    operation_id = "redeem_voucher",
    tag = "vouchers",
    params(("code" = String, Path, description = "The secret code.", example = "7K3M-9QXA-2VWT-0HRD-C")),
    request_body = RedeemVoucher,
    responses(
        (status = 200, description = "Redeemed for this order, now or before.", body = VoucherBody),
        (
            status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`voucher_unknown`: this customer has no voucher of this code."
        ),
        (
            status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`voucher_redeemed`: it was redeemed for another order."
        ),
        (
            status = 429, body = ProblemBody, content_type = "application/problem+json",
            description = "`too_many_lookups`: too many codes that do not exist; see `retry-after`."
        ),
    )
)]
pub(crate) async fn redeem_voucher(
    State(api): State<Api>,
    caller: Caller,
    Path(code): Path<String>,
    Json(asked): Json<RedeemVoucher>,
) -> Result<Json<VoucherBody>, Problem> {
    let code: VoucherCode = code.parse().map_err(|_| voucher_unknown())?;
    let look_up = api
        .lookups
        .take(&caller, &asked.customer_id, Instant::now())
        .map_err(|too_many| too_many_lookups(too_many.retry_after.as_secs(), &caller))?;
    let actor = Actor::of(caller.clone());
    let outcome = api
        .database
        .at(&crash_points::VOUCHER_API_REDEEM_VOUCHER)
        .write((code, asked, actor), |tx, (code, asked, actor)| {
            Box::pin(redeem(tx, code, asked, actor))
        })
        .await?;
    match outcome {
        Outcome { redeeming: Redeeming::Unknown, .. } | Outcome { voucher: None, .. } => {
            look_up.charge();
            Err(voucher_unknown())
        }
        Outcome { redeeming: Redeeming::ForAnother, .. } => Err(voucher_redeemed()),
        Outcome { redeeming, voucher: Some(voucher) } => {
            if redeeming == Redeeming::Now {
                counter!("vouchers_redeemed_total").increment(1);
                info!(voucher.id = %voucher.id, "redeemed voucher {}", voucher.id);
            }
            Ok(Json(VoucherBody::for_caller(voucher, &caller)))
        }
    }
}

/// What became of the request, and the voucher as it stands.
struct Outcome {
    redeeming: Redeeming,
    voucher: Option<Voucher>,
}

/// The update decides, also between two at once; what is read afterwards says why it did not.
async fn redeem(
    tx: &mut Tx,
    code: &VoucherCode,
    asked: &RedeemVoucher,
    actor: &Actor,
) -> Result<Outcome, DatabaseError> {
    let code = code.canonical();
    let redemption = Redemption { at_ms: now_ms(), order_id: asked.order_id };
    let is_redeemed_now = store::redeem(tx, &code, &asked.customer_id, &redemption).await?;
    let Some(voucher) = store::of_code(tx, &code).await? else {
        return Ok(Outcome { redeeming: Redeeming::Unknown, voucher: None });
    };
    if is_redeemed_now {
        let Redemption { at_ms, order_id } = redemption;
        record(tx, actor, Action::Redeemed, &voucher, order_id, at_ms).await?;
        return Ok(Outcome { redeeming: Redeeming::Now, voucher: Some(voucher) });
    }
    match voucher.redeeming(&asked.customer_id, asked.order_id) {
        Redeeming::Now => Err(DatabaseError::bad_row("a free voucher could not be redeemed")),
        redeeming @ (Redeeming::Before | Redeeming::ForAnother | Redeeming::Unknown) => {
            Ok(Outcome { redeeming, voucher: Some(voucher) })
        }
    }
}

fn voucher_unknown() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "voucher_unknown",
        "this customer has no voucher of this code; check what was typed",
    )
}

fn voucher_redeemed() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "voucher_redeemed",
        "this voucher was redeemed for another order; it is worth nothing any more",
    )
}

fn too_many_lookups(seconds: u64, caller: &Caller) -> Problem {
    warn!(caller.name = %caller.name, "caller {} asked for too many unknown codes", caller.name);
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too_many_lookups",
        "too many codes that do not exist; wait and check what was typed",
    )
    .with_retry_after(u32::try_from(seconds).unwrap_or(u32::MAX).saturating_add(1))
}
