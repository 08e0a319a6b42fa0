//! Who put it right: what can be seen of it afterwards. Nothing was under way when the watch began, so that everything
//! found is of this fault.
//!
//! - the supervisor started the process again
//! - people repeated requests that were not answered
//! - events were handed out more than once: a lease ended, or was freed
//! - a run's workflow task timed out and was handed out again, or an activity was tried again where operators see it

use crate::crash::lab::Lab;
use crate::front_door::Heard;
use crate::ledger;
use crate::system::Process;
use crate::temporal;
use crash_points::Point;
use futures::{StreamExt, TryStreamExt};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};
use temporalio_client::{Client, WorkflowFetchHistoryOptions, WorkflowListOptions};
use temporalio_common::UntypedWorkflow;
use temporalio_common::protos::temporal::api::enums::v1::EventType;

/// Runs of one point; people's errands begin a dozen in a round.
const MOST_RUNS: usize = 2000;

/// Histories read at once.
const AT_ONCE: usize = 8;

/// Temporal answers within this, or is away.
const LOOK: Duration = Duration::from_secs(30);

/// What was so when the point was armed.
pub(super) struct Watch {
    since: SystemTime,
    restarts: u32,
    heard: Heard,
}

/// What runs had to do twice.
#[derive(Default)]
struct Repeats {
    tasks: usize,
    activities: usize,
}

impl Watch {
    pub(super) fn begin(process: &Process, heard: Heard) -> Self {
        Self { since: SystemTime::now(), restarts: process.restarts(), heard }
    }

    /// What people heard since instead of answers.
    pub(super) fn errors(&self, heard: &Heard) -> BTreeMap<String, u64> {
        let before = |kind: &str| self.heard.errors.get(kind).copied().unwrap_or_default();
        let since = heard.errors.iter().map(|(kind, count)| (kind.clone(), count - before(kind)));
        since.filter(|(_, count)| *count > 0).collect()
    }

    /// Who put it right. For when nothing is under way any more.
    pub(super) async fn end(
        self,
        lab: &Lab,
        point: &Point,
        process: &Process,
        heard: &Heard,
    ) -> anyhow::Result<Vec<String>> {
        let mut who = Vec::new();
        if heard.repeated > self.heard.repeated {
            who.push("a client's repeat".to_owned());
        }
        let events = ledger::events_handed_out_again(lab.system.order_database_url(), self.since);
        let is_handed_out_again = events.await? > 0;
        if is_handed_out_again {
            who.push("the event handed out again".to_owned());
        }
        let repeats = tokio::time::timeout(LOOK, self.repeats(lab)).await??;
        if repeats.tasks > 0 {
            who.push("the workflow task handed out again".to_owned());
        }
        if repeats.activities > 0 {
            who.push("the activity's retry".to_owned());
        }
        // A relay that died asks for nothing again: what it had said counts, and the rest is handed out again.
        let is_relay_alive = !(point.is_deadly() && point.step.process == "worker");
        let is_asked_again = is_relay_alive && is_relayed(point) && !is_handed_out_again;
        if is_asked_again || who.is_empty() && is_relay_alive {
            who.push(asks_again(point).to_owned());
        }
        if process.restarts() > self.restarts {
            who.insert(0, format!("{} started again", process.name()));
        }
        Ok(who)
    }

    async fn repeats(&self, lab: &Lab) -> anyhow::Result<Repeats> {
        let client =
            temporal::connect(lab.system.temporal_address(), lab.system.namespace()).await?;
        let since = jiff::Timestamp::try_from(self.since)?;
        let query = format!("StartTime >= '{since:.3}'");
        let options = WorkflowListOptions::builder().limit(MOST_RUNS).build();
        let runs: Vec<String> = client
            .list_workflows(query, options)
            .map_ok(|run| run.id().to_owned())
            .try_collect()
            .await?;
        let read = futures::stream::iter(runs)
            .map(|id| {
                let client = client.clone();
                async move { repeats_of(&client, &id).await }
            })
            .buffer_unordered(AT_ONCE);
        let add = |sum: Repeats, one: Repeats| async move {
            let tasks = sum.tasks + one.tasks;
            Ok(Repeats { tasks, activities: sum.activities + one.activities })
        };
        read.try_fold(Repeats::default(), add).await
    }
}

async fn repeats_of(client: &Client, workflow_id: &str) -> anyhow::Result<Repeats> {
    let run = client.get_workflow_handle::<UntypedWorkflow>(workflow_id);
    let events: Vec<_> =
        run.fetch_history(WorkflowFetchHistoryOptions::default()).try_collect().await?;
    let count = |kind: EventType| events.iter().filter(|event| event.event_type() == kind).count();
    Ok(Repeats {
        tasks: count(EventType::WorkflowTaskTimedOut) + count(EventType::WorkflowTaskFailed),
        // The first attempt is local and leaves no such event.
        activities: count(EventType::ActivityTaskScheduled),
    })
}

/// Whether the relay takes the step or has it taken.
fn is_relayed(point: &Point) -> bool {
    let name = point.step.name;
    name.starts_with("relay.") || name.ends_with("_events")
}

/// Who asks again, where that leaves no trace.
fn asks_again(point: &Point) -> &'static str {
    match point.step.name {
        _ if is_relayed(point) => "the relay, asking again",
        name if name.starts_with("activity.") => "the activity's local retry",
        name if name.starts_with("gateway.") => "the gateway, looking at the run",
        _ => "whoever asked, asking again",
    }
}
