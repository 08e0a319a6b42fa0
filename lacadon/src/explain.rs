//! `explain`: what became of an order and how, across all services and processes.
//!
//! Everybody is asked directly and not through the gateway, so that it answers while any one of them is down.

use crate::out::{Out, Tone, plain};
use crate::system::Role;
use crate::target::Target;
use crate::temporal;
use anyhow::bail;
use clap::Args;
use contracts::OrderId;
use gateway::explanation::{Entry, Explanation, explain, span};
use std::time::Duration;
use temporalio_client::Client;
use tokio::time::timeout;

/// An operator's machine may be far from the services; who takes longer is named as missing.
const LIMIT: Duration = Duration::from_secs(2);

/// Which order.
#[derive(Debug, Args)]
pub struct Explain {
    /// As in ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01.
    order_id: OrderId,
}

impl Explain {
    /// Does it.
    ///
    /// # Errors
    /// When it is not known where the services are, or nobody knows such an order.
    pub async fn run(self, target: &Target, out: Out) -> anyhow::Result<()> {
        let services = target.services(Role::Auditor)?;
        let temporal = temporal_of(target).await;
        let explanation = explain(&services, temporal.as_ref(), self.order_id, LIMIT).await;
        if !explanation.is_known() && explanation.missing.is_empty() {
            bail!("nobody knows of an order {}; check the id", self.order_id);
        }
        if out.is_json { Ok(out.json(&explanation)?) } else { show(&explanation, out) }
    }
}

/// A Temporal that is away, or of which nobody says where it is, is named as missing.
async fn temporal_of(target: &Target) -> Option<Client> {
    let running = target.running().ok()?;
    timeout(LIMIT, temporal::connect_to(running.as_ref())).await.ok()?.ok()
}

fn show(explanation: &Explanation, out: Out) -> anyhow::Result<()> {
    let owner = explanation.customer_id.as_ref().map(|id| format!(" of {id}")).unwrap_or_default();
    let first = explanation.entries.iter().find_map(|entry| entry.at);
    let since = first.map(|at| format!(", since {at}")).unwrap_or_default();
    out.line(&format!("order {}{owner}{since}", explanation.order_id))?;
    let since_ms = first.map(|at| at.ms());
    let rows = explanation.entries.iter().map(|entry| row(entry, since_ms));
    out.table(&["after", "who", "what"], rows.collect())?;
    for who in &explanation.missing {
        let missing = format!("{who} does not answer: what only it knows is missing");
        out.line(&out.tone(Tone::Bad, &missing))?;
    }
    Ok(())
}

fn row(entry: &Entry, since_ms: Option<i64>) -> Vec<(String, Option<Tone>)> {
    let after = since_ms.zip(entry.at).map(|(since, at)| format!("+{}", span(at.ms() - since)));
    let details = entry.details.as_ref().map(|it| format!(" ({it})")).unwrap_or_default();
    let who = (entry.who.to_owned(), Some(Tone::Quiet));
    vec![plain(after.unwrap_or_default()), who, plain(format!("{}{details}", entry.what))]
}
