//! Carries a decision out. Every act may be repeated, and says in a sentence what it came to.

use super::run::{Run, Step};
use super::start::{ProcessStart, Started};
use crate::api::{CallError, segment, text};
use crate::system::Role;
use crate::target::Target;
use serde_json::Value;

/// What a decision comes to.
pub(super) enum Act {
    /// Nothing but the record; the sentence says what that means.
    RecordOnly(&'static str),
    /// The event leaves quarantine.
    ReleaseEvent(String),
    /// The event is not heard any more.
    SettleEvent(String),
    /// The run ends as it is.
    Terminate(Run),
    /// The step is tried now, and not when its wait is over.
    TryNow { run: Run, step: Step },
    /// The process is answered that the step is done.
    Complete { run: Run, step: Step, answer: Value },
    /// The right process is started again.
    Start(ProcessStart),
}

impl Act {
    /// Does it.
    pub(super) async fn carry_out(
        &self,
        target: &Target,
        because: Option<&str>,
    ) -> anyhow::Result<String> {
        match self {
            Self::RecordOnly(meaning) => Ok((*meaning).to_owned()),
            Self::ReleaseEvent(event_id) => change_event(event_id, "release", target).await,
            Self::SettleEvent(event_id) => change_event(event_id, "settle", target).await,
            Self::Terminate(run) => {
                run.terminate(because.unwrap_or_default()).await?;
                Ok(format!(
                    "{} is terminated; what it had begun stays as it is, and the books are looked at again",
                    run.workflow_id
                ))
            }
            Self::TryNow { run, step } => {
                run.try_now(step).await?;
                Ok(format!("{} of {} is tried now", step.activity_type, run.workflow_id))
            }
            Self::Complete { run, step, answer } => {
                run.complete(step, answer).await?;
                Ok(format!(
                    "{} of {} counts as done, and was not done; the process goes on",
                    step.activity_type, run.workflow_id
                ))
            }
            Self::Start(process) => Ok(match process.start(target).await? {
                Started::Now => format!("{} is started", process.workflow_id),
                Started::UnderWay => format!("{} is under way already", process.workflow_id),
            }),
        }
    }
}

async fn change_event(event_id: &str, verb: &str, target: &Target) -> anyhow::Result<String> {
    let api = target.order_api(Role::BackOffice)?;
    match api.post_empty(&format!("/outbox/events/{}/{verb}", segment(event_id))).await {
        Ok(answer) => {
            let event = answer.body;
            let (subject, state) = (text(&event, "subject"), text(&event, "state"));
            Ok(format!("event {event_id} of {subject} is {state}"))
        }
        // Settled, and pruned since.
        Err(CallError::Refused { problem, .. }) if problem.code() == "event_unknown" => {
            Ok(format!("there is no event {event_id} any more"))
        }
        Err(error) => Err(error.into()),
    }
}
