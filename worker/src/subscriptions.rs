//! The one list of what this worker hears: event -> process and its id.
//!
//! The id of the process is derived from the event's subject alone, so that an event heard twice names the same run.

use contracts::outbox::{ORDER_CANCELLED, ORDER_SENT, ORDER_SENT_CREDIT};
use contracts::{OrderId, ParseIdError};
use serde_json::json;
use workflows::grant_voucher::{self, GRANT_VOUCHER};
use workflows::release_credit::{self, RELEASE_CREDIT};

/// An event type and the process that it starts.
#[derive(Clone, Copy)]
pub struct Subscription {
    /// As in `order.sent`.
    pub event_type: &'static str,
    /// The type of the process that it starts.
    pub workflow_type: &'static str,
    start: fn(subject: &str) -> Result<ProcessStart, ParseIdError>,
}

/// Every subscription to order-api's outbox. A new one is a line here.
pub const ORDER_EVENTS: [Subscription; 3] = [
    Subscription { event_type: ORDER_SENT, workflow_type: GRANT_VOUCHER, start: grant_voucher },
    Subscription {
        event_type: ORDER_SENT_CREDIT,
        workflow_type: RELEASE_CREDIT,
        start: release_credit,
    },
    Subscription {
        event_type: ORDER_CANCELLED,
        workflow_type: RELEASE_CREDIT,
        start: release_credit,
    },
];

/// What to start for one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessStart {
    /// The process's type.
    pub workflow_type: &'static str,
    /// The run's id.
    pub workflow_id: String,
    /// Its input.
    pub input: serde_json::Value,
    /// One line for people, shown in lists.
    pub summary: String,
}

impl Subscription {
    /// What this event starts, named by its subject.
    ///
    /// # Errors
    /// When the subject is not the id that it should be: the event itself is at fault.
    pub fn start_for(&self, subject: &str) -> Result<ProcessStart, ParseIdError> {
        (self.start)(subject)
    }
}

/// The subscription to this type of event.
#[must_use]
pub fn to(event_type: &str) -> Option<&'static Subscription> {
    const ALL: &[Subscription] = &ORDER_EVENTS;
    ALL.iter().find(|subscription| subscription.event_type == event_type)
}

fn grant_voucher(subject: &str) -> Result<ProcessStart, ParseIdError> {
    let order_id: OrderId = subject.parse()?;
    Ok(ProcessStart {
        workflow_type: GRANT_VOUCHER,
        workflow_id: grant_voucher::workflow_id(order_id),
        input: json!({ "order_id": order_id }),
        summary: format!("Voucher for sent order {order_id}"),
    })
}

fn release_credit(subject: &str) -> Result<ProcessStart, ParseIdError> {
    let order_id: OrderId = subject.parse()?;
    Ok(ProcessStart {
        workflow_type: RELEASE_CREDIT,
        workflow_id: release_credit::workflow_id(order_id),
        input: json!({ "order_id": order_id }),
        summary: format!("Credit of order {order_id}, which is sent or cancelled"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use workflows::grant_voucher::GrantVoucherInput;
    use workflows::release_credit::ReleaseCreditInput;

    const ORDER: &str = "ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01";

    #[test]
    fn a_sent_order_starts_its_voucher_process() {
        let start = to("order.sent").expect("subscribed").start_for(ORDER).expect("an order id");

        assert_eq!(start.workflow_type, "GrantVoucher");
        assert_eq!(start.workflow_id, format!("voucher-{ORDER}"));
        let input: GrantVoucherInput = serde_json::from_value(start.input).expect("its input");
        assert_eq!(input.order_id.to_string(), ORDER);
    }

    #[test]
    fn an_order_that_is_sent_or_cancelled_starts_the_release_of_its_credit() {
        for event_type in ["order.sent.credit", "order.cancelled"] {
            let start = to(event_type).expect("subscribed").start_for(ORDER).expect("an order id");

            assert_eq!(start.workflow_type, "ReleaseCredit");
            assert_eq!(start.workflow_id, format!("credit-{ORDER}"));
            let input: ReleaseCreditInput = serde_json::from_value(start.input).expect("its input");
            assert_eq!(input.order_id.to_string(), ORDER);
        }
    }

    #[test]
    fn what_nobody_subscribed_to_starts_nothing() {
        assert!(to("order.lost").is_none());
    }

    #[test]
    fn every_subscription_starts_a_process_that_this_worker_runs() {
        for subscription in ORDER_EVENTS {
            assert!(
                crate::registry::workflow_types().any(|known| known == subscription.workflow_type)
            );
        }
    }

    proptest! {
        #[test]
        fn a_subject_that_is_no_order_id_is_the_events_fault(subject in ".{0,60}") {
            for subscription in ORDER_EVENTS {
                prop_assert!(subscription.start_for(&subject).is_err());
            }
        }
    }
}
