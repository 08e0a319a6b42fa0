//! The SQL of vouchers.

use crate::voucher::{Redemption, Voucher};
use chassis_store::{DatabaseError, Tx};
use contracts::{CustomerId, Money, OrderId, VoucherId};
use sqlx::any::AnyRow;
use sqlx::{AnyPool, Row};
use std::fmt::Display;
use std::str::FromStr;

macro_rules! list_where {
    ($filter:literal) => {
        concat!(
            "select *
             from vouchers
             where ",
            $filter,
            "
               and (created_at, id) > ($3, $4)
               and coalesce(redeemed_at, created_at) >= $6
             order by created_at, id
             limit $5"
        )
    };
}

/// Which vouchers to list.
#[derive(Debug, Clone)]
pub(crate) struct VoucherFilter {
    pub(crate) order_id: Option<OrderId>,
    pub(crate) customer_id: Option<CustomerId>,
    /// Only those that were issued or redeemed at this time or later.
    pub(crate) updated_since_ms: i64,
    /// Only those behind this one: when it was issued, and its id.
    pub(crate) after: Option<(i64, VoucherId)>,
    pub(crate) limit: i64,
}

/// Records a voucher unless its order has one of its rule. The unique key decides, also between two at once.
pub(crate) async fn insert(tx: &mut Tx, voucher: &Voucher) -> Result<(), DatabaseError> {
    sqlx::query(
        "insert into vouchers
           (id, code, order_id, customer_id, rule, rule_version, value_minor, currency, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (order_id, rule) do nothing",
    )
    .bind(voucher.id.to_string())
    .bind(voucher.code.canonical())
    .bind(voucher.order_id.to_string())
    .bind(voucher.customer_id.as_str())
    .bind(&voucher.rule)
    .bind(i64::from(voucher.rule_version))
    .bind(voucher.value.amount_minor)
    .bind(voucher.value.currency.code())
    .bind(voucher.created_at_ms)
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// The voucher that an order has by a rule.
pub(crate) async fn of_order(
    tx: &mut Tx,
    order_id: OrderId,
    rule: &str,
) -> Result<Option<Voucher>, DatabaseError> {
    let row = sqlx::query(
        "select *
         from vouchers
         where order_id = $1
           and rule = $2",
    )
    .bind(order_id.to_string())
    .bind(rule)
    .fetch_optional(&mut *tx)
    .await?;
    row.as_ref().map(read).transpose()
}

/// The voucher of this id.
pub(crate) async fn find(pool: &AnyPool, id: VoucherId) -> Result<Option<Voucher>, DatabaseError> {
    let row = sqlx::query("select * from vouchers where id = $1")
        .bind(id.to_string())
        .fetch_optional(pool)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The voucher of this code.
pub(crate) async fn of_code(tx: &mut Tx, code: &str) -> Result<Option<Voucher>, DatabaseError> {
    let row = sqlx::query("select * from vouchers where code = $1")
        .bind(code)
        .fetch_optional(&mut *tx)
        .await?;
    row.as_ref().map(read).transpose()
}

/// Redeems a voucher that is this customer's and free. Whether it was.
pub(crate) async fn redeem(
    tx: &mut Tx,
    code: &str,
    customer_id: &CustomerId,
    redemption: &Redemption,
) -> Result<bool, DatabaseError> {
    let result = sqlx::query(
        "update vouchers
         set redeemed_at = $3,
             redeemed_order_id = $4
         where code = $1
           and customer_id = $2
           and redeemed_at is null",
    )
    .bind(code)
    .bind(customer_id.as_str())
    .bind(redemption.at_ms)
    .bind(redemption.order_id.to_string())
    .execute(&mut *tx)
    .await?;
    Ok(result.rows_affected() == 1)
}

/// Vouchers by (issued, id).
pub(crate) async fn list(
    pool: &AnyPool,
    filter: &VoucherFilter,
) -> Result<Vec<Voucher>, DatabaseError> {
    let text = match (filter.order_id, &filter.customer_id) {
        (None, None) => list_where!("$1 = $1 and $2 = $2"),
        (Some(_), None) => list_where!("order_id = $1 and $2 = $2"),
        (None, Some(_)) => list_where!("$1 = $1 and customer_id = $2"),
        (Some(_), Some(_)) => list_where!("order_id = $1 and customer_id = $2"),
    };
    let (after_ms, after_id) = match filter.after {
        Some((created_at_ms, id)) => (created_at_ms, id.to_string()),
        None => (i64::MIN, String::new()),
    };
    let rows = sqlx::query(text)
        .bind(filter.order_id.map(|id| id.to_string()).unwrap_or_default())
        .bind(filter.customer_id.as_ref().map(CustomerId::as_str).unwrap_or_default())
        .bind(after_ms)
        .bind(after_id)
        .bind(filter.limit)
        .bind(filter.updated_since_ms)
        .fetch_all(pool)
        .await?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<Voucher, DatabaseError> {
    let text = |column: &str| row.try_get::<String, _>(column);
    let redeemed_at_ms: Option<i64> = row.try_get("redeemed_at")?;
    let redeemed_order_id: Option<String> = row.try_get("redeemed_order_id")?;
    let redemption = |(at_ms, order_id): (i64, String)| {
        Ok::<_, DatabaseError>(Redemption { at_ms, order_id: parse(&order_id)? })
    };
    let code = text("code")?.parse();
    Ok(Voucher {
        id: parse(&text("id")?)?,
        // Without the code: an error is logged.
        code: code.map_err(|_| DatabaseError::bad_row("a voucher's code is not a code"))?,
        order_id: parse(&text("order_id")?)?,
        customer_id: parse(&text("customer_id")?)?,
        rule: text("rule")?,
        rule_version: u32::try_from(row.try_get::<i64, _>("rule_version")?)
            .map_err(DatabaseError::bad_row)?,
        value: Money::of_minor(row.try_get("value_minor")?, parse(&text("currency")?)?),
        created_at_ms: row.try_get("created_at")?,
        redeemed: redeemed_at_ms.zip(redeemed_order_id).map(redemption).transpose()?,
    })
}

fn parse<T: FromStr<Err: Display>>(text: &str) -> Result<T, DatabaseError> {
    text.parse().map_err(DatabaseError::bad_row)
}
