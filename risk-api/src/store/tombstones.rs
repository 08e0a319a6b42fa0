//! The row in which do and undo of an order meet.

use super::parse;
use chassis_store::{DatabaseError, Tx};
use contracts::{OrderId, Reason};
use sqlx::Row;

/// Locks the order until the transaction ends; the first statement of each that changes its reservation. Why the order
/// may reserve no more, if it may not.
pub(crate) async fn lock_order(
    tx: &mut Tx,
    order_id: OrderId,
) -> Result<Option<Reason>, DatabaseError> {
    // An update that changes nothing: `do nothing` would neither lock the row nor answer it.
    let row = sqlx::query(
        "insert into tombstones (order_id)
         values ($1)
         on conflict (order_id) do update
         set order_id = excluded.order_id
         returning reason",
    )
    .bind(order_id.to_string())
    .fetch_one(&mut *tx)
    .await?;
    row.try_get::<Option<String>, _>("reason")?.map(|reason| parse(&reason)).transpose()
}

/// The order reserves no more, for ever. The first reason stays.
pub(crate) async fn bury(
    tx: &mut Tx,
    order_id: OrderId,
    reason: &Reason,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "update tombstones
         set reason = $2
         where order_id = $1
           and reason is null",
    )
    .bind(order_id.to_string())
    .bind(reason.as_str())
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// Leaves nothing of an order that was refused: the row was there to be locked. Whoever waits for it makes it anew.
pub(crate) async fn forget_order(tx: &mut Tx, order_id: OrderId) -> Result<(), DatabaseError> {
    sqlx::query(
        "delete from tombstones
         where order_id = $1
           and reason is null",
    )
    .bind(order_id.to_string())
    .execute(&mut *tx)
    .await?;
    Ok(())
}
