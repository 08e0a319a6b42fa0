//! Hears a history event by event and tells what of it matters to the business.

use super::super::span;
use super::super::step::Step;
use super::super::timeline::Told;
use super::attempts::{Attempts, words_of};
use super::{at_us, first, us};
use contracts::Money;
use contracts::placement::RejectReason;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use temporalio_common::protos::temporal::api::enums::v1::PendingActivityState;
use temporalio_common::protos::temporal::api::failure::v1::Failure;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::history::v1::{
    HistoryEvent, MarkerRecordedEventAttributes,
};
use temporalio_common::protos::temporal::api::update::v1::outcome::Value as UpdateOutcome;
use temporalio_common::protos::temporal::api::workflow::v1::PendingActivityInfo;
use workflows::place_order::{CancelPlacement, PLACE_ORDER, PlaceAnswer};

/// The SDK's marker of a step that ran inside a workflow task.
const LOCAL_ACTIVITY: &str = "core_local_activity";

/// What was heard of one run so far.
#[derive(Debug)]
pub(super) struct Teller {
    process: &'static str,
    handed_over_at_us: Option<i64>,
    told: Vec<Told>,
    total: Option<Money>,
    /// Steps that were not answered at their first attempt, by their activity id.
    failed_first: HashMap<String, Attempts>,
    /// Steps that are under way, by the event that scheduled them.
    open: HashMap<i64, Attempts>,
    waits_for_worker_since_us: Option<i64>,
}

/// What the SDK keeps of a step that ran inside a workflow task.
#[derive(Deserialize)]
struct LocalStep {
    activity_id: String,
    activity_type: String,
    complete_time: Option<Time>,
}

#[derive(Deserialize)]
struct Time {
    seconds: i64,
    nanos: i32,
}

/// How any process of ours completed.
#[derive(Deserialize)]
struct Ended {
    outcome: String,
    #[serde(default)]
    reason: Option<String>,
}

impl Teller {
    pub(super) fn of(process: &'static str, handed_over_at_us: Option<i64>) -> Self {
        Self {
            process,
            handed_over_at_us,
            told: Vec::new(),
            total: None,
            failed_first: HashMap::new(),
            open: HashMap::new(),
            waits_for_worker_since_us: None,
        }
    }

    pub(super) fn told(self) -> Vec<Told> {
        self.told
    }

    /// One event of the history.
    pub(super) fn hear(&mut self, event: &HistoryEvent) {
        let at = at_us(event);
        let Some(attributes) = &event.attributes else { return };
        match attributes {
            Attributes::WorkflowExecutionStartedEventAttributes(_) => self.hear_start(at),
            Attributes::MarkerRecordedEventAttributes(marker) => self.hear_local_step(marker, at),
            Attributes::WorkflowExecutionSignaledEventAttributes(signal) => {
                let asked: Option<CancelPlacement> = read(first(signal.input.as_ref()));
                self.hear_cancel(asked.map(|cancel| cancel.reason), at);
            }
            Attributes::WorkflowExecutionCancelRequestedEventAttributes(_) => {
                if self.process == PLACE_ORDER {
                    self.hear_cancel(Some(RejectReason::CancelledByOperator), at);
                } else {
                    self.tell(at, "asked to stop by an operator; what is owed is completed first");
                }
            }
            Attributes::WorkflowExecutionUpdateCompletedEventAttributes(update) => {
                let outcome = update.outcome.as_ref().and_then(|outcome| outcome.value.as_ref());
                if let Some(UpdateOutcome::Success(answer)) = outcome {
                    self.hear_answer(read(first(Some(answer))), at);
                }
            }
            Attributes::WorkflowTaskScheduledEventAttributes(_) => {
                self.waits_for_worker_since_us = at;
            }
            Attributes::WorkflowTaskStartedEventAttributes(_) => {
                self.waits_for_worker_since_us = None;
            }
            Attributes::WorkflowTaskTimedOutEventAttributes(_) => {
                self.waits_for_worker_since_us = at;
                self.tell(at, "the worker did not come back in time; it goes on with another one");
            }
            attributes => {
                self.hear_step(event.event_id, attributes, at);
                self.hear_end(attributes, at);
            }
        }
    }

    /// What an open run waits for.
    pub(super) fn hear_what_is_open(&mut self, pending: &[PendingActivityInfo]) {
        let mut open: Vec<(i64, Attempts)> = self.open.drain().collect();
        open.sort_by_key(|(scheduled, _)| *scheduled);
        for (_, mut attempts) in open {
            let known = pending.iter().find(|known| known.activity_id == attempts.step.activity_id);
            let mut at = attempts.since_us;
            if let Some(known) = known {
                // Between two attempts the number is that of the next one.
                let is_under_way = known.state() == PendingActivityState::Started;
                attempts.count += i64::from(known.attempt) - i64::from(!is_under_way);
                let failure = known.last_failure.as_ref().map(words_of);
                attempts.last_failure = failure.or(attempts.last_failure);
                let started = known.last_started_time.as_ref();
                at = started.map(|time| us(time.seconds, time.nanos)).or(at);
            }
            let (who, wish) = (attempts.step.who(), attempts.step.wish());
            let what = format!("waits for {who} to {wish}{}", attempts.why());
            let details = attempts.what_it_took(at);
            let process = self.process;
            self.told.push(Told { at_us: at, who: process, what, details, fact: None });
        }
        if self.waits_for_worker_since_us.is_some() {
            self.tell(self.waits_for_worker_since_us, "waits for a worker");
        }
    }

    fn hear_start(&mut self, at: Option<i64>) {
        let after = self.handed_over_at_us.zip(at).map(|(from, to)| to.saturating_sub(from));
        let what = match after {
            Some(us) => format!("handed over after {}", span(us.max(0) / 1_000)),
            None if self.process == PLACE_ORDER => "began to place the order".to_owned(),
            None => "began".to_owned(),
        };
        self.tell(at, what);
    }

    fn hear_local_step(&mut self, marker: &MarkerRecordedEventAttributes, at: Option<i64>) {
        if marker.marker_name != LOCAL_ACTIVITY {
            return;
        }
        let Some(local) = read::<LocalStep>(first(marker.details.get("data"))) else { return };
        // All markers of a task are recorded at its end; each remembers its own time.
        let at = local.complete_time.map(|time| us(time.seconds, time.nanos)).or(at);
        let LocalStep { activity_id, activity_type, .. } = local;
        let step = Step { activity_type, activity_id };
        match &marker.failure {
            None => self.tell_answer(&step, first(marker.details.get("result")), at, None),
            Some(failure) => {
                let why = words_of(failure);
                let what = format!("asked to {}: {why}; trying again", step.wish());
                self.told.push(Told {
                    at_us: at,
                    who: step.who(),
                    what,
                    details: None,
                    fact: None,
                });
                let attempts = Attempts { step, since_us: at, count: 1, last_failure: Some(why) };
                self.failed_first.insert(attempts.step.activity_id.clone(), attempts);
            }
        }
    }

    fn hear_step(&mut self, event_id: i64, attributes: &Attributes, at: Option<i64>) {
        match attributes {
            Attributes::ActivityTaskScheduledEventAttributes(scheduled) => {
                let kind = scheduled.activity_type.as_ref();
                let activity_type = kind.map(|kind| kind.name.clone()).unwrap_or_default();
                let step = Step { activity_type, activity_id: scheduled.activity_id.clone() };
                let before = self.failed_first.remove(&step.activity_id);
                let fresh = Attempts { step, since_us: at, count: 0, last_failure: None };
                self.open.insert(event_id, before.unwrap_or(fresh));
            }
            Attributes::ActivityTaskStartedEventAttributes(started) => {
                if let Some(attempts) = self.open.get_mut(&started.scheduled_event_id) {
                    attempts.count += i64::from(started.attempt);
                    let failure = started.last_failure.as_ref().map(words_of);
                    attempts.last_failure = failure.or(attempts.last_failure.take());
                }
            }
            Attributes::ActivityTaskCompletedEventAttributes(completed) => {
                if let Some(attempts) = self.open.remove(&completed.scheduled_event_id) {
                    let took = attempts.what_it_took(at);
                    self.tell_answer(&attempts.step, first(completed.result.as_ref()), at, took);
                }
            }
            Attributes::ActivityTaskTimedOutEventAttributes(given_up) => {
                self.tell_given_up(given_up.scheduled_event_id, given_up.failure.as_ref(), at);
            }
            Attributes::ActivityTaskFailedEventAttributes(given_up) => {
                self.tell_given_up(given_up.scheduled_event_id, given_up.failure.as_ref(), at);
            }
            Attributes::ActivityTaskCanceledEventAttributes(given_up) => {
                self.tell_given_up(given_up.scheduled_event_id, None, at);
            }
            _ => {}
        }
    }

    fn hear_cancel(&mut self, reason: Option<RejectReason>, at: Option<i64>) {
        self.tell(
            at,
            match reason {
                Some(RejectReason::CancelledByCustomer) => "called off by the customer",
                Some(RejectReason::CancelledByOperator) => "called off by an operator",
                Some(_) => "called off",
                None => "was sent something that cannot be read; it changes nothing",
            },
        );
    }

    fn hear_answer(&mut self, answer: Option<PlaceAnswer>, at: Option<i64>) {
        match answer {
            Some(PlaceAnswer::Approved { .. }) => self.tell(at, "customer answered: approved"),
            Some(PlaceAnswer::Rejected { reason }) => {
                let sentence = reason.sentence();
                self.tell(at, format!("customer answered: rejected, {reason}: {sentence}"));
            }
            Some(PlaceAnswer::KeyReused) => {
                self.tell(at, "customer answered: this key has placed another order");
            }
            Some(PlaceAnswer::Failed { .. }) | None => {}
        }
    }

    fn hear_end(&mut self, attributes: &Attributes, at: Option<i64>) {
        match attributes {
            Attributes::WorkflowExecutionCompletedEventAttributes(completed) => {
                let ended: Option<Ended> = read(first(completed.result.as_ref()));
                let how = ended.map(|Ended { outcome, reason }| {
                    let reason = reason.map(|reason| format!(", {reason}")).unwrap_or_default();
                    format!(": {}{reason}", outcome.replace('_', " "))
                });
                self.tell(at, format!("ended{}", how.unwrap_or_default()));
            }
            Attributes::WorkflowExecutionFailedEventAttributes(failed) => {
                let why = failed.failure.as_ref().map(words_of).unwrap_or_default();
                self.tell(at, format!("failed, a person must look: {why}"));
            }
            // Why is an operator's own text, and not for a customer to read.
            Attributes::WorkflowExecutionTerminatedEventAttributes(_) => {
                self.tell(at, "was terminated by an operator, a person must look");
            }
            Attributes::WorkflowExecutionTimedOutEventAttributes(_) => {
                self.tell(at, "ran out of time, a person must look");
            }
            _ => {}
        }
    }

    fn tell_answer(
        &mut self,
        step: &Step,
        answer: Option<&[u8]>,
        at_us: Option<i64>,
        details: Option<String>,
    ) {
        let (what, fact) = step.answered(answer.unwrap_or_default(), &mut self.total);
        let who = step.told_by(self.process);
        self.told.push(Told { at_us, who, what, details, fact });
    }

    fn tell_given_up(&mut self, scheduled: i64, failure: Option<&Failure>, at: Option<i64>) {
        let Some(mut attempts) = self.open.remove(&scheduled) else { return };
        if attempts.last_failure.is_none() {
            attempts.last_failure = failure.map(words_of);
        }
        let (who, wish) = (attempts.step.who(), attempts.step.wish());
        let what = format!("gave up asking {who} to {wish}{}", attempts.why());
        let (process, details) = (self.process, attempts.what_it_took(at));
        self.told.push(Told { at_us: at, who: process, what, details, fact: None });
    }

    fn tell(&mut self, at_us: Option<i64>, what: impl Into<String>) {
        let (who, what) = (self.process, what.into());
        self.told.push(Told { at_us, who, what, details: None, fact: None });
    }
}

fn read<T: DeserializeOwned>(payload: Option<&[u8]>) -> Option<T> {
    serde_json::from_slice(payload?).ok()
}
