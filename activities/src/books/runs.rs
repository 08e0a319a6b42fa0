//! The runs beside the books: whether one is open, which of them keep failing, and how one is started again.

use super::rules::suspect;
use anyhow::{Context as _, anyhow};
use contracts::OrderId;
use contracts::books::Suspect;
use contracts::cases::CaseKind;
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use std::time::Duration;
use temporalio_client::errors::{WorkflowInteractionError, WorkflowStartError};
use temporalio_client::{
    Client, UntypedWorkflow, WorkflowDescribeOptions, WorkflowExecution,
    WorkflowExecutionDescription, WorkflowExecutionStatus, WorkflowIdConflictPolicy,
    WorkflowIdReusePolicy, WorkflowListOptions, WorkflowStartOptions,
};
use temporalio_common::MemoValues;
use temporalio_common::data_converters::{PayloadConverter, RawValue};
use temporalio_common::protos::temporal::api::workflow::v1::PendingActivityInfo;

/// Open runs that one look goes into; a shop in which more are stuck has one cause, and it is among them.
const MOST_RUNS: usize = 500;

/// Runs that are asked for at the same time.
const AT_ONCE: usize = 8;

/// Under this key a run that was started again says for the how-manieth time.
const REDRIVES: &str = "ReconcileRedrives";

/// With this the server marks a run whose workflow tasks keep failing.
const PROBLEMS: &str = "TemporalReportedProblems";

/// Its values that mean so.
const PROBLEM_VALUES: &str = "'category=WorkflowTaskFailed','category=WorkflowTaskTimedOut'";

/// Steps that take something back: while one keeps failing something is half done.
const UNDOS: [&str; 2] = ["order.discard", "credit.release"];

/// How processes are called and started; only the worker knows them.
#[derive(Debug, Clone, Copy)]
pub struct Owners {
    /// The id of the run that decides an order.
    pub placement: fn(OrderId) -> String,
    /// What an event of this type of an order starts.
    pub started_by: fn(&str, OrderId) -> Option<Start>,
}

/// A process to start.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    /// Its type.
    pub workflow_type: &'static str,
    /// The id of its run.
    pub workflow_id: String,
    /// Its input.
    pub input: serde_json::Value,
    /// One line for people.
    pub summary: String,
    /// How long Temporal waits for the answer to one of its tasks.
    pub task_limit: Duration,
}

/// How the latest run of an id stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// There is none: never was, or it is forgotten.
    None,
    /// It is open.
    Open {
        /// Which.
        run_id: String,
    },
    /// It has ended, however.
    Closed {
        /// Which.
        run_id: String,
        /// For the how-manieth time it had been started again; 0 if the event started it.
        redrives: u32,
    },
}

/// What became of a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Started {
    /// It runs.
    Now,
    /// Somebody else was faster.
    Before,
}

/// How the latest run of this id stands.
pub(super) async fn standing(client: &Client, workflow_id: &str) -> anyhow::Result<Standing> {
    let Some(run) = describe(client, workflow_id).await? else { return Ok(Standing::None) };
    let run_id = run.run_id().to_owned();
    if is_open(run.status()) {
        return Ok(Standing::Open { run_id });
    }
    // Somebody else's memo is no count of ours.
    let redrives = run.memo().get::<u32>(REDRIVES).ok().flatten().unwrap_or_default();
    Ok(Standing::Closed { run_id, redrives })
}

/// Starts a process whose event is settled once more, for the `number`th time.
pub(super) async fn start_again(
    client: &Client,
    task_queue: &str,
    start: &Start,
    number: u32,
) -> anyhow::Result<Started> {
    let input = RawValue::from_value(&start.input, &PayloadConverter::default());
    let mut memo = MemoValues::new();
    memo.insert(REDRIVES, number);
    let options = WorkflowStartOptions::new(task_queue, start.workflow_id.clone())
        // A run that completed may be followed: the receiver's unique key protects.
        .id_reuse_policy(WorkflowIdReusePolicy::AllowDuplicate)
        .id_conflict_policy(WorkflowIdConflictPolicy::Fail)
        .task_timeout(start.task_limit)
        .static_summary(format!("{}, started again by the books", start.summary))
        .memo(memo)
        .build();
    let workflow = UntypedWorkflow::new(start.workflow_type);
    match client.start_workflow(workflow, input, options).await {
        Ok(_) => Ok(Started::Now),
        Err(WorkflowStartError::AlreadyStarted { .. }) => Ok(Started::Before),
        Err(error) => Err(anyhow!("{} cannot be started: {error}", start.workflow_id)),
    }
}

/// Runs whose workflow tasks keep failing: mended code must be deployed.
pub(super) async fn with_problems(
    client: &Client,
    task_queue: &str,
) -> anyhow::Result<(u64, Vec<Suspect>)> {
    let query = format!(
        "ExecutionStatus = 'Running' AND TaskQueue = '{task_queue}' AND {PROBLEMS} IN ({PROBLEM_VALUES})"
    );
    let runs = list(client, query).await?;
    let found = runs.iter().map(|run| reports_problems(run.id(), run.run_id()));
    Ok((count(&runs), found.collect()))
}

/// Steps of open runs that keep failing, of runs that are older than the patience.
pub(super) async fn failing_steps(
    client: &Client,
    task_queue: &str,
    started_before_ms: i64,
    attempts: u32,
) -> anyhow::Result<(u64, Vec<Suspect>)> {
    let before = Timestamp::from_millisecond(started_before_ms).context("a moment")?;
    let query = format!(
        "ExecutionStatus = 'Running' AND TaskQueue = '{task_queue}' AND StartTime < '{before}'"
    );
    let runs = list(client, query).await?;
    let read = count(&runs);
    let found: Vec<Vec<Suspect>> = futures::stream::iter(runs)
        .map(|run| async move { failing_steps_of(client, run.id(), attempts).await })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok((read, found.into_iter().flatten().collect()))
}

/// Steps of one run that keep failing; none when it is not open.
pub(super) async fn failing_steps_of(
    client: &Client,
    workflow_id: &str,
    attempts: u32,
) -> anyhow::Result<Vec<Suspect>> {
    let Some(run) = describe(client, workflow_id).await? else { return Ok(Vec::new()) };
    let (run_id, pending) = (run.run_id().to_owned(), &run.raw().pending_activities);
    let failing = pending.iter().filter(|step| keeps_failing(step, attempts));
    Ok(failing.map(|step| failing_step(workflow_id, &run_id, step)).collect())
}

/// Whether this run still reports problems.
pub(super) async fn problem_of(
    client: &Client,
    workflow_id: &str,
) -> anyhow::Result<Option<Suspect>> {
    let Some(run) = describe(client, workflow_id).await? else { return Ok(None) };
    let info = run.raw().workflow_execution_info.as_ref();
    let attributes = info.and_then(|info| info.search_attributes.as_ref());
    let has_problems = attributes.is_some_and(|all| all.indexed_fields.contains_key(PROBLEMS));
    let is_stuck = is_open(run.status()) && has_problems;
    Ok(is_stuck.then(|| reports_problems(workflow_id, run.run_id())))
}

fn keeps_failing(step: &PendingActivityInfo, attempts: u32) -> bool {
    // The attempt that is under way, or due, has not failed yet.
    let failed = u32::try_from(step.attempt).unwrap_or_default().saturating_sub(1);
    step.last_failure.is_some() && failed >= attempts
}

fn failing_step(workflow_id: &str, run_id: &str, step: &PendingActivityInfo) -> Suspect {
    let name = step.activity_type.as_ref().map(|step| step.name.as_str()).unwrap_or_default();
    let kind =
        if UNDOS.contains(&name) { CaseKind::UndoKeepsFailing } else { CaseKind::StepKeepsFailing };
    let why = step.last_failure.as_ref().map(|failure| failure.message.as_str());
    let summary = format!(
        "step {} ({name}) of {workflow_id} is tried for the {}th time: {}",
        step.activity_id,
        step.attempt,
        why.unwrap_or_default()
    );
    let mut found = suspect(kind, workflow_id, &summary);
    found.report.workflow_id = Some(workflow_id.to_owned());
    found.report.run_id = Some(run_id.to_owned());
    found.report.activity_id = Some(step.activity_id.clone());
    found
}

fn reports_problems(workflow_id: &str, run_id: &str) -> Suspect {
    let summary = format!("the workflow tasks of {workflow_id} keep failing");
    let mut found = suspect(CaseKind::RunReportsProblems, workflow_id, &summary);
    found.report.workflow_id = Some(workflow_id.to_owned());
    found.report.run_id = Some(run_id.to_owned());
    found
}

fn count(runs: &[WorkflowExecution]) -> u64 {
    u64::try_from(runs.len()).unwrap_or(u64::MAX)
}

fn is_open(status: WorkflowExecutionStatus) -> bool {
    use WorkflowExecutionStatus as Status;
    match status {
        Status::Completed
        | Status::Failed
        | Status::Canceled
        | Status::Terminated
        | Status::TimedOut => false,
        // Also a state that a newer server knows: whoever may be at it is not doubled.
        _ => true,
    }
}

async fn list(client: &Client, query: String) -> anyhow::Result<Vec<WorkflowExecution>> {
    let options = WorkflowListOptions::builder().limit(MOST_RUNS).build();
    let runs = client.list_workflows(query, options).try_collect().await;
    runs.map_err(|error| anyhow!("Temporal does not list its runs: {error}"))
}

async fn describe(
    client: &Client,
    workflow_id: &str,
) -> anyhow::Result<Option<WorkflowExecutionDescription>> {
    let handle = client.get_workflow_handle::<UntypedWorkflow>(workflow_id);
    match handle.describe(WorkflowDescribeOptions::default()).await {
        Ok(run) => Ok(Some(run)),
        Err(WorkflowInteractionError::NotFound(_)) => Ok(None),
        Err(error) => Err(anyhow!("Temporal does not say how {workflow_id} stands: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use temporalio_common::protos::temporal::api::common::v1::ActivityType;
    use temporalio_common::protos::temporal::api::failure::v1::Failure;

    fn step(name: &str, attempt: i32) -> PendingActivityInfo {
        PendingActivityInfo {
            activity_id: "release".to_owned(),
            activity_type: Some(ActivityType { name: name.to_owned() }),
            attempt,
            last_failure: Some(Failure { message: "it is down".to_owned(), ..Failure::default() }),
            ..PendingActivityInfo::default()
        }
    }

    #[test]
    fn a_step_keeps_failing_after_so_many_failures_and_not_before() {
        assert!(!keeps_failing(&step("credit.release", 20), 20));
        assert!(keeps_failing(&step("credit.release", 21), 20));
        let under_way = PendingActivityInfo { last_failure: None, ..step("credit.release", 21) };
        assert!(!keeps_failing(&under_way, 20));
    }

    #[test]
    fn an_undo_that_keeps_failing_is_told_from_another_step() {
        for (name, kind) in [
            ("credit.release", CaseKind::UndoKeepsFailing),
            ("order.discard", CaseKind::UndoKeepsFailing),
            ("voucher.issue", CaseKind::StepKeepsFailing),
        ] {
            let found = failing_step("place-x", "run-1", &step(name, 21));

            assert_eq!((found.kind, found.subject.as_str()), (kind, "place-x"));
            assert_eq!(found.report.activity_id.as_deref(), Some("release"));
            assert!(found.report.summary.ends_with("it is down"), "{found:?}");
        }
    }

    #[test]
    fn only_a_run_that_has_ended_is_closed() {
        use WorkflowExecutionStatus as Status;
        for status in [Status::Running, Status::Paused, Status::ContinuedAsNew, Status::Unknown] {
            assert!(is_open(status), "{status:?}");
        }
        for status in [Status::Completed, Status::Failed, Status::Terminated, Status::TimedOut] {
            assert!(!is_open(status), "{status:?}");
        }
    }
}
