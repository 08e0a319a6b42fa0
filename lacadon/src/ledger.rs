//! Both databases, read directly: what the services say of themselves would prove nothing.

use crate::verdict::VoucherOnFile;
use anyhow::Context;
use contracts::orders::{OrderFacts, OrderStatus};
use contracts::{Currency, Money};
use jiff::Timestamp;
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::{AnyPool, Row};

/// An order as it stands in the order database.
#[derive(Debug, Clone)]
pub struct OrderOnFile {
    /// What it is called in the file that it came from.
    pub external_ref: Option<String>,
    /// What the rule needs to know.
    pub facts: OrderFacts,
}

/// Every order.
///
/// # Errors
/// When the database cannot be read or holds what no order can be.
pub async fn orders(database_url: &str) -> anyhow::Result<Vec<OrderOnFile>> {
    let rows = sqlx::query(
        "select id, external_ref, customer_id, status, total_minor, currency, sent_at_ms
           from orders
          order by created_at_ms, id",
    )
    .fetch_all(&open(database_url).await?)
    .await?;
    let read = |row: &sqlx::any::AnyRow| -> anyhow::Result<OrderOnFile> {
        let text = |column: &str| row.try_get::<String, _>(column);
        let sent_at_ms: Option<i64> = row.try_get("sent_at_ms")?;
        let status = match text("status")?.as_str() {
            "approved" => OrderStatus::Approved,
            "sent" => OrderStatus::Sent,
            "cancelled" => OrderStatus::Cancelled,
            _ => OrderStatus::Unknown,
        };
        Ok(OrderOnFile {
            external_ref: row.try_get("external_ref")?,
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

fn money(row: &sqlx::any::AnyRow, amount: &str) -> anyhow::Result<Money> {
    let currency: Currency = row.try_get::<String, _>("currency")?.parse()?;
    Ok(Money::of_minor(row.try_get(amount)?, currency))
}

async fn open(database_url: &str) -> anyhow::Result<AnyPool> {
    install_default_drivers();
    let pool = AnyPoolOptions::new().max_connections(1).connect(database_url);
    pool.await.context("a service's database cannot be opened")
}
