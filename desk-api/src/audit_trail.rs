//! Who opened, closed and decided which case, when and why: written in the transaction that did it, and only ever added
//! to. The decisions of a case are read from it.

use crate::case::Name;
use chassis::auth::Actor;
use chassis_store::{DatabaseError, Tx};
use contracts::cases::Decision;
use sqlx::any::AnyRow;
use sqlx::{Any, Executor, Row};
use uuid::Uuid;

/// What is put on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Found for the first time.
    Opened,
    /// Found again after it was closed.
    OpenedAgain,
    /// What was wrong is so no longer.
    Resolved,
    /// A person decided.
    Decided(Decision),
}

impl Action {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::OpenedAgain => "opened_again",
            Self::Resolved => "resolved",
            Self::Decided(decision) => decision.as_str(),
        }
    }
}

/// What a person decided, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decided {
    pub(crate) decision: Decision,
    pub(crate) because: Option<String>,
    pub(crate) by: String,
    pub(crate) at_ms: i64,
}

/// Puts on record that `actor` did this to the case, in these words.
pub(crate) async fn record(
    tx: &mut Tx,
    actor: &Actor,
    action: Action,
    (name, contents): (&Name, Option<&str>),
    at_ms: i64,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "insert into audit_trail
           (id, at_ms, caller, role, action, kind, subject, contents, request_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(format!("aud_{}", Uuid::now_v7()))
    .bind(at_ms)
    .bind(actor.name())
    .bind(actor.caller.role.name())
    .bind(action.as_str())
    .bind(name.kind.as_str())
    .bind(&*name.subject)
    .bind(contents)
    .bind(actor.request_id.as_deref())
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// The latest decisions of a case, the last one first.
pub(crate) async fn decisions<'e>(
    database: impl Executor<'e, Database = Any>,
    name: &Name,
    limit: i64,
) -> Result<Vec<Decided>, DatabaseError> {
    let rows = sqlx::query(
        "select *
         from audit_trail
         where kind = $1
           and subject = $2
           and action in ('retry', 'skip', 'abandon')
         order by at_ms desc, id desc
         limit $3",
    )
    .bind(name.kind.as_str())
    .bind(&*name.subject)
    .bind(limit)
    .fetch_all(database)
    .await?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<Decided, DatabaseError> {
    Ok(Decided {
        decision: row.try_get::<String, _>("action")?.parse().map_err(DatabaseError::bad_row)?,
        because: row.try_get("contents")?,
        by: row.try_get("caller")?,
        at_ms: row.try_get("at_ms")?,
    })
}
