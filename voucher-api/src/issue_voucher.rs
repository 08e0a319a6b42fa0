//! `POST /vouchers`: the one voucher of this order and rule, issued now or before.
//!
//! Whoever asks again gets the same voucher, whatever value or version is asked for now. Fields that this service does
//! not know are ignored: the worker may be newer.

use crate::audit_trail::{Action, record};
use crate::code::VoucherCode;
use crate::voucher::Voucher;
use crate::voucher_body::VoucherBody;
use crate::{Api, store};
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::IntoResponse;
use chassis::auth::{Actor, Caller};
use chassis::problem::{FieldError, Json, Problem, ProblemBody};
use chassis_store::{DatabaseError, Tx, now_ms};
use contracts::VoucherId;
use contracts::vouchers::{CONTENTS_DIFFER, IssueVoucher};
use metrics::counter;
use tracing::info;
use utoipa::ToSchema;

/// The longest name of a rule.
const RULE_LIMIT: usize = 64;

/// Asks for the voucher of an order and rule. Other fields are ignored.
#[derive(ToSchema)]
#[schema(as = IssueVoucher)]
#[expect(dead_code, reason = "describes contracts::vouchers::IssueVoucher, which knows no OpenAPI")]
pub(crate) struct IssueVoucherBody {
    /// The order that earned it.
    #[schema(pattern = "^ord_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    order_id: String,
    /// Who receives it.
    #[schema(pattern = "^cus_[A-Za-z0-9_-]{1,60}$")]
    customer_id: String,
    /// The rule's name.
    #[schema(pattern = "^[a-z0-9-]{1,64}$", example = "sent-order-over-100-eur")]
    rule: String,
    /// The rule's version when the order was sent.
    #[schema(minimum = 1)]
    rule_version: u32,
    /// What it is worth.
    #[schema(value_type = crate::voucher_body::MoneyBody)]
    value: (),
}

/// Issue a voucher.
///
/// There is one per order and rule, for ever; asking again answers it. The code is not in the answer to the worker.
#[utoipa::path(
    post,
    path = "/vouchers",
    operation_id = "issue_voucher",
    tag = "vouchers",
    request_body = IssueVoucherBody,
    responses(
        (
            status = 201, description = "Issued now.", body = VoucherBody,
            headers(("location" = String, description = "Where the voucher is."))
        ),
        (
            status = 200, description = "Issued before, as it stands.", body = VoucherBody,
            headers(("location" = String, description = "Where the voucher is."))
        ),
        (
            status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid_body`: a field that does not fit. `contents_differ`: this order has a voucher of \
                this rule, for another customer."
        ),
    )
)]
pub(crate) async fn issue_voucher(
    State(api): State<Api>,
    caller: Caller,
    Json(asked): Json<IssueVoucher>,
) -> Result<impl IntoResponse, Problem> {
    let customer_id = asked.customer_id.clone();
    let wanted = voucher_of(asked)?;
    let (id, actor) = (wanted.id, Actor::of(caller.clone()));
    let voucher = api
        .database
        .at(&crash_points::VOUCHER_API_ISSUE_VOUCHER)
        .write((wanted, actor), |tx, (wanted, actor)| Box::pin(issue(tx, wanted, actor)))
        .await?;
    if voucher.customer_id != customer_id {
        return Err(contents_differ());
    }
    let is_new = voucher.id == id;
    if is_new {
        counter!("vouchers_issued_total").increment(1);
        let (order_id, amount_minor) = (voucher.order_id, voucher.value.amount_minor);
        info!(voucher.id = %id, order.id = %order_id, amount_minor, "issued voucher {id} for order {order_id}");
    }
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let location: [(HeaderName, String); 1] =
        [(header::LOCATION, format!("/vouchers/{}", voucher.id))];
    Ok((status, location, Json(VoucherBody::for_caller(voucher, &caller))))
}

/// Answers the voucher that the order has afterwards: the wanted one, or the one from before.
async fn issue(tx: &mut Tx, wanted: &Voucher, actor: &Actor) -> Result<Voucher, DatabaseError> {
    store::insert(tx, wanted).await?;
    let voucher = store::of_order(tx, wanted.order_id, &wanted.rule).await?;
    let voucher = voucher.ok_or_else(|| DatabaseError::bad_row("an inserted voucher is gone"))?;
    if voucher.id == wanted.id {
        let (order_id, at_ms) = (wanted.order_id, wanted.created_at_ms);
        record(tx, actor, Action::Issued, wanted, order_id, at_ms).await?;
    }
    Ok(voucher)
}

fn voucher_of(asked: IssueVoucher) -> Result<Voucher, Problem> {
    let is_rule_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let mut errors = Vec::new();
    if !(1..=RULE_LIMIT).contains(&asked.rule.len()) || !asked.rule.chars().all(is_rule_char) {
        errors.push(FieldError::new("/rule", "must be 1 to 64 lower-case letters, digits or -"));
    }
    if asked.rule_version == 0 {
        errors.push(FieldError::new("/rule_version", "must be 1 or more"));
    }
    if asked.value.amount_minor <= 0 {
        errors.push(FieldError::new("/value/amount", "must be more than nothing"));
    }
    if !errors.is_empty() {
        return Err(Problem::invalid_body(errors));
    }
    Ok(Voucher {
        id: VoucherId::make(),
        code: VoucherCode::make().map_err(|cause| Problem::internal(&cause))?,
        order_id: asked.order_id,
        customer_id: asked.customer_id,
        rule: asked.rule,
        rule_version: asked.rule_version,
        value: asked.value,
        created_at_ms: now_ms(),
        redeemed: None,
    })
}

fn contents_differ() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        CONTENTS_DIFFER,
        "this order has a voucher of this rule for another customer; find out whose order it is",
    )
}
