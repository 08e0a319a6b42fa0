//! What a run of a process remembers, in words: its history, and what it waits for.
//!
//! A step is one line, however often it was tried; the first time that it was not answered is another, at its time.

mod attempts;
mod teller;

use super::timeline::{Told, process_named};
use contracts::CustomerId;
use serde::Deserialize;
use teller::Teller;
use temporalio_common::protos::temporal::api::common::v1::Payloads;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::history::v1::{
    History, HistoryEvent, WorkflowExecutionStartedEventAttributes,
};
use temporalio_common::protos::temporal::api::workflow::v1::PendingActivityInfo;

/// The latest run of one of our processes.
#[derive(Debug, Clone)]
pub(super) struct Run {
    process: &'static str,
    history: History,
    pending: Vec<PendingActivityInfo>,
}

impl Run {
    /// This one; `None` for what is none of ours.
    pub(super) fn of(history: History, pending: Vec<PendingActivityInfo>) -> Option<Self> {
        let workflow_type = start_of(&history)?.workflow_type.as_ref()?;
        let process = process_named(&workflow_type.name)?;
        Some(Self { process, history, pending })
    }

    /// The name of the process.
    pub(super) fn process(&self) -> &'static str {
        self.process
    }

    /// Whose order it places, where its input says so.
    pub(super) fn customer_id(&self) -> Option<CustomerId> {
        #[derive(Deserialize)]
        struct Named {
            customer_id: CustomerId,
        }
        let input = start_of(&self.history)?.input.as_ref();
        serde_json::from_slice::<Named>(first(input)?).ok().map(|named| named.customer_id)
    }

    /// Whether a run with this history goes on.
    pub(super) fn is_open(history: &History) -> bool {
        let last = history.events.last().and_then(|event| event.attributes.as_ref());
        !last.is_some_and(|attributes| {
            matches!(
                attributes,
                Attributes::WorkflowExecutionCompletedEventAttributes(_)
                    | Attributes::WorkflowExecutionFailedEventAttributes(_)
                    | Attributes::WorkflowExecutionTerminatedEventAttributes(_)
                    | Attributes::WorkflowExecutionTimedOutEventAttributes(_)
                    | Attributes::WorkflowExecutionCanceledEventAttributes(_)
                    | Attributes::WorkflowExecutionContinuedAsNewEventAttributes(_)
            )
        })
    }

    /// All that it remembers. `handed_over_at_us` is when what it was started for had happened.
    pub(super) fn tell(&self, handed_over_at_us: Option<i64>) -> Vec<Told> {
        let mut teller = Teller::of(self.process, handed_over_at_us);
        for event in &self.history.events {
            teller.hear(event);
        }
        if Self::is_open(&self.history) {
            teller.hear_what_is_open(&self.pending);
        }
        teller.told()
    }
}

fn start_of(history: &History) -> Option<&WorkflowExecutionStartedEventAttributes> {
    match history.events.first()?.attributes.as_ref()? {
        Attributes::WorkflowExecutionStartedEventAttributes(started) => Some(started),
        _ => None,
    }
}

/// The bytes of the one payload.
fn first(payloads: Option<&Payloads>) -> Option<&[u8]> {
    payloads?.payloads.first().map(|payload| payload.data.as_slice())
}

/// When an event was recorded, microseconds since 1970.
fn at_us(event: &HistoryEvent) -> Option<i64> {
    event.event_time.as_ref().map(|time| us(time.seconds, time.nanos))
}

fn us(seconds: i64, nanos: i32) -> i64 {
    seconds.saturating_mul(1_000_000).saturating_add(i64::from(nanos) / 1_000)
}
