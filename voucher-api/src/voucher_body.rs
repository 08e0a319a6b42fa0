//! A voucher as callers see it. Its code is a secret: shown to those who hand it to the customer, to nobody else.

use crate::voucher::Voucher;
use crate::{BACK_OFFICE, SHOP};
use chassis::auth::Caller;
use chassis::time::Moment;
use contracts::{CustomerId, OrderId, VoucherId};
use serde::Serialize;
use utoipa::ToSchema;

/// A voucher.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Voucher)]
pub(crate) struct VoucherBody {
    /// Names the voucher. Not the secret that redeems it.
    #[schema(value_type = String, example = "vch_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01")]
    id: VoucherId,
    /// The secret that redeems it; only for the back office and the shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "7K3M-9QXA-2VWT-0HRD-C")]
    code: Option<String>,
    /// Whether it can still be redeemed.
    status: VoucherStatus,
    /// The order that earned it.
    #[schema(value_type = String, example = "ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01")]
    order_id: OrderId,
    /// Whose it is.
    #[schema(value_type = String, example = "cus_ada")]
    customer_id: CustomerId,
    /// The rule that gave it.
    #[schema(example = "sent-order-over-100-eur")]
    rule: String,
    /// The rule's version when the order was sent.
    rule_version: u32,
    /// What it is worth.
    value: MoneyBody,
    /// When it was issued.
    #[schema(format = DateTime)]
    issued_at: String,
    /// When it was redeemed; null until then.
    #[schema(format = DateTime, required)]
    redeemed_at: Option<String>,
    /// The order that was paid with it; null until then.
    #[schema(value_type = Option<String>, required)]
    redeemed_order_id: Option<OrderId>,
}

/// Whether a voucher can still be redeemed.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum VoucherStatus {
    /// It can.
    Issued,
    /// It was.
    Redeemed,
}

/// A sum of money in whole minor units.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Money)]
pub(crate) struct MoneyBody {
    /// Minor units: 500 is 5.00 EUR.
    #[schema(minimum = 1, example = 500)]
    amount: i64,
    /// ISO 4217.
    #[schema(pattern = "^[A-Z]{3}$", example = "EUR")]
    currency: &'static str,
}

impl VoucherBody {
    /// The voucher as this caller may see it.
    pub(crate) fn for_caller(voucher: Voucher, caller: &Caller) -> Self {
        let may_see_code = [BACK_OFFICE, SHOP].contains(&caller.role);
        let redeemed = voucher.redeemed;
        Self {
            id: voucher.id,
            code: may_see_code.then(|| voucher.code.readable()),
            status: match redeemed {
                None => VoucherStatus::Issued,
                Some(_) => VoucherStatus::Redeemed,
            },
            order_id: voucher.order_id,
            customer_id: voucher.customer_id,
            rule: voucher.rule,
            rule_version: voucher.rule_version,
            value: MoneyBody {
                amount: voucher.value.amount_minor,
                currency: voucher.value.currency.code(),
            },
            issued_at: written(voucher.created_at_ms),
            redeemed_at: redeemed.as_ref().map(|redemption| written(redemption.at_ms)),
            redeemed_order_id: redeemed.map(|redemption| redemption.order_id),
        }
    }
}

/// RFC 3339, UTC, milliseconds.
fn written(ms: i64) -> String {
    Moment::from_ms(ms).to_string()
}
