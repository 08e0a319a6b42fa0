//! How often a step was tried, since when, and why it was not answered.

use super::super::span;
use super::super::step::Step;
use temporalio_common::protos::temporal::api::failure::v1::Failure;

/// The attempts of one step so far.
#[derive(Debug, Clone)]
pub(super) struct Attempts {
    pub(super) step: Step,
    pub(super) since_us: Option<i64>,
    /// The one inside the workflow task, which is a first attempt of its own, and the normal ones.
    pub(super) count: i64,
    pub(super) last_failure: Option<String>,
}

impl Attempts {
    /// What it took until now: nothing to tell of one attempt.
    pub(super) fn what_it_took(&self, until_us: Option<i64>) -> Option<String> {
        let since = self.since_us?;
        let took = until_us.map(|until| until.saturating_sub(since).max(0) / 1_000);
        let over = took.map(|ms| format!(" over {}", span(ms))).unwrap_or_default();
        (self.count > 1).then(|| format!("after {} attempts{over}", self.count))
    }

    /// The last failure, behind a colon.
    pub(super) fn why(&self) -> String {
        self.last_failure.as_ref().map(|why| format!(": {why}")).unwrap_or_default()
    }
}

/// What is wrong, in the words of whoever failed. A time-out names what failed before it, if anything did.
pub(super) fn words_of(failure: &Failure) -> String {
    let cause = failure.cause.as_deref().filter(|_| failure.message.starts_with("activity "));
    cause.map_or(&failure.message, |cause| &cause.message).clone()
}
