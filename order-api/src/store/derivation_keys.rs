//! The one fingerprint of the key from which this installation derives ids.

use chassis_store::{DatabaseError, Tx};
use sqlx::Row;

/// A fingerprint on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Of the key.
    pub fingerprint: String,
    /// Since when, milliseconds since 1970 (UTC).
    pub recorded_at_ms: i64,
}

/// Records the fingerprint if there is none. `false`: there is one already, and nothing was written.
///
/// # Errors
/// Those of the database.
pub async fn record(tx: &mut Tx, new: &Recorded) -> Result<bool, DatabaseError> {
    let done = sqlx::query(
        "insert into derivation_key
           (only_row, fingerprint, recorded_at_ms)
         values (1, $1, $2)
         on conflict (only_row) do nothing",
    )
    .bind(new.fingerprint.as_str())
    .bind(new.recorded_at_ms)
    .execute(&mut *tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The fingerprint on record.
///
/// # Errors
/// Those of the database.
pub async fn find(tx: &mut Tx) -> Result<Option<Recorded>, DatabaseError> {
    let row = sqlx::query(
        "select fingerprint, recorded_at_ms
           from derivation_key",
    )
    .fetch_optional(&mut *tx)
    .await?;
    row.map(|row| {
        Ok(Recorded {
            fingerprint: row.try_get("fingerprint")?,
            recorded_at_ms: row.try_get("recorded_at_ms")?,
        })
    })
    .transpose()
}
