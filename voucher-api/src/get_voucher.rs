//! `GET /vouchers/{id}`: a voucher as it stands.

use crate::voucher_body::VoucherBody;
use crate::{Api, store};
use axum::extract::State;
use axum::http::StatusCode;
use chassis::auth::Caller;
use chassis::problem::{Json, Path, Problem, ProblemBody};
use contracts::VoucherId;

/// Show a voucher.
///
/// The code is shown to the back office and the shop only.
#[utoipa::path(
    get,
    path = "/vouchers/{id}",
    operation_id = "get_voucher",
    tag = "vouchers",
    params(("id" = String, Path, description = "The voucher's id.")),
    responses(
        (status = 200, description = "The voucher.", body = VoucherBody),
        (
            status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`voucher_unknown`: there is no such voucher."
        ),
    )
)]
pub(crate) async fn get_voucher(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<VoucherBody>, Problem> {
    // A text that is no id names no voucher.
    let id: VoucherId = id.parse().map_err(|_| voucher_unknown())?;
    let voucher = store::find(api.database.reader(), id).await?.ok_or_else(voucher_unknown)?;
    Ok(Json(VoucherBody::for_caller(voucher, &caller)))
}

fn voucher_unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "voucher_unknown", "there is no such voucher; check its id")
}
