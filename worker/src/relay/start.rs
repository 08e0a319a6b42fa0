//! Starts one process for one event, eagerly, and looks at the run that stood in the way.

use super::settle::{StandingRun, StartAnswer};
use crate::generation::Current;
use crate::limits::TASK_LIMIT;
use crate::subscriptions::ProcessStart;
use std::time::Duration;
use temporalio_client::errors::{WorkflowInteractionError, WorkflowStartError};
use temporalio_client::tonic::{Code, Status};
use temporalio_client::{
    RetryOptions, RpcOptions, UntypedWorkflow, WorkflowDescribeOptions, WorkflowIdConflictPolicy,
    WorkflowIdReusePolicy, WorkflowStartOptions,
};
use temporalio_common::data_converters::{PayloadConverter, RawValue};
use tokio::sync::watch;
use workflows::TASK_QUEUE;

/// A name that the failure of a call carries into the logs is cut to this.
const MAX_REASON_LEN: usize = 300;

/// What may have run under the id before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Nothing that completed.
    Failure,
    /// Anything: it was looked at, and is not of the type that is wanted.
    AnotherType,
}

/// Starts processes through whichever generation works now.
#[derive(Clone)]
pub struct Starter {
    current: watch::Receiver<Current>,
}

impl Starter {
    /// Starts through the generation that `current` names.
    #[must_use]
    pub fn new(current: watch::Receiver<Current>) -> Self {
        Self { current }
    }

    /// Starts the process; the answer is there within `limit`.
    ///
    /// A run that failed, was terminated or cancelled may be followed by another under its id; an open or completed
    /// one may not. The id is free again when the retention ends: the last guard is the receiver's unique key.
    pub async fn start(
        &self,
        process: &ProcessStart,
        after: After,
        limit: Duration,
    ) -> StartAnswer {
        let client = self.current.borrow().client.clone();
        let input = RawValue::from_value(&process.input, &PayloadConverter::default());
        let options = WorkflowStartOptions::new(TASK_QUEUE, process.workflow_id.clone())
            .id_reuse_policy(match after {
                After::Failure => WorkflowIdReusePolicy::AllowDuplicateFailedOnly,
                After::AnotherType => WorkflowIdReusePolicy::AllowDuplicate,
            })
            .id_conflict_policy(WorkflowIdConflictPolicy::Fail)
            .task_timeout(TASK_LIMIT)
            .static_summary(process.summary.clone())
            .enable_eager_workflow_start(true)
            .rpc_options(one_attempt(limit))
            .build();
        let workflow = UntypedWorkflow::new(process.workflow_type);
        let start = client.start_workflow(workflow, input, options);
        crash_points::RELAY_START.before();
        match tokio::time::timeout(limit, start).await {
            Ok(Ok(_)) => crash_points::RELAY_START
                .after(|| StartAnswer::Away("the crash lab takes its answer for lost".to_owned()))
                .map_or_else(|away| away, |()| StartAnswer::Accepted),
            Ok(Err(WorkflowStartError::AlreadyStarted { .. })) => StartAnswer::AlreadyStarted,
            Ok(Err(WorkflowStartError::Rpc(status))) if status.code() == Code::InvalidArgument => {
                StartAnswer::Refused(reason(&status))
            }
            Ok(Err(WorkflowStartError::Rpc(status))) => StartAnswer::Away(reason(&status)),
            Ok(Err(error)) => StartAnswer::Refused(error.to_string()),
            Err(_) => StartAnswer::Away("no answer in time".to_owned()),
        }
    }

    /// Looks at the latest run of this id.
    pub async fn look_at(&self, workflow_id: &str, limit: Duration) -> StandingRun {
        let client = self.current.borrow().client.clone();
        let handle = client.get_workflow_handle::<UntypedWorkflow>(workflow_id);
        let options = WorkflowDescribeOptions::builder().rpc_options(one_attempt(limit)).build();
        match tokio::time::timeout(limit, handle.describe(options)).await {
            Ok(Ok(run)) => StandingRun::Found {
                status: run.status(),
                workflow_type: run.workflow_type().to_owned(),
            },
            Ok(Err(WorkflowInteractionError::NotFound(_))) => StandingRun::Gone,
            Ok(Err(WorkflowInteractionError::Rpc(status))) => StandingRun::Away(reason(&status)),
            Ok(Err(error)) => StandingRun::Away(error.to_string()),
            Err(_) => StandingRun::Away("no answer in time".to_owned()),
        }
    }
}

/// The SDK's own retries would hide for ten seconds that Temporal is away.
fn one_attempt(limit: Duration) -> RpcOptions {
    RpcOptions::builder().timeout(limit).retry_options(RetryOptions::no_retries()).build()
}

fn reason(status: &Status) -> String {
    format!("{:?}: {}", status.code(), status.message()).chars().take(MAX_REASON_LEN).collect()
}
