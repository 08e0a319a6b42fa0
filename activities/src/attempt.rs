//! One attempt of an activity: how long its call may take, and how both sides' logs find it.

use connections::call::Call;
use reqwest::Method;
use std::time::Duration;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tracing::{debug, warn};

/// A local attempt is cut off after 1 s; its call ends before, so that it is known to have ended.
pub const LOCAL_DEADLINE: Duration = Duration::from_millis(800);

/// A normal attempt is cut off after 5 s.
pub const NORMAL_DEADLINE: Duration = Duration::from_secs(4);

/// What was done is taken for failed, because the crash lab says so.
#[derive(Debug, thiserror::Error)]
#[error("the crash lab takes its answer for lost")]
struct ToldFailed;

/// Which attempt of which activity this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// As in `voucher.issue`.
    pub activity_name: String,
    /// The run that asked.
    pub workflow_id: String,
    /// That very run, among others of its id.
    pub run_id: String,
    /// Counted from 1; a normal activity counts anew after its local attempt.
    pub number: u32,
    /// Whether it runs inside the workflow task.
    pub is_local: bool,
}

impl Attempt {
    /// Reads it from the activity's context.
    #[must_use]
    pub fn of(ctx: &ActivityContext) -> Self {
        let info = ctx.info();
        Self {
            activity_name: info.activity_type.clone(),
            workflow_id: info.workflow_id.clone().unwrap_or_default(),
            run_id: info.workflow_run_id.clone().unwrap_or_default(),
            number: info.attempt,
            is_local: info.is_local,
        }
    }

    /// A call that ends before this attempt is cut off. Its request id leads from a service's log to the history.
    pub(crate) fn call<'a>(&self, method: Method, path: &'a [&'a str]) -> Call<'a> {
        let deadline = if self.is_local { LOCAL_DEADLINE } else { NORMAL_DEADLINE };
        let request_id = format!("{}-{}-{}", self.activity_name, self.run_id, self.number);
        Call { method, path, query: &[], deadline, request_id }
    }

    /// Makes this attempt; the crash lab can end the process right before it and right behind it.
    pub(crate) async fn make<T, E: Into<anyhow::Error>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, ActivityError> {
        let work = async { work.await.map_err(|error| self.retry(error)) };
        match crash_points::of_activity(&self.activity_name) {
            Some(step) => step.around(work, || self.retry(ToldFailed)).await,
            None => work.await,
        }
    }

    /// An error that Temporal retries; it shows the last one with the pending activity.
    fn retry(&self, error: impl Into<anyhow::Error>) -> ActivityError {
        let error = error.into();
        let Self { activity_name: name, workflow_id, number, .. } = self;
        let cause = format!("{error:#}");
        // A service that is down for hours fails every open run every three seconds: once per step is enough to read.
        if self.is_local || *number > 1 {
            debug!(
                workflow.id = workflow_id,
                number, cause, "{name} of {workflow_id} failed: {error}"
            );
        } else {
            warn!(
                workflow.id = workflow_id,
                cause, "{name} of {workflow_id} is retried until it succeeds: {error}"
            );
        }
        ActivityError::from(error)
    }
}
