//! Who changed which account how, and which order kept or gave up its credit: written in the transaction that did it, and
//! only ever added to.
//!
//! A reservation is on record from its confirmation on. A placement that fails before that leaves no row here either.

use chassis::auth::Actor;
use chassis_store::{DatabaseError, Tx};
use uuid::Uuid;

/// What is put on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// An account was opened.
    Opened,
    /// An account got other terms.
    Changed,
    /// An order was approved, and keeps its credit.
    Confirmed,
    /// A reservation that was confirmed is gone all the same.
    Undone,
    /// An order needs its credit no longer; its reservation is kept.
    Closed,
}

impl Action {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "account.opened",
            Self::Changed => "account.changed",
            Self::Confirmed => "reservation.confirmed",
            Self::Undone => "reservation.undone",
            Self::Closed => "reservation.closed",
        }
    }
}

/// Puts on record that `actor` did this to the account or reservation `subject`.
pub(crate) async fn record(
    tx: &mut Tx,
    actor: &Actor,
    action: Action,
    (subject, contents): (&str, &str),
    at_ms: i64,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "insert into audit_trail
           (id, at_ms, caller, role, action, subject, contents, request_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(format!("aud_{}", Uuid::now_v7()))
    .bind(at_ms)
    .bind(actor.name())
    .bind(actor.caller.role.name())
    .bind(action.as_str())
    .bind(subject)
    .bind(contents)
    .bind(actor.request_id.as_deref())
    .execute(&mut *tx)
    .await?;
    Ok(())
}
