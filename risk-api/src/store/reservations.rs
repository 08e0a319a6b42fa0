//! Reservations.

use super::parse;
use crate::cursor::Cursor;
use crate::reservation::{Reservation, State, StateName};
use chassis_store::{DatabaseError, Tx};
use contracts::{CustomerId, Money, OrderId, Reason};
use sqlx::any::AnyRow;
use sqlx::{Any, AnyPool, Executor, Row};

macro_rules! list_where {
    ($filter:literal) => {
        concat!(
            "select *
             from reservations
             where ",
            $filter,
            "
               and updated_at >= $2
               and (created_at, order_id) > ($3, $4)
             order by created_at, order_id
             limit $5"
        )
    };
}

/// Which reservations to list.
#[derive(Debug, Clone)]
pub(crate) struct ReservationFilter {
    pub(crate) state: Option<StateName>,
    pub(crate) updated_since_ms: i64,
    /// Only those behind this one.
    pub(crate) after: Option<Cursor>,
    pub(crate) limit: i64,
}

/// Records a reservation of an order that has none.
pub(crate) async fn insert(tx: &mut Tx, reservation: &Reservation) -> Result<(), DatabaseError> {
    sqlx::query(
        "insert into reservations
           (order_id, customer_id, amount_minor, currency, score_delta, state, created_at, updated_at)
         values ($1, $2, $3, $4, $5, 'reserved', $6, $6)",
    )
    .bind(reservation.order_id.to_string())
    .bind(reservation.customer_id.as_str())
    .bind(reservation.amount.amount_minor)
    .bind(reservation.amount.currency.code())
    .bind(reservation.score_delta)
    .bind(reservation.created_at_ms)
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// The reservation of this order.
pub(crate) async fn reservation(
    tx: &mut Tx,
    order_id: OrderId,
) -> Result<Option<Reservation>, DatabaseError> {
    find_reservation(&mut *tx, order_id).await
}

/// The same, for whoever changes nothing.
pub(crate) async fn find_reservation<'e>(
    database: impl Executor<'e, Database = Any>,
    order_id: OrderId,
) -> Result<Option<Reservation>, DatabaseError> {
    let row = sqlx::query("select * from reservations where order_id = $1")
        .bind(order_id.to_string())
        .fetch_optional(database)
        .await?;
    row.as_ref().map(read).transpose()
}

/// Confirms what is reserved. Whether it was.
pub(crate) async fn confirm(
    tx: &mut Tx,
    order_id: OrderId,
    at_ms: i64,
) -> Result<bool, DatabaseError> {
    let result = sqlx::query(
        "update reservations
         set state = 'confirmed',
             updated_at = $2
         where order_id = $1
           and state = 'reserved'",
    )
    .bind(order_id.to_string())
    .bind(at_ms)
    .execute(&mut *tx)
    .await?;
    Ok(result.rows_affected() == 1)
}

/// Takes back what is live as if it had never been. The state that it was in, if there was any.
pub(crate) async fn delete(
    tx: &mut Tx,
    order_id: OrderId,
) -> Result<Option<StateName>, DatabaseError> {
    let row = sqlx::query(
        "delete from reservations
         where order_id = $1
           and state <> 'released'
         returning *",
    )
    .bind(order_id.to_string())
    .fetch_optional(&mut *tx)
    .await?;
    Ok(row.as_ref().map(read).transpose()?.map(|reservation| reservation.state.name()))
}

/// Releases what is live and keeps the row.
pub(crate) async fn close(
    tx: &mut Tx,
    order_id: OrderId,
    reason: &Reason,
    at_ms: i64,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "update reservations
         set state = 'released',
             reason = $2,
             updated_at = $3
         where order_id = $1
           and state <> 'released'",
    )
    .bind(order_id.to_string())
    .bind(reason.as_str())
    .bind(at_ms)
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// The oldest live reservations of a customer.
pub(crate) async fn live_of<'e>(
    database: impl Executor<'e, Database = Any>,
    customer_id: &CustomerId,
    limit: i64,
) -> Result<Vec<Reservation>, DatabaseError> {
    let rows = sqlx::query(
        "select *
         from reservations
         where customer_id = $1
           and state <> 'released'
         order by created_at, order_id
         limit $2",
    )
    .bind(customer_id.as_str())
    .bind(limit)
    .fetch_all(database)
    .await?;
    rows.iter().map(read).collect()
}

/// Reservations by (made, order).
pub(crate) async fn list(
    pool: &AnyPool,
    filter: &ReservationFilter,
) -> Result<Vec<Reservation>, DatabaseError> {
    let text = match filter.state {
        None => list_where!("$1 = $1"),
        Some(_) => list_where!("state = $1"),
    };
    let (after_ms, after_id) = match filter.after {
        Some(cursor) => (cursor.created_at_ms, cursor.order_id.to_string()),
        None => (i64::MIN, String::new()),
    };
    let rows = sqlx::query(text)
        .bind(filter.state.map(StateName::as_str).unwrap_or_default())
        .bind(filter.updated_since_ms)
        .bind(after_ms)
        .bind(after_id)
        .bind(filter.limit)
        .fetch_all(pool)
        .await?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<Reservation, DatabaseError> {
    let text = |column: &str| row.try_get::<String, _>(column);
    let reason: Option<String> = row.try_get("reason")?;
    let state = match (text("state")?.as_str(), reason) {
        ("reserved", None) => State::Reserved,
        ("confirmed", None) => State::Confirmed,
        ("released", Some(reason)) => State::Released(parse(&reason)?),
        (state, _) => {
            return Err(DatabaseError::bad_row(format!("a reservation cannot be {state} so")));
        }
    };
    Ok(Reservation {
        order_id: parse(&text("order_id")?)?,
        customer_id: parse(&text("customer_id")?)?,
        amount: Money::of_minor(row.try_get("amount_minor")?, parse(&text("currency")?)?),
        score_delta: row.try_get("score_delta")?,
        state,
        created_at_ms: row.try_get("created_at")?,
        updated_at_ms: row.try_get("updated_at")?,
    })
}
