//! Both databases, read directly: what the services say of themselves would prove nothing.

use crate::placement_verdict::{Books, CreditState, ReservationOnFile};
use crate::verdict::VoucherOnFile;
use anyhow::{Context, bail};
use contracts::orders::{OrderFacts, OrderStatus};
use contracts::{Currency, Money, OrderId};
use jiff::Timestamp;
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::{AnyPool, Row};
use std::collections::BTreeMap;
use std::time::SystemTime;

/// An order as it stands in the order database.
#[derive(Debug, Clone)]
pub struct OrderOnFile {
    /// What it is called in the file that it came from.
    pub external_ref: Option<String>,
    /// Its customer placed it in the shop; it holds credit.
    pub is_from_the_shop: bool,
    /// What the rule needs to know.
    pub facts: OrderFacts,
}

/// Every order.
///
/// # Errors
/// When the database cannot be read or holds what no order can be.
pub async fn orders(database_url: &str) -> anyhow::Result<Vec<OrderOnFile>> {
    let rows = sqlx::query(
        "select id, external_ref, origin, customer_id, status, total_minor, currency, sent_at_ms
           from orders
          order by created_at_ms, id",
    )
    .fetch_all(&open(database_url).await?)
    .await?;
    let read = |row: &sqlx::any::AnyRow| -> anyhow::Result<OrderOnFile> {
        let text = |column: &str| row.try_get::<String, _>(column);
        let sent_at_ms: Option<i64> = row.try_get("sent_at_ms")?;
        let status = match text("status")?.as_str() {
            "pending" => OrderStatus::Pending,
            "rejected" => OrderStatus::Rejected,
            "approved" => OrderStatus::Approved,
            "sent" => OrderStatus::Sent,
            "cancelled" => OrderStatus::Cancelled,
            _ => OrderStatus::Unknown,
        };
        Ok(OrderOnFile {
            external_ref: row.try_get("external_ref")?,
            is_from_the_shop: text("origin")? == "shop",
            facts: OrderFacts {
                id: text("id")?.parse()?,
                status,
                customer_id: text("customer_id")?.parse()?,
                total: money(row, "total_minor")?,
                sent_at: sent_at_ms
                    .map(|ms| Timestamp::from_millisecond(ms).map(|moment| format!("{moment:.3}")))
                    .transpose()?,
            },
        })
    };
    rows.iter().map(read).collect::<anyhow::Result<_>>().context("the order database")
}

/// Every voucher.
///
/// # Errors
/// When the database cannot be read or holds what no voucher can be.
pub async fn vouchers(database_url: &str) -> anyhow::Result<Vec<VoucherOnFile>> {
    let rows = sqlx::query(
        "select id, order_id, customer_id, rule, rule_version, value_minor, currency
           from vouchers
          order by id",
    )
    .fetch_all(&open(database_url).await?)
    .await?;
    let read = |row: &sqlx::any::AnyRow| -> anyhow::Result<VoucherOnFile> {
        let text = |column: &str| row.try_get::<String, _>(column);
        Ok(VoucherOnFile {
            voucher_id: text("id")?,
            order_id: text("order_id")?.parse()?,
            customer_id: text("customer_id")?.parse()?,
            rule: text("rule")?,
            rule_version: u32::try_from(row.try_get::<i64, _>("rule_version")?)?,
            value: money(row, "value_minor")?,
        })
    };
    rows.iter().map(read).collect::<anyhow::Result<_>>().context("the voucher database")
}

/// When the voucher of each order was issued, as voucher-api wrote it in the transaction that committed it.
///
/// # Errors
/// When the database cannot be read or holds what no voucher can be.
pub async fn issue_times(database_url: &str) -> anyhow::Result<BTreeMap<OrderId, Timestamp>> {
    let rows = sqlx::query(
        "select order_id, created_at
           from vouchers",
    )
    .fetch_all(&open(database_url).await?)
    .await?;
    let read = |row: &sqlx::any::AnyRow| -> anyhow::Result<(OrderId, Timestamp)> {
        Ok((order_id(row)?, Timestamp::from_millisecond(row.try_get("created_at")?)?))
    };
    rows.iter().map(read).collect::<anyhow::Result<_>>().context("the voucher database")
}

/// When the oldest event was written that still waits.
///
/// # Errors
/// When the database cannot be read.
pub async fn oldest_waiting_event(order_database: &str) -> anyhow::Result<Option<Timestamp>> {
    let row = sqlx::query(
        "select min(occurred_at) as occurred_at
           from outbox_events
          where state = 'waiting'",
    )
    .fetch_one(&open(order_database).await?)
    .await?;
    let occurred_at: Option<i64> = row.try_get("occurred_at")?;
    Ok(occurred_at.map(Timestamp::from_millisecond).transpose()?)
}

/// Everything that order-api and risk-api know of the orders that were placed in the shop.
///
/// # Errors
/// When a database cannot be read or holds what cannot be.
pub async fn placements(order_database: &str, risk_database: &str) -> anyhow::Result<Books> {
    let orders = orders(order_database).await?;
    let from_the_shop = orders.into_iter().filter(|order| order.is_from_the_shop);
    let mut books =
        Books { orders: from_the_shop.map(|order| order.facts).collect(), ..Books::default() };
    refusals_and_notices(order_database, &mut books).await.context("the order database")?;
    credit(risk_database, &mut books).await.context("the risk database")?;
    Ok(books)
}

/// Every event that is not settled, by id, quarantined ones too.
///
/// # Errors
/// When the database cannot be read.
pub async fn unsettled_events(order_database: &str) -> anyhow::Result<Vec<String>> {
    let rows = sqlx::query(
        "select event_id
           from outbox_events
          where state <> 'settled'
          order by occurred_at, event_id",
    )
    .fetch_all(&open(order_database).await?)
    .await?;
    rows.iter().map(|row| Ok(row.try_get("event_id")?)).collect()
}

/// How many events are not settled, quarantined ones too; only those from before a moment if one is given.
///
/// # Errors
/// When the database cannot be read.
pub async fn count_unsettled_events(
    order_database: &str,
    before: Option<SystemTime>,
) -> anyhow::Result<u64> {
    let before_ms = match before {
        Some(moment) => Timestamp::try_from(moment)?.as_millisecond(),
        None => i64::MAX,
    };
    let row = sqlx::query(
        "select count(*) as events
           from outbox_events
          where state <> 'settled' and occurred_at < $1",
    )
    .bind(before_ms)
    .fetch_one(&open(order_database).await?)
    .await?;
    Ok(u64::try_from(row.try_get::<i64, _>("events")?)?)
}

/// How many events of since a moment were handed out more than once.
///
/// # Errors
/// When the database cannot be read.
pub async fn events_handed_out_again(
    order_database: &str,
    since: SystemTime,
) -> anyhow::Result<i64> {
    let row = sqlx::query(
        "select count(*) as events
           from outbox_events
          where hand_outs > 1 and occurred_at >= $1",
    )
    .bind(Timestamp::try_from(since)?.as_millisecond())
    .fetch_one(&open(order_database).await?)
    .await?;
    Ok(row.try_get("events")?)
}

async fn refusals_and_notices(database_url: &str, books: &mut Books) -> anyhow::Result<()> {
    let pool = open(database_url).await?;
    let notices = sqlx::query(
        "select distinct order_id
           from notices",
    );
    for row in notices.fetch_all(&pool).await? {
        books.noticed.insert(order_id(&row)?);
    }
    let refusals = sqlx::query(
        "select order_id, reason
           from tombstones
          where reason is not null",
    );
    for row in refusals.fetch_all(&pool).await? {
        let reason = row.try_get::<String, _>("reason")?.parse()?;
        books.discarded.insert(order_id(&row)?, reason);
    }
    Ok(())
}

async fn credit(database_url: &str, books: &mut Books) -> anyhow::Result<()> {
    let pool = open(database_url).await?;
    let accounts = sqlx::query(
        "select customer_id, limit_minor, currency
           from accounts",
    );
    for row in accounts.fetch_all(&pool).await? {
        let customer_id = row.try_get::<String, _>("customer_id")?.parse()?;
        books.limits.insert(customer_id, money(&row, "limit_minor")?);
    }
    let reservations = sqlx::query(
        "select order_id, customer_id, amount_minor, currency, state
           from reservations
          order by created_at, order_id",
    );
    for row in reservations.fetch_all(&pool).await? {
        books.reservations.push(ReservationOnFile {
            order_id: order_id(&row)?,
            customer_id: row.try_get::<String, _>("customer_id")?.parse()?,
            amount: money(&row, "amount_minor")?,
            state: match row.try_get::<String, _>("state")?.as_str() {
                "reserved" => CreditState::Reserved,
                "confirmed" => CreditState::Confirmed,
                "released" => CreditState::Released,
                other => bail!("a reservation is {other:?}"),
            },
        });
    }
    Ok(())
}

fn order_id(row: &sqlx::any::AnyRow) -> anyhow::Result<OrderId> {
    Ok(row.try_get::<String, _>("order_id")?.parse()?)
}

fn money(row: &sqlx::any::AnyRow, amount: &str) -> anyhow::Result<Money> {
    let currency: Currency = row.try_get::<String, _>("currency")?.parse()?;
    Ok(Money::of_minor(row.try_get(amount)?, currency))
}

async fn open(database_url: &str) -> anyhow::Result<AnyPool> {
    install_default_drivers();
    let pool = AnyPoolOptions::new().max_connections(1).connect(database_url);
    pool.await.context("a service's database cannot be opened")
}
