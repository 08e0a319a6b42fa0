//! The steps of the books capability. None has an undo, and none is owed: what a run gives up the next one does.
//!
//! They run as normal activities alone: they take longer than a workflow task, and nobody waits for them.

use super::{StepName, Tried, normal_options};
use capabilities::books::{Attend, Conclude, Look, LookAgain};
use contracts::books::{
    AttendTo, AttendedTo, ConcludeBooks, ConcludedBooks, LookAgain as LookAgainAt, LookAtBooks,
    Looked, SeenAgain,
};
use std::time::Duration;
use temporalio_common::ActivityDefinition;
use temporalio_workflow::{
    ActivityCloseTimeouts, ActivityExecutionError, WorkflowContext, WorkflowTermination,
};

/// How long one attempt may take: a look ends after two seconds and the page under way, a call that hangs after four.
pub const START_TO_CLOSE: Duration = Duration::from_secs(10);

/// How long a step is tried. The next run comes in a minute.
pub const PATIENCE: Duration = Duration::from_secs(25);

/// Looks at the books from one place on.
///
/// # Errors
/// When the run was cancelled.
pub async fn look<W>(
    ctx: &WorkflowContext<W>,
    books: LookAtBooks,
) -> Result<Tried<Looked>, WorkflowTermination> {
    let from = books.place.as_ref().map(|place| format!(" from {:?} on", place.chapter));
    let summary = format!("Look at the books{}", from.unwrap_or_default());
    attempt(ctx, || Look, books, StepName { activity_id: "look", summary }).await
}

/// Looks at the suspects once more.
///
/// # Errors
/// When the run was cancelled.
pub async fn look_again<W>(
    ctx: &WorkflowContext<W>,
    suspects: LookAgainAt,
) -> Result<Tried<SeenAgain>, WorkflowTermination> {
    let summary = format!("Look at {} suspects once more", suspects.suspects.len());
    attempt(ctx, || LookAgain, suspects, StepName { activity_id: "look-again", summary }).await
}

/// Has the violators mended, or told of.
///
/// # Errors
/// When the run was cancelled.
pub async fn attend<W>(
    ctx: &WorkflowContext<W>,
    violators: AttendTo,
) -> Result<Tried<AttendedTo>, WorkflowTermination> {
    let summary = format!("See to {} violators", violators.violators.len());
    attempt(ctx, || Attend, violators, StepName { activity_id: "attend", summary }).await
}

/// Has the cases closed that are none any more.
///
/// # Errors
/// When the run was cancelled.
pub async fn conclude<W>(
    ctx: &WorkflowContext<W>,
    books: ConcludeBooks,
) -> Result<Tried<ConcludedBooks>, WorkflowTermination> {
    let summary = "Close the cases that are none any more".to_owned();
    attempt(ctx, || Conclude, books, StepName { activity_id: "conclude", summary }).await
}

async fn attempt<W, A>(
    ctx: &WorkflowContext<W>,
    activity: fn() -> A,
    input: A::Input,
    name: StepName,
) -> Result<Tried<A::Output>, WorkflowTermination>
where
    A: ActivityDefinition,
{
    let time_outs = ActivityCloseTimeouts::ScheduleAndStartToClose {
        schedule_to_close: PATIENCE,
        start_to_close: START_TO_CLOSE,
    };
    // The run's own token: whoever cancels a run of the books wants it to end.
    let options = normal_options(name, time_outs, ctx.cancellation_token());
    match ctx.execute_activity(activity(), input, options).await {
        Ok(answer) => Ok(Tried::Answered(answer)),
        Err(ActivityExecutionError::Cancelled(_)) => Err(WorkflowTermination::cancelled()),
        // Also an answer that a newer worker gave and this one cannot read: the next run asks anew.
        Err(_) => Ok(Tried::InVain),
    }
}
