//! Accounts, and what is live on them.

use super::parse;
use crate::account::{Account, Live, Terms};
use chassis_store::{DatabaseError, Tx};
use contracts::{CustomerId, Money};
use sqlx::any::AnyRow;
use sqlx::{Any, Executor, Row};

/// Opens an account unless the customer has one. Whether it did.
pub(crate) async fn open_account(
    tx: &mut Tx,
    customer_id: &CustomerId,
    terms: &Terms,
    at_ms: i64,
) -> Result<bool, DatabaseError> {
    let result = sqlx::query(
        "insert into accounts
           (customer_id, currency, limit_minor, base_score, minimum_score, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6)
         on conflict (customer_id) do nothing",
    )
    .bind(customer_id.as_str())
    .bind(terms.limit.currency.code())
    .bind(terms.limit.amount_minor)
    .bind(terms.base_score)
    .bind(terms.minimum_score)
    .bind(at_ms)
    .execute(&mut *tx)
    .await?;
    Ok(result.rows_affected() == 1)
}

/// Locks the account until the transaction ends: what is summed afterwards stays true. `None` when there is none.
pub(crate) async fn lock_account(
    tx: &mut Tx,
    customer_id: &CustomerId,
) -> Result<Option<Account>, DatabaseError> {
    // `for update` on both databases: an update that changes nothing.
    let locked = sqlx::query(
        "update accounts
         set customer_id = customer_id
         where customer_id = $1",
    )
    .bind(customer_id.as_str())
    .execute(&mut *tx)
    .await?;
    if locked.rows_affected() == 0 {
        return Ok(None);
    }
    // A statement of its own: PostgreSQL lets it see what was committed while the lock was waited for.
    account(&mut *tx, customer_id).await
}

/// Gives a locked account other terms.
pub(crate) async fn change_terms(
    tx: &mut Tx,
    customer_id: &CustomerId,
    terms: &Terms,
    at_ms: i64,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "update accounts
         set limit_minor = $2,
             base_score = $3,
             minimum_score = $4,
             updated_at = $5
         where customer_id = $1",
    )
    .bind(customer_id.as_str())
    .bind(terms.limit.amount_minor)
    .bind(terms.base_score)
    .bind(terms.minimum_score)
    .bind(at_ms)
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// The account as it stands, summed in the statement that reads it.
pub(crate) async fn account<'e>(
    database: impl Executor<'e, Database = Any>,
    customer_id: &CustomerId,
) -> Result<Option<Account>, DatabaseError> {
    let row = sqlx::query(
        "select a.customer_id,
                a.currency,
                a.limit_minor,
                a.base_score,
                a.minimum_score,
                count(r.order_id) as live_count,
                cast(coalesce(sum(r.amount_minor), 0) as bigint) as live_minor,
                cast(coalesce(sum(r.score_delta), 0) as bigint) as live_delta
         from accounts a
         left join reservations r
           on r.customer_id = a.customer_id
           and r.state <> 'released'
         where a.customer_id = $1
         group by a.customer_id, a.currency, a.limit_minor, a.base_score, a.minimum_score",
    )
    .bind(customer_id.as_str())
    .fetch_optional(database)
    .await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &AnyRow) -> Result<Account, DatabaseError> {
    let text = |column: &str| row.try_get::<String, _>(column);
    let currency = parse(&text("currency")?)?;
    Ok(Account {
        customer_id: parse(&text("customer_id")?)?,
        terms: Terms {
            limit: Money::of_minor(row.try_get("limit_minor")?, currency),
            base_score: row.try_get("base_score")?,
            minimum_score: row.try_get("minimum_score")?,
        },
        live: Live {
            count: row.try_get("live_count")?,
            amount_minor: row.try_get("live_minor")?,
            score_delta: row.try_get("live_delta")?,
        },
    })
}
