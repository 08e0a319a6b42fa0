//! Who did what: written in the transaction that did it, and only ever added to.

use chassis::auth::Actor;
use chassis_store::{DatabaseError, Tx};
use uuid::Uuid;

/// What is put on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// An order was placed.
    OrderPlaced,
    /// A pending order was approved.
    OrderApproved,
    /// An order was brought from another system.
    OrderImported,
    /// An order was marked sent.
    OrderSent,
    /// An order was cancelled.
    OrderCancelled,
    /// A quarantined event was let go again.
    EventReleased,
    /// An event was settled by hand.
    EventSettled,
    /// The fingerprint of the derivation key was recorded.
    DerivationKeyRecorded,
}

impl Action {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OrderPlaced => "order.placed",
            Self::OrderApproved => "order.approved",
            Self::OrderImported => "order.imported",
            Self::OrderSent => "order.sent",
            Self::OrderCancelled => "order.cancelled",
            Self::EventReleased => "event.released",
            Self::EventSettled => "event.settled",
            Self::DerivationKeyRecorded => "derivation_key.recorded",
        }
    }
}

/// Puts on record that `actor` did this to `subject`.
///
/// # Errors
/// Those of the database.
pub async fn record(
    tx: &mut Tx,
    actor: &Actor,
    action: Action,
    subject: &str,
    at_ms: i64,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "insert into audit_trail
           (id, at_ms, caller, role, action, subject, request_id)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(format!("aud_{}", Uuid::now_v7()))
    .bind(at_ms)
    .bind(actor.name())
    .bind(actor.caller.role.name())
    .bind(action.as_str())
    .bind(subject)
    .bind(actor.request_id.as_deref())
    .execute(&mut *tx)
    .await?;
    Ok(())
}
