//! The schedules of `Reconcile`: every minute over what changed lately, every night over everything.
//!
//! A schedule that is not there is made, also after Temporal lost its store; one that is there is never touched, for an
//! operator may have paused it or given it another pace. Any number of workers may try: Temporal keeps the first.

use crate::limits::{LOOK_LIMIT, TASK_LIMIT};
use anyhow::{Context as _, bail};
use std::time::Duration;
use temporalio_client::Client;
use temporalio_client::tonic::{Code, IntoRequest as _};
use temporalio_common::protos::temporal::api::common::v1::{Payload, Payloads, WorkflowType};
use temporalio_common::protos::temporal::api::enums::v1::ScheduleOverlapPolicy;
use temporalio_common::protos::temporal::api::schedule::v1::schedule_action::Action;
use temporalio_common::protos::temporal::api::schedule::v1::{
    IntervalSpec, Schedule, ScheduleAction, SchedulePolicies, ScheduleSpec,
};
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflow::v1::NewWorkflowExecutionInfo;
use temporalio_common::protos::temporal::api::workflowservice::v1::CreateScheduleRequest;
use tracing::info;
use uuid::Uuid;
use workflows::TASK_QUEUE;
use workflows::reconcile::{RECONCILE, ReconcileInput};

/// The id of the schedule that looks at what changed lately; its runs are called `reconcile-<moment>`.
pub const RECONCILE_LATELY: &str = "reconcile";

/// The id of the schedule that looks at everything.
pub const RECONCILE_NIGHTLY: &str = "reconcile-nightly";

/// Lately: two days, so that a weekend's trouble that ends on Sunday night is seen whole.
const LATELY: Duration = Duration::from_secs(48 * 60 * 60);

/// When nobody orders, by the clock of the server (UTC), and not on the hour when everybody else does it.
const AT_NIGHT: &str = "17 3 * * *";

/// A look at what changed lately that was missed is not made up for: the next one sees the same.
const CATCH_UP_LATELY: Duration = Duration::from_secs(10);

/// A night that was missed is made up for by noon.
const CATCH_UP_NIGHTLY: Duration = Duration::from_secs(9 * 60 * 60);

/// How often to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Never: no schedule is made. One that is there stays.
    Never,
    /// So often over what changed lately, and every night over everything.
    Every(Duration),
}

impl Pace {
    /// As the setting says it: seconds, 0 for never.
    #[must_use]
    pub fn of_setting(every_s: u32) -> Self {
        if every_s == 0 { Self::Never } else { Self::Every(Duration::from_secs(every_s.into())) }
    }
}

/// Makes the schedules that are not there. Cheap when they are.
///
/// # Errors
/// When Temporal is away, or this caller may not make them.
pub async fn assert(client: &Client, pace: Pace) -> anyhow::Result<()> {
    let Pace::Every(every) = pace else { return Ok(()) };
    let lately = ReconcileInput {
        window_s: u32::try_from(LATELY.as_secs()).ok(),
        ..ReconcileInput::default()
    };
    let interval = IntervalSpec { interval: every.try_into().ok(), phase: None };
    let spec = ScheduleSpec { interval: vec![interval], ..ScheduleSpec::default() };
    make(client, RECONCILE_LATELY, schedule(RECONCILE_LATELY, &lately, spec, CATCH_UP_LATELY)?)
        .await?;
    let spec = ScheduleSpec { cron_string: vec![AT_NIGHT.to_owned()], ..ScheduleSpec::default() };
    let everything = ReconcileInput::default();
    let nightly = schedule(RECONCILE_NIGHTLY, &everything, spec, CATCH_UP_NIGHTLY)?;
    make(client, RECONCILE_NIGHTLY, nightly).await
}

fn schedule(
    id: &str,
    input: &ReconcileInput,
    spec: ScheduleSpec,
    catch_up: Duration,
) -> anyhow::Result<Schedule> {
    let input = Payload {
        metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
        data: serde_json::to_vec(input).context("the input of a schedule")?,
        ..Payload::default()
    };
    let workflow = NewWorkflowExecutionInfo {
        workflow_id: id.to_owned(),
        workflow_type: Some(WorkflowType { name: RECONCILE.to_owned() }),
        task_queue: Some(TaskQueue { name: TASK_QUEUE.to_owned(), ..TaskQueue::default() }),
        input: Some(Payloads { payloads: vec![input] }),
        workflow_task_timeout: TASK_LIMIT.try_into().ok(),
        ..NewWorkflowExecutionInfo::default()
    };
    let policies = SchedulePolicies {
        // A run that takes longer than the pace is not joined by another.
        overlap_policy: ScheduleOverlapPolicy::Skip.into(),
        catchup_window: catch_up.try_into().ok(),
        ..SchedulePolicies::default()
    };
    Ok(Schedule {
        spec: Some(spec),
        action: Some(ScheduleAction { action: Some(Action::StartWorkflow(workflow)) }),
        policies: Some(policies),
        state: None,
    })
}

async fn make(client: &Client, id: &str, schedule: Schedule) -> anyhow::Result<()> {
    let mut request = CreateScheduleRequest {
        namespace: client.options().namespace.clone(),
        schedule_id: id.to_owned(),
        schedule: Some(schedule),
        request_id: Uuid::now_v7().to_string(),
        ..CreateScheduleRequest::default()
    }
    .into_request();
    request.set_timeout(LOOK_LIMIT);
    match client.connection().workflow_service().create_schedule(request).await {
        Ok(_) => info!("made the schedule {id}"),
        Err(status) if status.code() == Code::AlreadyExists => {}
        Err(status) => bail!("the schedule {id} cannot be made: {}", status.message()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_schedule_starts_with_is_what_the_process_reads() {
        let made = schedule(
            RECONCILE_NIGHTLY,
            &ReconcileInput::default(),
            ScheduleSpec::default(),
            CATCH_UP_NIGHTLY,
        )
        .expect("a schedule");

        let Some(Action::StartWorkflow(start)) = made.action.and_then(|action| action.action)
        else {
            panic!("it starts nothing");
        };
        let input = &start.input.expect("an input").payloads[0].data;
        let read: ReconcileInput = serde_json::from_slice(input).expect("its input");
        assert_eq!(read, ReconcileInput::default());
    }

    #[test]
    fn a_pace_of_nothing_is_never() {
        assert_eq!(Pace::of_setting(0), Pace::Never);
        assert_eq!(Pace::of_setting(60), Pace::Every(Duration::from_secs(60)));
    }
}
