//! The row in which do and undo of an order's placement meet.

use crate::contents_hash::ContentsHash;
use chassis_store::{DatabaseError, Tx};
use contracts::Reason;
use contracts::{CustomerId, OrderId};
use sqlx::Row;
use sqlx::any::AnyRow;

/// An order that was discarded: there is none of this id, now and for ever.
#[derive(Debug, Clone)]
pub struct Tombstone {
    /// Whose it would have been.
    pub customer_id: CustomerId,
    /// The hash of the request that was discarded.
    pub contents_hash: ContentsHash,
    /// Why, as it was said first.
    pub reason: Reason,
}

/// Locks the order until the transaction ends; the first statement of create, approve and discard. Its tombstone, if it
/// was discarded.
///
/// # Errors
/// Those of the database.
pub async fn lock_order(tx: &mut Tx, id: OrderId) -> Result<Option<Tombstone>, DatabaseError> {
    // An update that changes nothing: `do nothing` would neither lock the row nor answer it.
    let row = sqlx::query(
        "insert into tombstones (order_id)
         values ($1)
         on conflict (order_id) do update
            set order_id = excluded.order_id
         returning customer_id, contents_hash, reason",
    )
    .bind(id.to_string())
    .fetch_one(&mut *tx)
    .await?;
    read(&row)
}

/// The order's tombstone, if it was discarded.
///
/// # Errors
/// Those of the database.
pub async fn find(tx: &mut Tx, id: OrderId) -> Result<Option<Tombstone>, DatabaseError> {
    let row = sqlx::query(
        "select customer_id, contents_hash, reason
           from tombstones
          where order_id = $1",
    )
    .bind(id.to_string())
    .fetch_optional(&mut *tx)
    .await?;
    row.as_ref().map_or(Ok(None), read)
}

/// There is no such order, for ever. The first tombstone stays.
///
/// # Errors
/// Those of the database.
pub async fn bury(tx: &mut Tx, id: OrderId, tombstone: &Tombstone) -> Result<(), DatabaseError> {
    sqlx::query(
        "update tombstones
            set customer_id = $2,
                contents_hash = $3,
                reason = $4
          where order_id = $1
            and reason is null",
    )
    .bind(id.to_string())
    .bind(tombstone.customer_id.as_str())
    .bind(tombstone.contents_hash.as_str())
    .bind(tombstone.reason.as_str())
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// Leaves nothing of an order that is not there: the row was made to be locked. Whoever waits for it makes it anew.
///
/// # Errors
/// Those of the database.
pub async fn forget_order(tx: &mut Tx, id: OrderId) -> Result<(), DatabaseError> {
    sqlx::query(
        "delete from tombstones
          where order_id = $1
            and reason is null",
    )
    .bind(id.to_string())
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// Only a row with a reason is a tombstone; without one it is a lock.
fn read(row: &AnyRow) -> Result<Option<Tombstone>, DatabaseError> {
    let Some(reason) = row.try_get::<Option<String>, _>("reason")? else {
        return Ok(None);
    };
    let word = |column: &str| row.try_get::<String, _>(column);
    Ok(Some(Tombstone {
        customer_id: word("customer_id")?.parse().map_err(DatabaseError::bad_row)?,
        contents_hash: word("contents_hash")?.parse().map_err(DatabaseError::bad_row)?,
        reason: reason.parse().map_err(DatabaseError::bad_row)?,
    }))
}
