//! Orders that are not decided: approved, kept as rejected, or taken back. Each changes only a pending order.
//!
//! Whoever calls these holds the order's row in `tombstones`, so that what was found out under it still holds.

use crate::order::Order;
use crate::store::orders::{columns, read_order};
use chassis_store::{DatabaseError, Tx};
use contracts::OrderId;

/// Approves a pending order. `None`: it is not pending, or not there, and nothing was written.
///
/// # Errors
/// Those of the database.
pub async fn approve(
    tx: &mut Tx,
    id: OrderId,
    now_ms: i64,
) -> Result<Option<Order>, DatabaseError> {
    let row = sqlx::query(concat!(
        "update orders
            set status = 'approved',
                approved_at_ms = $2,
                updated_at_ms = $2
          where id = $1
            and status = 'pending'
         returning ",
        columns!(),
    ))
    .bind(id.to_string())
    .bind(now_ms)
    .fetch_optional(&mut *tx)
    .await?;
    row.as_ref().map(read_order).transpose()
}

/// Takes back a pending order as if it had never been.
///
/// # Errors
/// Those of the database.
pub async fn delete(tx: &mut Tx, id: OrderId) -> Result<(), DatabaseError> {
    sqlx::query(
        "delete from orders
          where id = $1
            and status = 'pending'",
    )
    .bind(id.to_string())
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// Keeps a pending order as rejected.
///
/// # Errors
/// Those of the database.
pub async fn reject(tx: &mut Tx, id: OrderId, now_ms: i64) -> Result<(), DatabaseError> {
    sqlx::query(
        "update orders
            set status = 'rejected',
                updated_at_ms = $2
          where id = $1
            and status = 'pending'",
    )
    .bind(id.to_string())
    .bind(now_ms)
    .execute(&mut *tx)
    .await?;
    Ok(())
}
