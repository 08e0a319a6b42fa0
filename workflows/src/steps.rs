//! The steps that processes are made of: time-outs, retries and undo of each capability, beside each other.
//!
//! **Local first.** A step runs once inside the workflow task that asks for it: no dispatch, and the whole happy path
//! is one round trip. When that attempt fails, for whatever passing reason, the same activity runs as a normal one,
//! without limit: an operator sees it with attempt and last failure, and the history does not grow meanwhile.
//!
//! Steps that are owed, undos and pivots among them, run on a token of their own and for as long as it takes. A step
//! that may still be given up runs under [`Limits`] and tells whether it was [`Tried`] in vain.

pub mod books;
pub mod credit;
pub mod order;
pub mod voucher;

use std::time::Duration;
use temporalio_common::{ActivityDefinition, RetryPolicy};
use temporalio_workflow::{
    ActivityCloseTimeouts, ActivityExecutionError, ActivityOptions, LocalActivityOptions,
    WorkflowCancellationToken, WorkflowContext,
};

/// How long the one local attempt may take, waiting for a slot included. Two of them fit into a workflow task (3 s)
/// before the worker has to heartbeat it, which would cost events.
pub const LOCAL_ATTEMPT: Duration = Duration::from_secs(1);

/// How long a normal attempt may take. It is also how long the step waits for a worker that died in it.
pub const START_TO_CLOSE: Duration = Duration::from_secs(5);

/// The first wait between normal attempts.
pub const FIRST_BACK_OFF: Duration = Duration::from_millis(500);

/// The longest wait between normal attempts: how late a step notices that its service is back.
pub const MAX_BACK_OFF: Duration = Duration::from_secs(3);

/// What a step is called for people, and how the history names it.
struct StepName {
    /// Explicit, so that it stays the same when steps are added before it.
    activity_id: &'static str,
    /// One line for the Web UI and the CLI.
    summary: String,
}

/// How long a step is tried that may be given up: nothing is owed yet, and its undo follows.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Who gives it up before its patience ends.
    pub token: WorkflowCancellationToken,
    /// How long its normal attempts go on, all together.
    pub patience: Duration,
}

/// What became of a step that may be given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried<T> {
    /// It was answered.
    Answered(T),
    /// No answer in time, or none that can be read; it may have happened all the same, or happen later.
    InVain,
}

/// Runs a step that may be given up: local first, then normal until its patience ends or its token is cancelled.
async fn try_local_first<W, A>(
    ctx: &WorkflowContext<W>,
    activity: fn() -> A,
    input: A::Input,
    name: StepName,
    limits: &Limits,
) -> Tried<A::Output>
where
    A: ActivityDefinition,
    A::Input: Clone,
{
    let local = local_options(&name, limits.token.clone());
    let mut answer = ctx.execute_local_activity(activity(), input.clone(), local).await;
    if matches!(answer, Err(ActivityExecutionError::Failed(_))) {
        let time_outs = ActivityCloseTimeouts::ScheduleAndStartToClose {
            schedule_to_close: limits.patience,
            start_to_close: START_TO_CLOSE.min(limits.patience),
        };
        let normal = normal_options(name, time_outs, limits.token.clone());
        answer = ctx.execute_activity(activity(), input, normal).await;
    }
    match answer {
        Ok(answer) => Tried::Answered(answer),
        // Also an answer that a newer worker gave and this one cannot read: its undo decides.
        Err(_) => Tried::InVain,
    }
}

/// Runs a step that is owed: local first, then normal without limit, whatever happens to the run's cancellation.
///
/// The answer comes unless an operator fails the pending activity by hand, or it cannot be decoded.
async fn complete_local_first<W, A>(
    ctx: &WorkflowContext<W>,
    activity: fn() -> A,
    input: A::Input,
    name: StepName,
) -> Result<A::Output, ActivityExecutionError>
where
    A: ActivityDefinition,
    A::Input: Clone,
{
    let local = ctx
        .execute_local_activity(
            activity(),
            input.clone(),
            local_options(&name, WorkflowCancellationToken::new()),
        )
        .await;
    match local {
        // Only passing troubles come as failures: what is final is a `Reply` and arrives as an answer.
        Err(ActivityExecutionError::Failed(_)) => {
            let time_outs = ActivityCloseTimeouts::StartToClose(START_TO_CLOSE);
            let normal = normal_options(name, time_outs, WorkflowCancellationToken::new());
            ctx.execute_activity(activity(), input, normal).await
        }
        answer => answer,
    }
}

fn local_options(name: &StepName, token: WorkflowCancellationToken) -> LocalActivityOptions {
    LocalActivityOptions::builder()
        .activity_id(name.activity_id.to_owned())
        .summary(name.summary.clone())
        .schedule_to_close_timeout(LOCAL_ATTEMPT)
        .start_to_close_timeout(LOCAL_ATTEMPT)
        .retry_policy(RetryPolicy::builder().maximum_attempts(1).build())
        .cancellation_token(token)
        .build()
}

fn normal_options(
    name: StepName,
    time_outs: ActivityCloseTimeouts,
    token: WorkflowCancellationToken,
) -> ActivityOptions {
    let retry_policy = RetryPolicy::builder()
        .initial_interval(FIRST_BACK_OFF)
        .backoff_coefficient(2.0)
        .maximum_interval(MAX_BACK_OFF)
        .build();
    ActivityOptions::with_close_timeouts(time_outs)
        .activity_id(name.activity_id)
        .summary(name.summary)
        .retry_policy(retry_policy)
        .cancellation_token(token)
        .build()
}
