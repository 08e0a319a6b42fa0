//! `import FILE`: takes the orders of a Shopify export into order-api.
//!
//! A customer is known by an id derived from the address; the address goes nowhere. Everything may be repeated: an
//! order is known by its name, so importing a file twice changes nothing, and an import that broke off is run again.

pub mod shopify;

use crate::api::{Api, CallError, text};
use crate::exit::Wrong;
use crate::out::{Out, Tone};
use crate::system::Role;
use crate::target::Target;
use anyhow::Context;
use futures::{StreamExt, TryStreamExt};
use gateway::derivation::DerivationKey;
use launch::progress::{Display, Stage};
use serde::Serialize;
use serde_json::{Value, json};
use shopify::{BadRow, Export, ExportedOrder, Fate};
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// So many orders on their way at once: enough to keep the service busy, few enough to stop soon.
const AT_ONCE: usize = 16;

/// A service that is restarted is back within seconds; these are the pauses between tries.
const PAUSES_MS: [u64; 6] = [100, 300, 1000, 2000, 3000, 4000];

/// Which file, and what to do with what was fulfilled.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// An order export of Shopify (CSV).
    file: PathBuf,
    /// Mark the fulfilled orders sent; the voucher rule follows.
    #[arg(long)]
    send_fulfilled: bool,
}

/// Whether fulfilled orders are marked sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fulfilled {
    /// They are.
    MarkSent,
    /// They stay approved.
    LeaveApproved,
}

/// What an import came to.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Orders that were not here before.
    pub imported: u64,
    /// Orders that were here already.
    pub known_before: u64,
    /// Orders that are sent now.
    pub sent: u64,
    /// Orders that are cancelled now.
    pub cancelled: u64,
    /// Rows that could not be read; each dropped its whole order.
    pub bad_rows: Vec<Rejection>,
    /// Orders that order-api refused.
    pub refused: Vec<Rejection>,
    /// The orders, as they are now.
    pub orders: Vec<ImportedOrder>,
}

/// Why a row or an order was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// The line of the file.
    pub line: u64,
    /// The order; absent where the row names none.
    pub name: Option<String>,
    /// What is wrong.
    pub reason: String,
}

/// An order as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportedOrder {
    /// As in the file.
    pub name: String,
    /// At order-api.
    pub order_id: String,
    /// At order-api.
    pub status: String,
}

impl Import {
    /// Imports the file.
    ///
    /// # Errors
    /// When it is no export, the derivation key is another one, the service is away, or not every order was taken.
    pub async fn run(self, target: &Target, out: Out) -> anyhow::Result<()> {
        let shown = self.file.display();
        let file = File::open(&self.file).with_context(|| format!("{shown} cannot be read"))?;
        let export = shopify::read(file).with_context(|| shown.to_string())?;
        let api = target.order_api(Role::BackOffice)?;
        let key = target.derivation_key()?;
        let fulfilled =
            if self.send_fulfilled { Fulfilled::MarkSent } else { Fulfilled::LeaveApproved };
        let stage = Display::on_stderr().stage("importing orders");
        let report = import(&export, &api, &key, fulfilled, &stage).await?;
        stage.finish();
        if out.is_json {
            out.json(&report)?;
        } else {
            report.tell(out)?;
        }
        if report.is_complete() { Ok(()) } else { Err(Wrong.into()) }
    }
}

/// Imports what was read; progress goes to `stage`.
///
/// # Errors
/// When the derivation key is another one than before, or order-api stays away.
pub async fn import(
    export: &Export,
    api: &Api,
    key: &DerivationKey,
    fulfilled: Fulfilled,
    stage: &Stage,
) -> anyhow::Result<Report> {
    let fingerprint = json!({"fingerprint": key.fingerprint()});
    with_patience(|| api.put("/derivation-key", &fingerprint))
        .await
        .context("customer ids are derived with the installation's own key, and with no other")?;
    stage.expect_in_all(u64::try_from(export.orders.len())?);
    let done = AtomicU64::new(0);
    let taken: Vec<Result<(ImportedOrder, bool), Rejection>> =
        futures::stream::iter(&export.orders)
            .map(|order| async {
                let taken = take(order, api, key, fulfilled).await;
                stage.set_done(done.fetch_add(1, Ordering::Relaxed) + 1);
                taken
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await
            .context("the import broke off; run it again, what is there already stays as it is")?;
    Ok(Report::of(taken, &export.bad_rows))
}

/// One order: imported, then sent or cancelled. The inner error is a refusal; whether it is new stands beside it.
async fn take(
    order: &ExportedOrder,
    api: &Api,
    key: &DerivationKey,
    fulfilled: Fulfilled,
) -> anyhow::Result<Result<(ImportedOrder, bool), Rejection>> {
    let body = body_of(order, key)?;
    let imported = match refusable(with_patience(|| api.post("/orders/import", &body)).await)? {
        Ok(answer) => answer,
        Err(reason) => return Ok(Err(order.rejected(reason))),
    };
    let is_new = imported.status == reqwest::StatusCode::CREATED;
    let order_id = text(&imported.body, "id");
    let change = match (order.fate, fulfilled) {
        (Fate::Cancelled, _) => Some("cancel"),
        (Fate::Fulfilled, Fulfilled::MarkSent) => Some("mark-sent"),
        (Fate::Fulfilled, Fulfilled::LeaveApproved) | (Fate::Open, _) => None,
    };
    let status = match change {
        None => text(&imported.body, "status"),
        Some(change) => {
            let path = format!("/orders/{order_id}/{change}");
            match refusable(with_patience(|| api.post_empty(&path)).await)? {
                Ok(answer) => text(&answer.body, "status"),
                Err(reason) => return Ok(Err(order.rejected(reason))),
            }
        }
    };
    Ok(Ok((ImportedOrder { name: order.name.clone(), order_id, status }, is_new)))
}

fn body_of(order: &ExportedOrder, key: &DerivationKey) -> anyhow::Result<Value> {
    let lines = order.lines.iter().map(|line| {
        let mut body = json!({"quantity": line.quantity, "unit_price": line.unit_price});
        for (field, value) in [("sku", &line.sku), ("name", &line.name)] {
            if let (Some(object), Some(value)) = (body.as_object_mut(), value) {
                object.insert(field.to_owned(), json!(value));
            }
        }
        body
    });
    Ok(json!({
        "external_ref": format!("shopify:{}", order.name),
        "customer_id": key.customer_of(&order.email.0)?,
        "total": order.total,
        "placed_at": format!("{:.3}", order.placed_at),
        "lines": lines.collect::<Vec<_>>(),
    }))
}

/// Tries again while nobody answers or the service cannot now; a refusal is an answer.
async fn with_patience<T, F>(mut call: impl FnMut() -> F) -> Result<T, CallError>
where
    F: Future<Output = Result<T, CallError>>,
{
    for pause in PAUSES_MS {
        match call().await {
            Err(CallError::Unreachable { .. }) => {}
            Err(CallError::Refused { problem, .. }) if problem.status >= 500 => {}
            other => return other,
        }
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    call().await
}

/// Sorts a final refusal of this one order from a failure that concerns all of them.
fn refusable<T>(called: Result<T, CallError>) -> anyhow::Result<Result<T, String>> {
    match called {
        Ok(answer) => Ok(Ok(answer)),
        Err(error) => match &error {
            CallError::Refused { problem, .. }
                if matches!(problem.status, 404 | 409 | 413 | 422) =>
            {
                Ok(Err(error.to_string()))
            }
            _ => Err(error.into()),
        },
    }
}

impl ExportedOrder {
    fn rejected(&self, reason: String) -> Rejection {
        Rejection { line: self.line, name: Some(self.name.clone()), reason }
    }
}

impl Report {
    fn of(taken: Vec<Result<(ImportedOrder, bool), Rejection>>, bad_rows: &[BadRow]) -> Self {
        let mut report = Self::default();
        for one in taken {
            match one {
                Err(rejection) => report.refused.push(rejection),
                Ok((order, is_new)) => {
                    report.imported += u64::from(is_new);
                    report.known_before += u64::from(!is_new);
                    report.sent += u64::from(order.status == "sent");
                    report.cancelled += u64::from(order.status == "cancelled");
                    report.orders.push(order);
                }
            }
        }
        report.bad_rows.extend(bad_rows.iter().map(|row| Rejection {
            line: row.line,
            name: row.name.clone(),
            reason: row.reason.clone(),
        }));
        report
    }

    /// Whether every order of the file was taken.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.bad_rows.is_empty() && self.refused.is_empty()
    }

    fn tell(&self, out: Out) -> anyhow::Result<()> {
        for row in &self.bad_rows {
            let consequence = row.name.as_ref().map_or_else(
                || "the row is left out".to_owned(),
                |name| format!("order {name} is left out"),
            );
            let line = format!("line {}: {}; {consequence}", row.line, row.reason);
            out.line(&out.tone(Tone::Bad, &line))?;
        }
        for order in &self.refused {
            let name = order.name.as_deref().unwrap_or("-");
            let line = format!("line {}: order {name} is refused: {}", order.line, order.reason);
            out.line(&out.tone(Tone::Bad, &line))?;
        }
        out.line(&format!(
            "{} orders imported, {} known before; of these {} are sent and {} cancelled",
            self.imported, self.known_before, self.sent, self.cancelled
        ))?;
        if !self.is_complete() {
            out.line(&format!(
                "{} bad rows and {} refused orders: mend them in the file and import it again, nothing is doubled",
                self.bad_rows.len(),
                self.refused.len()
            ))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exported() -> ExportedOrder {
        let file = "Name,Email,Fulfilled at,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price\n\
                    #1001,ada@shop.example,,EUR,100.01,2026-10-01 12:34:56 +0200,2,Lamp,40.00\n";
        let export = shopify::read(file.as_bytes()).expect("an export");
        export.orders.into_iter().next().expect("an order")
    }

    #[test]
    fn what_is_sent_names_the_order_the_total_and_the_derived_customer() {
        let key = DerivationKey::of([7; 32]);

        let body = body_of(&exported(), &key).expect("a body");

        assert_eq!(
            body,
            json!({
                "external_ref": "shopify:#1001",
                "customer_id": key.customer_of("ada@shop.example").expect("an id"),
                "total": {"amount": 10001, "currency": "EUR"},
                "placed_at": "2026-10-01T10:34:56.000Z",
                "lines": [{"name": "Lamp", "quantity": 2, "unit_price": {"amount": 4000, "currency": "EUR"}}],
            })
        );
    }

    #[test]
    fn two_imports_of_one_file_say_the_same_and_never_the_address() {
        let key = DerivationKey::of([7; 32]);

        let first = body_of(&exported(), &key).expect("a body").to_string();

        assert_eq!(first, body_of(&exported(), &key).expect("a body").to_string());
        assert!(!first.contains("ada"), "{first}");
        assert!(!first.contains('@'), "{first}");
    }
}
