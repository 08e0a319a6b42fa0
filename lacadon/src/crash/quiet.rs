//! Waits until nothing is under way any more: no event of the outbox is unsettled and no run is open.
//!
//! Two looks in a row must agree, because Temporal shows a run that has begun a moment later; the time of the first one
//! counts.

use crate::ledger;
use crate::system::System;
use crate::temporal;
use anyhow::Context;
use futures::StreamExt;
use serde::Serialize;
use std::time::{Duration, Instant, SystemTime};
use temporalio_client::{Client, WorkflowCountOptions, WorkflowListOptions};

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A look that takes longer finds nothing out.
const ONE_LOOK: Duration = Duration::from_secs(5);

/// Open runs that are named; more of them say nothing more.
const MOST_NAMED: usize = 50;

/// How it ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Quiet {
    /// How long it took; `None` if it was not quiet in time.
    pub took: Option<Duration>,
    /// Events that were unsettled at the end, by id.
    pub events: Vec<String>,
    /// Runs that were open at the end, by id.
    pub runs: Vec<String>,
}

/// What is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnderWay {
    /// Unsettled events.
    pub events: u64,
    /// Open runs.
    pub runs: u64,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// The outbox and the runs.
    EventsAndRuns,
    /// The runs alone, where nobody relays events.
    Runs,
}

/// Waits, for `within` at the most.
///
/// # Errors
/// When Temporal or the order database do not answer at the end either.
pub async fn wait(system: &System, watched: Watched, within: Duration) -> anyhow::Result<Quiet> {
    let begun = Instant::now();
    let looker = Looker::of(system).await?;
    let mut quiet_since: Option<Duration> = None;
    while begun.elapsed() < within || quiet_since.is_some() {
        let at = begun.elapsed();
        match looker.look(None).await {
            Ok(UnderWay { events, runs: 0 }) if events == 0 || watched == Watched::Runs => {
                match quiet_since {
                    Some(took) => return Ok(Quiet { took: Some(took), ..Quiet::default() }),
                    None => quiet_since = Some(at),
                }
            }
            Ok(_) | Err(_) => quiet_since = None,
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let events = match watched {
        Watched::EventsAndRuns => looker.events().await?,
        Watched::Runs => Vec::new(),
    };
    Ok(Quiet { took: None, events, runs: looker.runs().await? })
}

/// Looks at what is under way.
pub struct Looker {
    client: Client,
    order_database: String,
}

impl Looker {
    /// Looks at this system.
    ///
    /// # Errors
    /// When Temporal cannot be reached.
    pub async fn of(system: &System) -> anyhow::Result<Self> {
        let client = temporal::connect(system.temporal_address(), system.namespace()).await?;
        Ok(Self { client, order_database: system.order_database_url().to_owned() })
    }

    /// What is under way of all that began before a moment; of everything if none is given.
    ///
    /// # Errors
    /// When Temporal or the order database do not answer.
    pub async fn look(&self, before: Option<SystemTime>) -> anyhow::Result<UnderWay> {
        let look = async {
            let events = ledger::count_unsettled_events(&self.order_database, before).await?;
            let runs = self.count(&open_before(before)?).await?;
            Ok(UnderWay { events, runs })
        };
        tokio::time::timeout(ONE_LOOK, look).await.context("no look in time")?
    }

    /// How many runs there are of a type, open or not.
    ///
    /// # Errors
    /// When Temporal does not answer.
    pub async fn runs_of_type(&self, workflow_type: &str) -> anyhow::Result<u64> {
        self.count(&format!("WorkflowType = '{workflow_type}'")).await
    }

    async fn count(&self, query: &str) -> anyhow::Result<u64> {
        let counted = self.client.count_workflows(query, WorkflowCountOptions::default()).await?;
        Ok(u64::try_from(counted.count())?)
    }

    async fn events(&self) -> anyhow::Result<Vec<String>> {
        ledger::unsettled_events(&self.order_database).await
    }

    async fn runs(&self) -> anyhow::Result<Vec<String>> {
        let options = WorkflowListOptions::builder().limit(MOST_NAMED).build();
        let mut listed = self.client.list_workflows(open_before(None)?, options);
        let mut named = Vec::new();
        while let Some(run) = listed.next().await {
            named.push(run?.id().to_owned());
        }
        Ok(named)
    }
}

fn open_before(moment: Option<SystemTime>) -> anyhow::Result<String> {
    const OPEN: &str = "ExecutionStatus = 'Running'";
    Ok(match moment {
        None => OPEN.to_owned(),
        Some(moment) => {
            let moment = jiff::Timestamp::try_from(moment)?;
            format!("{OPEN} and StartTime < '{moment:.3}'")
        }
    })
}
