//! Generations of SDK workers follow each other: before one has grown too large, the next one takes over.
//!
//! So it does when Temporal was away: the old one's pollers have backed off. The new one polls, and starts go through it, before the old one is asked to stop: nothing waits meanwhile. A worker
//! that ends without being asked is replaced too.

use crate::generation::{Current, Generation};
use crate::limits::DRAIN_LIMIT;
use crate::registry::{Activities, Runs, Services};
use crate::sdk_metrics::SdkMetrics;
use crate::search_attributes;
use crate::temporal_watch::TemporalWatch;
use anyhow::bail;
use connections::back_off::BackOff;
use connections::temporal::Target;
use metrics::counter;
use std::sync::atomic::{AtomicU64, Ordering};
use temporalio_sdk::Runtime;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

/// What makes generations.
pub struct Generations {
    /// Where Temporal is.
    pub target: Target,
    /// What the SDK measures.
    pub sdk_metrics: SdkMetrics,
    /// The SDK's runtime, shared by all.
    pub runtime: Runtime,
    /// This worker's name.
    pub name: String,
    /// What the activities call.
    pub services: Services,
    /// What each generation runs.
    pub runs: Runs,
    /// After so many activities the next generation takes over.
    pub recycle_after: u64,
    /// How many there were.
    pub made: AtomicU64,
}

impl Generations {
    /// Connects, with patience, and lets the next generation work.
    ///
    /// # Errors
    /// When the settings can never work.
    pub async fn next(&self) -> anyhow::Result<Generation> {
        let number = self.made.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let identity = format!("{}@{}/{number}", self.name, std::process::id());
        let client =
            self.target.connect(&identity, Some(self.sdk_metrics.for_connections())).await?;
        search_attributes::assert_with_patience(&client).await;
        let options = (self.runs)(Activities::on(&self.services))?;
        counter!("worker_generations_total").increment(1);
        // There from the start, so that the first that breaks is an increase.
        counter!("worker_generations_broken_total").increment(0);
        Generation::start(&self.runtime, client, identity, options, self.recycle_after)
    }

    /// Replaces one generation by the next until asked to stop; then waits for the last to finish.
    ///
    /// # Errors
    /// When an old generation cannot be got rid of: the process should end and be started anew.
    pub async fn run(
        &self,
        mut current: Generation,
        announce: watch::Sender<Current>,
        temporal: &TemporalWatch,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let draining = TaskTracker::new();
        let stuck = CancellationToken::new();
        let mut back_off = BackOff::new();
        loop {
            let is_full = current.is_full();
            let next = tokio::select! {
                () = stop.cancelled() => break,
                () = stuck.cancelled() => bail!("a replaced SDK worker did not finish"),
                () = is_full => {
                    back_off.reset();
                    self.next_unless(&stop).await?
                }
                () = temporal.wait_until_back() => self.next_unless(&stop).await?,
                ended = current.ended() => {
                    warn!("the SDK's worker ended by itself: {}", ended.err().unwrap_or_default());
                    counter!("worker_generations_broken_total").increment(1);
                    tokio::time::sleep(back_off.wait()).await;
                    self.next_unless(&stop).await?
                }
            };
            let Some(next) = next else { break };
            announce.send_replace(Current::from(&next));
            let old = std::mem::replace(&mut current, next);
            draining.spawn(retire(old, stuck.clone()));
        }
        if let Err(error) = current.finish().await {
            warn!("the SDK's worker did not end well: {error}");
        }
        draining.close();
        draining.wait().await;
        Ok(())
    }

    async fn next_unless(&self, stop: &CancellationToken) -> anyhow::Result<Option<Generation>> {
        stop.run_until_cancelled(self.next()).await.transpose()
    }
}

async fn retire(old: Generation, stuck: CancellationToken) {
    let identity = old.identity.clone();
    match tokio::time::timeout(DRAIN_LIMIT, old.finish()).await {
        Ok(Ok(activities)) => info!("{identity} was replaced after {activities} activities"),
        Ok(Err(error)) => warn!("{identity} was replaced and did not end well: {error}"),
        Err(_) => {
            error!("{identity} was replaced and did not finish within {DRAIN_LIMIT:?}");
            stuck.cancel();
        }
    }
}
