//! `order place|send|cancel|show|list`: how customers place orders, and what the back office does with them.

mod place;

pub use place::Place;

use crate::api::{money, segment, text};
use crate::dev::link;
use crate::out::{Out, Tone, plain};
use crate::system::Role;
use crate::target::Target;
use clap::{Args, Subcommand};
use serde_json::Value;

/// What to do with an order.
#[derive(Debug, Subcommand)]
pub enum OrderVerb {
    /// Place an order as its customer, and wait for the decision.
    Place(Place),
    /// Mark an order sent; the voucher rule follows.
    Send(One),
    /// Cancel an order that is not sent yet.
    Cancel(One),
    /// Show an order.
    Show(One),
    /// List orders, oldest first.
    List(List),
}

/// One order.
#[derive(Debug, Args)]
pub struct One {
    /// As in ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01.
    order_id: String,
}

/// Which orders.
#[derive(Debug, Args)]
pub struct List {
    /// Only orders that stand here: approved, sent or cancelled.
    #[arg(long)]
    status: Option<String>,
    /// Only this customer's.
    #[arg(long)]
    customer: Option<String>,
    /// Only those changed since, as in 2026-11-20T10:00:00Z.
    #[arg(long)]
    updated_since: Option<String>,
    /// At most so many, 1 to 100.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=100))]
    limit: u16,
    /// Go on after this cursor, which the page before ended with.
    #[arg(long)]
    starting_after: Option<String>,
}

impl OrderVerb {
    /// Does it.
    ///
    /// # Errors
    /// When order-api refuses or does not answer.
    pub async fn run(self, target: &Target, out: Out) -> anyhow::Result<()> {
        match self {
            Self::Place(place) => place.run(target, out).await,
            Self::Send(one) => one.change("mark-sent", target, out).await,
            Self::Cancel(one) => one.change("cancel", target, out).await,
            Self::Show(one) => one.show(target, out).await,
            Self::List(list) => list.run(target, out).await,
        }
    }
}

impl One {
    async fn change(self, verb: &str, target: &Target, out: Out) -> anyhow::Result<()> {
        let api = target.order_api(Role::BackOffice)?;
        let path = format!("/orders/{}/{verb}", segment(&self.order_id));
        let order = api.post_empty(&path).await?.body;
        if out.is_json {
            return Ok(out.json(&order)?);
        }
        let (id, status) = (text(&order, "id"), text(&order, "status"));
        out.line(&format!("order {id} is {status}, {}", money(&order, "total")))?;
        if verb == "mark-sent" {
            out.line(&format!("its voucher: cargo lacadon voucher list --order {id}"))?;
            let running = target.running()?;
            if let Some(ui) = running.and_then(|running| running.temporal.ui) {
                out.line(&format!("its process: {}", link(&ui, &format!("voucher-{id}"))))?;
            }
        }
        Ok(())
    }

    async fn show(self, target: &Target, out: Out) -> anyhow::Result<()> {
        let api = target.order_api(Role::Auditor)?;
        let order = api.get(&format!("/orders/{}", segment(&self.order_id)), &[]).await?;
        if out.is_json {
            return Ok(out.json(&order)?);
        }
        for (label, field) in [
            ("order", "id"),
            ("status", "status"),
            ("origin", "origin"),
            ("reference", "external_ref"),
            ("customer", "customer_id"),
            ("placed", "placed_at"),
            ("sent", "sent_at"),
            ("cancelled", "cancelled_at"),
        ] {
            out.line(&format!("{label:<10} {}", text(&order, field)))?;
        }
        out.line(&format!("{:<10} {}", "total", money(&order, "total")))?;
        let lines = order.get("lines").and_then(Value::as_array).cloned().unwrap_or_default();
        let rows = lines.iter().map(|line| {
            vec![
                plain(text(line, "sku")),
                plain(text(line, "name")),
                plain(text(line, "quantity")),
                plain(money(line, "unit_price")),
            ]
        });
        Ok(out.table(&["article", "name", "pieces", "price"], rows.collect())?)
    }
}

impl List {
    async fn run(self, target: &Target, out: Out) -> anyhow::Result<()> {
        let api = target.order_api(Role::Auditor)?;
        let mut query = vec![("limit", self.limit.to_string())];
        for (name, value) in [
            ("status", self.status),
            ("customer_id", self.customer),
            ("updated_since", self.updated_since),
            ("starting_after", self.starting_after),
        ] {
            query.extend(value.map(|value| (name, value)));
        }
        let page = api.get("/orders", &query).await?;
        if out.is_json {
            return Ok(out.json(&page)?);
        }
        let orders = page.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
        let rows = orders.iter().map(|order| {
            let status = text(order, "status");
            let tone = match status.as_str() {
                "sent" => Some(Tone::Good),
                "cancelled" => Some(Tone::Quiet),
                _ => None,
            };
            vec![
                plain(text(order, "id")),
                (status, tone),
                plain(money(order, "total")),
                plain(text(order, "customer_id")),
                plain(text(order, "placed_at")),
                plain(text(order, "sent_at")),
            ]
        });
        out.table(&["order", "status", "total", "customer", "placed", "sent"], rows.collect())?;
        more(out, &page)
    }
}

/// How to see the next page, where there is one.
pub(crate) fn more(out: Out, page: &Value) -> anyhow::Result<()> {
    if page.get("has_more").and_then(Value::as_bool) == Some(true) {
        out.line(&format!("more: --starting-after {}", text(page, "next_cursor")))?;
    }
    Ok(())
}
