//! What a customer's page tells of an order.

use chassis_store::{DatabaseError, Tx};
use contracts::OrderId;
use contracts::placement::NoticeKind;
use sqlx::Row;
use sqlx::any::AnyRow;

/// A notice that was given.
#[derive(Debug, Clone, Copy)]
pub struct Notice {
    /// What it tells.
    pub kind: NoticeKind,
    /// Since when it is there, milliseconds since 1970 (UTC).
    pub created_at_ms: i64,
}

/// Writes a notice of an order that is there. `false`: one of this kind is there already, and nothing was written.
///
/// # Errors
/// Those of the database.
pub async fn insert(tx: &mut Tx, id: OrderId, notice: Notice) -> Result<bool, DatabaseError> {
    let done = sqlx::query(
        "insert into notices (order_id, kind, created_at_ms)
         values ($1, $2, $3)
         on conflict do nothing",
    )
    .bind(id.to_string())
    .bind(notice.kind.as_str())
    .bind(notice.created_at_ms)
    .execute(&mut *tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The notices of an order, oldest first: at most one of each kind.
///
/// # Errors
/// Those of the database.
pub async fn list(tx: &mut Tx, id: OrderId) -> Result<Vec<Notice>, DatabaseError> {
    let rows = sqlx::query(
        "select kind, created_at_ms
           from notices
          where order_id = $1
          order by created_at_ms, kind",
    )
    .bind(id.to_string())
    .fetch_all(&mut *tx)
    .await?;
    rows.iter().map(read).collect()
}

/// The kind of this word.
#[must_use]
pub fn kind_of(word: &str) -> Option<NoticeKind> {
    NoticeKind::ALL.into_iter().find(|kind| kind.as_str() == word)
}

fn read(row: &AnyRow) -> Result<Notice, DatabaseError> {
    let word: String = row.try_get("kind")?;
    let kind = kind_of(&word)
        .ok_or_else(|| DatabaseError::bad_row(format!("no notice is of the kind {word:?}")))?;
    Ok(Notice { kind, created_at_ms: row.try_get("created_at_ms")? })
}
