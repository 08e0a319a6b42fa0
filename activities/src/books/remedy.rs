//! What is to be done about a violator: its process is started again, or a person is told. Pure.
//!
//! A process is started again only if the event that owed it is settled and no run of it is open: otherwise somebody is at
//! it. What was started again twice and is still wrong needs a person, as does all that no process mends.

use super::records::EventRecord;
use super::runs::Standing;
use contracts::books::Suspect;
use contracts::cases::CaseKind;
use contracts::orders::OrderStatus;
use contracts::outbox::{ORDER_CANCELLED, ORDER_SENT, ORDER_SENT_CREDIT};

/// So often a process is started again; then a person is told.
pub(super) const MOST_REDRIVES: u32 = 2;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Todo {
    /// Start its process, for the how-manieth time.
    StartAgain {
        /// Counted from 1.
        number: u32,
    },
    /// Tell a person, who is told this.
    Tell(Suspect),
}

/// The event whose process owes what this violator lacks, given how its order stands; nothing if no process mends it.
pub(super) fn owed_by(kind: CaseKind, order: Option<OrderStatus>) -> Option<&'static str> {
    match (kind, order) {
        (CaseKind::SentOrderWithoutVoucher, Some(OrderStatus::Sent)) => Some(ORDER_SENT),
        (CaseKind::LiveReservationWithoutLiveOrder, Some(OrderStatus::Sent)) => {
            Some(ORDER_SENT_CREDIT)
        }
        (CaseKind::LiveReservationWithoutLiveOrder, Some(OrderStatus::Cancelled)) => {
            Some(ORDER_CANCELLED)
        }
        _ => None,
    }
}

/// What is to be done about a violator whose process is known: `event` is the one that owes it, if it is not settled.
pub(super) fn of(
    violator: &Suspect,
    event: Option<&EventRecord>,
    workflow_id: &str,
    standing: Standing,
) -> Todo {
    let mut told = violator.clone();
    told.report.workflow_id = Some(workflow_id.to_owned());
    if let Some(event) = event {
        told.report.event_id = Some(event.event_id.clone());
        return Todo::Tell(told);
    }
    match standing {
        Standing::None => Todo::StartAgain { number: 1 },
        Standing::Closed { redrives, .. } if redrives < MOST_REDRIVES => {
            Todo::StartAgain { number: redrives.saturating_add(1) }
        }
        Standing::Open { run_id } | Standing::Closed { run_id, .. } => {
            told.report.run_id = Some(run_id);
            Todo::Tell(told)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::suspect;
    use super::*;

    fn violator() -> Suspect {
        suspect(CaseKind::SentOrderWithoutVoucher, "ord_1", "it has none")
    }

    fn closed(redrives: u32) -> Standing {
        Standing::Closed { run_id: "run-1".to_owned(), redrives }
    }

    fn event() -> EventRecord {
        EventRecord {
            event_id: "evt_1".to_owned(),
            event_type: ORDER_SENT.to_owned(),
            subject: "ord_1".to_owned(),
            state: "waiting".to_owned(),
            occurred_at: "2026-11-20T10:00:00.000Z".to_owned(),
            last_failure: None,
        }
    }

    #[test]
    fn a_process_whose_run_has_ended_or_is_forgotten_is_started_again_and_counted() {
        let todo = |standing| of(&violator(), None, "voucher-1", standing);

        assert_eq!(todo(Standing::None), Todo::StartAgain { number: 1 });
        assert_eq!(todo(closed(0)), Todo::StartAgain { number: 1 });
        assert_eq!(todo(closed(1)), Todo::StartAgain { number: 2 });
    }

    #[test]
    fn what_was_started_again_twice_in_vain_is_told_to_a_person_with_its_run() {
        let Todo::Tell(told) = of(&violator(), None, "voucher-1", closed(2)) else {
            panic!("started a third time");
        };

        assert_eq!(told.report.workflow_id.as_deref(), Some("voucher-1"));
        assert_eq!(told.report.run_id.as_deref(), Some("run-1"));
    }

    #[test]
    fn an_open_run_is_never_doubled() {
        let open = Standing::Open { run_id: "run-1".to_owned() };

        let Todo::Tell(told) = of(&violator(), None, "voucher-1", open) else { panic!("doubled") };

        assert_eq!(told.report.run_id.as_deref(), Some("run-1"));
    }

    #[test]
    fn while_its_event_is_not_settled_the_relay_is_at_it() {
        for standing in [Standing::None, closed(0)] {
            let Todo::Tell(told) = of(&violator(), Some(&event()), "voucher-1", standing) else {
                panic!("started beside the relay");
            };

            assert_eq!(told.report.event_id.as_deref(), Some("evt_1"));
        }
    }

    #[test]
    fn only_what_a_process_owes_is_started_again() {
        use CaseKind::{LiveReservationWithoutLiveOrder, SentOrderWithoutVoucher};
        for kind in CaseKind::ALL {
            for status in [OrderStatus::Pending, OrderStatus::Approved, OrderStatus::Rejected] {
                assert_eq!(owed_by(kind, Some(status)), None, "{kind:?} {status:?}");
            }
            assert_eq!(owed_by(kind, None), None, "{kind:?}");
            let is_mended = owed_by(kind, Some(OrderStatus::Sent)).is_some();
            let should = matches!(kind, SentOrderWithoutVoucher | LiveReservationWithoutLiveOrder);
            assert_eq!(is_mended, should, "{kind:?}");
        }
        let cancelled = owed_by(LiveReservationWithoutLiveOrder, Some(OrderStatus::Cancelled));
        assert_eq!(cancelled, Some(ORDER_CANCELLED));
    }
}
