//! Orders in the database.

use crate::order::{Line, Order, Origin, Status};
use chassis_store::{DatabaseError, Tx};
use contracts::{Currency, CustomerId, Money, OrderId};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

/// Named one by one: with `*`, a column added by a newer build breaks the statements that PostgreSQL has prepared.
macro_rules! columns {
    () => {
        "id, status, origin, external_ref, contents_hash, customer_id, lines, total_minor, currency,
         placed_at_ms, approved_at_ms, sent_at_ms, cancelled_at_ms, created_at_ms, updated_at_ms"
    };
}
pub(super) use columns;

/// How an order is found again by whoever made it.
#[derive(Debug, Clone, Copy)]
pub struct Origination<'a> {
    /// The caller and its Idempotency-Key, for an order that was placed.
    pub placed_by: Option<(&'a str, &'a str)>,
    /// What the request said, hashed.
    pub contents_hash: &'a str,
}

/// An order that a request asks to write and that is already there.
#[derive(Debug)]
pub struct Known {
    /// The order as it stands.
    pub order: Order,
    /// What the request that made it said, hashed.
    pub contents_hash: String,
}

/// Which orders to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those that stand here; without it, those that were ever approved.
    pub status: Option<Status>,
    /// Only this customer's.
    pub customer_id: Option<CustomerId>,
    /// Only those changed at this time or later, milliseconds since 1970.
    pub updated_since_ms: Option<i64>,
    /// Only those behind this place: when an order was first written and its id.
    pub after: Option<(i64, OrderId)>,
}

/// Writes a new order. `false`: an order of the same origination is there already, and nothing was written.
///
/// # Errors
/// Those of the database.
pub async fn insert(
    tx: &mut Tx,
    order: &Order,
    origination: Origination<'_>,
) -> Result<bool, DatabaseError> {
    let (placed_by, idempotency_key) = origination.placed_by.unzip();
    let done = sqlx::query(
        "insert into orders
           (id, status, origin, external_ref, placed_by, idempotency_key, contents_hash, customer_id, lines,
            total_minor, currency, placed_at_ms, approved_at_ms, created_at_ms, updated_at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         on conflict do nothing",
    )
    .bind(order.id.to_string())
    .bind(order.status.as_str())
    .bind(order.origin.as_str())
    .bind(order.external_ref.clone())
    .bind(placed_by.map(str::to_owned))
    .bind(idempotency_key.map(str::to_owned))
    .bind(origination.contents_hash.to_owned())
    .bind(order.customer_id.as_str())
    .bind(written_lines(&order.lines)?)
    .bind(order.total.amount_minor)
    .bind(order.total.currency.code())
    .bind(order.placed_at_ms)
    .bind(order.approved_at_ms)
    .bind(order.created_at_ms)
    .bind(order.updated_at_ms)
    .execute(&mut *tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The order that this caller made with this Idempotency-Key.
///
/// # Errors
/// Those of the database.
pub async fn find_by_key(
    tx: &mut Tx,
    caller: &str,
    idempotency_key: &str,
) -> Result<Option<Known>, DatabaseError> {
    let row = sqlx::query(concat!(
        "select ",
        columns!(),
        "
           from orders
          where placed_by = $1
            and idempotency_key = $2",
    ))
    .bind(caller.to_owned())
    .bind(idempotency_key.to_owned())
    .fetch_optional(&mut *tx)
    .await?;
    row.as_ref().map(read_known).transpose()
}

/// The order that was imported under this name.
///
/// # Errors
/// Those of the database.
pub async fn find_by_external_ref(
    tx: &mut Tx,
    external_ref: &str,
) -> Result<Option<Known>, DatabaseError> {
    let row = sqlx::query(concat!(
        "select ",
        columns!(),
        "
           from orders
          where external_ref = $1",
    ))
    .bind(external_ref.to_owned())
    .fetch_optional(&mut *tx)
    .await?;
    row.as_ref().map(read_known).transpose()
}

/// The order of this id.
///
/// # Errors
/// Those of the database.
pub async fn find(tx: &mut Tx, id: OrderId) -> Result<Option<Order>, DatabaseError> {
    Ok(find_known(tx, id).await?.map(|known| known.order))
}

/// The order of this id, and the hash of the request that made it.
///
/// # Errors
/// Those of the database.
pub async fn find_known(tx: &mut Tx, id: OrderId) -> Result<Option<Known>, DatabaseError> {
    let row = sqlx::query(concat!(
        "select ",
        columns!(),
        "
           from orders
          where id = $1",
    ))
    .bind(id.to_string())
    .fetch_optional(&mut *tx)
    .await?;
    row.as_ref().map(read_known).transpose()
}

/// Marks an approved order sent. `None`: it is not approved, or not there, and nothing was written.
///
/// # Errors
/// Those of the database.
pub async fn mark_sent(
    tx: &mut Tx,
    id: OrderId,
    now_ms: i64,
) -> Result<Option<Order>, DatabaseError> {
    let row = sqlx::query(concat!(
        "update orders
            set status = 'sent',
                sent_at_ms = $2,
                updated_at_ms = $2
          where id = $1
            and status = 'approved'
         returning ",
        columns!(),
    ))
    .bind(id.to_string())
    .bind(now_ms)
    .fetch_optional(&mut *tx)
    .await?;
    row.as_ref().map(read_order).transpose()
}

/// Cancels an approved order. `None`: it is not approved, or not there, and nothing was written.
///
/// # Errors
/// Those of the database.
pub async fn cancel(tx: &mut Tx, id: OrderId, now_ms: i64) -> Result<Option<Order>, DatabaseError> {
    let row = sqlx::query(concat!(
        "update orders
            set status = 'cancelled',
                cancelled_at_ms = $2,
                updated_at_ms = $2
          where id = $1
            and status = 'approved'
         returning ",
        columns!(),
    ))
    .bind(id.to_string())
    .bind(now_ms)
    .fetch_optional(&mut *tx)
    .await?;
    row.as_ref().map(read_order).transpose()
}

/// Orders in the order in which they were first written, at most `limit`.
///
/// That order never changes, whatever becomes of an order, so a reader that goes from page to page by `after` sees every
/// order that matched when it began exactly once; one that comes to match behind it has changed since, and the next walk
/// with `updated_since_ms` finds it.
///
/// # Errors
/// Those of the database.
pub async fn list(tx: &mut Tx, filter: &Filter, limit: i64) -> Result<Vec<Order>, DatabaseError> {
    let mut conditions = Vec::new();
    let mut next_parameter = 2..;
    let mut parameter = || next_parameter.next().unwrap_or_default();
    match filter.status {
        Some(_) => conditions.push(format!("status = ${}", parameter())),
        // What is not decided, or decided against, is no business of whoever sends parcels or keeps books.
        None => conditions.push("status not in ('pending', 'rejected')".to_owned()),
    }
    if filter.customer_id.is_some() {
        conditions.push(format!("customer_id = ${}", parameter()));
    }
    if filter.updated_since_ms.is_some() {
        conditions.push(format!("updated_at_ms >= ${}", parameter()));
    }
    if filter.after.is_some() {
        conditions.push(format!("(created_at_ms, id) > (${}, ${})", parameter(), parameter()));
    }
    let condition = conditions.join(" and ");
    // Safe: the text is made of the constants above alone; every value is bound.
    let mut query = sqlx::query(AssertSqlSafe(format!(
        "select {columns}
           from orders
          where {condition}
          order by created_at_ms, id
          limit $1",
        columns = columns!(),
    )))
    .bind(limit);
    if let Some(status) = filter.status {
        query = query.bind(status.as_str());
    }
    if let Some(customer_id) = &filter.customer_id {
        query = query.bind(customer_id.as_str().to_owned());
    }
    if let Some(updated_since_ms) = filter.updated_since_ms {
        query = query.bind(updated_since_ms);
    }
    if let Some((created_at_ms, id)) = filter.after {
        query = query.bind(created_at_ms).bind(id.to_string());
    }
    query.fetch_all(&mut *tx).await?.iter().map(read_order).collect()
}

fn read_known(row: &AnyRow) -> Result<Known, DatabaseError> {
    Ok(Known { order: read_order(row)?, contents_hash: row.try_get("contents_hash")? })
}

pub(super) fn read_order(row: &AnyRow) -> Result<Order, DatabaseError> {
    let word = |column: &str| row.try_get::<String, _>(column);
    Ok(Order {
        id: word("id")?.parse().map_err(DatabaseError::bad_row)?,
        status: word("status")?.parse().map_err(DatabaseError::bad_row)?,
        origin: word("origin")?.parse::<Origin>().map_err(DatabaseError::bad_row)?,
        external_ref: row.try_get("external_ref")?,
        customer_id: word("customer_id")?.parse().map_err(DatabaseError::bad_row)?,
        lines: read_lines(&word("lines")?)?,
        total: Money::of_minor(row.try_get("total_minor")?, read_currency(&word("currency")?)?),
        placed_at_ms: row.try_get("placed_at_ms")?,
        approved_at_ms: row.try_get("approved_at_ms")?,
        sent_at_ms: row.try_get("sent_at_ms")?,
        cancelled_at_ms: row.try_get("cancelled_at_ms")?,
        created_at_ms: row.try_get("created_at_ms")?,
        updated_at_ms: row.try_get("updated_at_ms")?,
    })
}

fn read_currency(code: &str) -> Result<Currency, DatabaseError> {
    code.parse().map_err(DatabaseError::bad_row)
}

/// A line as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredLine {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sku: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    quantity: i64,
    unit_price: Money,
}

fn written_lines(lines: &[Line]) -> Result<String, DatabaseError> {
    let stored: Vec<_> = lines
        .iter()
        .map(|line| StoredLine {
            sku: line.sku.clone(),
            name: line.name.clone(),
            quantity: line.quantity,
            unit_price: line.unit_price,
        })
        .collect();
    serde_json::to_string(&stored).map_err(DatabaseError::bad_row)
}

fn read_lines(text: &str) -> Result<Vec<Line>, DatabaseError> {
    let stored: Vec<StoredLine> = serde_json::from_str(text).map_err(DatabaseError::bad_row)?;
    Ok(stored
        .into_iter()
        .map(|line| Line {
            sku: line.sku,
            name: line.name,
            quantity: line.quantity,
            unit_price: line.unit_price,
        })
        .collect())
}
