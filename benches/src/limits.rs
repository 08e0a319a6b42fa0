//! What the product reaches of what it is asked for, each in one run on one machine.
//!
//! One file per part of the system that limits: [`store`], [`outage`], [`memory`], [`age`], [`replay`].

pub mod age;
pub mod memory;
pub mod outage;
pub mod replay;
pub mod store;

use anyhow::Context;
use contracts::OrderId;
use lacadon::crash::lab::Lab;
use lacadon::crash::quiet::{self, Watched};
use lacadon::load::Latency;
use lacadon::load::drive::{self, Pace, Shop};
use lacadon::load::meter::{Meter, Usage};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A process is ready within seconds, on a busy machine within some more.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// One thing that was asked for, and what was found.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Finding {
    /// What.
    pub what: String,
    /// What is asked for.
    pub asked: &'static str,
    /// What was found.
    pub found: String,
}

impl Finding {
    /// As in a table.
    #[must_use]
    pub fn new(what: impl Into<String>, asked: &'static str, found: impl Into<String>) -> Self {
        Self { what: what.into(), asked, found: found.into() }
    }
}

/// Waits until no event is unsettled and no run open.
async fn be_quiet(lab: &Lab, within: Duration) -> anyhow::Result<()> {
    let quiet = quiet::wait(&lab.system, Watched::EventsAndRuns, within).await?;
    quiet.took.map(drop).with_context(|| format!("not quiet: {quiet:?}"))
}

/// What each process takes of the memory now.
async fn used_now(lab: &Lab) -> BTreeMap<String, Usage> {
    let now = CancellationToken::new();
    now.cancel();
    Meter::start(lab, &[]).watch(now).await
}

/// Marks orders sent; how long their senders waited for the answers.
async fn send(shop: &Shop, orders: &[OrderId], pace: Pace) -> anyhow::Result<Latency> {
    let done = watch::Sender::new(0);
    let sent = drive::send(orders, pace, &done, |order_id| shop.mark_sent(order_id)).await?;
    let mut answered: Vec<Duration> = sent.into_values().map(|sent| sent.answered).collect();
    answered.sort_unstable();
    Latency::of(&answered).context("no order was sent")
}
