//! Who issued and redeemed what: written in the transaction that did it, and only ever added to.

use crate::voucher::Voucher;
use chassis::auth::Actor;
use chassis_store::{DatabaseError, Tx};
use contracts::OrderId;
use uuid::Uuid;

/// What is put on record.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    /// A voucher was issued for an order.
    Issued,
    /// A voucher was redeemed for an order.
    Redeemed,
}

impl Action {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "voucher.issued",
            Self::Redeemed => "voucher.redeemed",
        }
    }
}

/// Puts on record that `actor` did this to the voucher for this order.
pub(crate) async fn record(
    tx: &mut Tx,
    actor: &Actor,
    action: Action,
    voucher: &Voucher,
    order_id: OrderId,
    at_ms: i64,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "insert into audit_trail
           (id, at_ms, caller, role, action, subject, order_id, request_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(format!("aud_{}", Uuid::now_v7()))
    .bind(at_ms)
    .bind(actor.name())
    .bind(actor.caller.role.name())
    .bind(action.as_str())
    .bind(voucher.id.to_string())
    .bind(order_id.to_string())
    .bind(actor.request_id.as_deref())
    .execute(&mut *tx)
    .await?;
    Ok(())
}
