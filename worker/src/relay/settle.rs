//! What an event's start means for the event. Pure: every case can be read, and is tested, here.
//!
//! An event is settled by a start of ours, or by a run of the subscribed type that has *completed*. A run that is
//! still open settles nothing: it may have been started by hand, have read "not sent" a moment ago and be about to
//! fail. Only what names the event counts against it. A completed run of *another* type would hold the id until the
//! retention ends; it is started over (`docs/adr/0006-…`).

use temporalio_client::WorkflowExecutionStatus;

/// How Temporal answered a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartAnswer {
    /// A new run.
    Accepted,
    /// A run of this id is open, or has completed within the retention.
    AlreadyStarted,
    /// This very start can never be right (`InvalidArgument`).
    Refused(String),
    /// No answer that says anything of the event: unavailable, too slow, too busy, no such namespace, not allowed.
    Away(String),
}

/// The run that stood in the way of a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StandingRun {
    /// It is there.
    Found {
        /// How it stands.
        status: WorkflowExecutionStatus,
        /// Of which type it is.
        workflow_type: String,
    },
    /// It was gone when it was looked for: its retention had just ended.
    Gone,
    /// Nobody could say.
    Away(String),
}

/// What becomes of the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Never hand it out again.
    Settle,
    /// Not yet; not counted. A person is told if it takes long.
    Postpone(Why),
    /// The event itself is at fault; counted.
    Poison(String),
    /// Nothing can be said while Temporal is away; not counted.
    HandBack(String),
    /// A completed run of another type holds the id: start once more, whatever has completed under it.
    StartOver,
}

/// What an event waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The run is open; when it ends it is looked at again.
    RunIsOpen,
    /// The run ended without completing, or is gone: the next start will be accepted.
    IdIsFree,
}

/// What a start's answer alone decides; `None` when the run that stands in the way must be looked at.
#[must_use]
pub fn by_answer(answer: StartAnswer) -> Option<Decision> {
    match answer {
        StartAnswer::Accepted => Some(Decision::Settle),
        StartAnswer::Refused(reason) => Some(Decision::Poison(reason)),
        StartAnswer::Away(why) => Some(Decision::HandBack(why)),
        StartAnswer::AlreadyStarted => None,
    }
}

/// What the run that stood in the way decides for an event that wants a run of `subscribed_type`.
#[must_use]
pub fn by_standing_run(run: StandingRun, subscribed_type: &str) -> Decision {
    use WorkflowExecutionStatus as Status;
    let (status, workflow_type) = match run {
        StandingRun::Found { status, workflow_type } => (status, workflow_type),
        StandingRun::Gone => return Decision::Postpone(Why::IdIsFree),
        StandingRun::Away(why) => return Decision::HandBack(why),
    };
    match status {
        Status::Completed if workflow_type == subscribed_type => Decision::Settle,
        Status::Completed => Decision::StartOver,
        Status::Failed | Status::Canceled | Status::Terminated | Status::TimedOut => {
            Decision::Postpone(Why::IdIsFree)
        }
        // Open, or in a state that a newer server knows: only "completed" settles.
        _ => Decision::Postpone(Why::RunIsOpen),
    }
}

/// What the answer to a start that came after [`Decision::StartOver`] decides. Refused once more, a run is open now.
#[must_use]
pub fn by_second_answer(answer: StartAnswer) -> Decision {
    by_answer(answer).unwrap_or(Decision::Postpone(Why::RunIsOpen))
}

#[cfg(test)]
mod tests {
    use super::*;
    use WorkflowExecutionStatus as Status;

    const EVERY_STATUS: [Status; 10] = [
        Status::Unspecified,
        Status::Running,
        Status::Completed,
        Status::Failed,
        Status::Canceled,
        Status::Terminated,
        Status::ContinuedAsNew,
        Status::TimedOut,
        Status::Paused,
        Status::Unknown,
    ];

    fn standing(status: Status, workflow_type: &str) -> Decision {
        let run = StandingRun::Found { status, workflow_type: workflow_type.to_owned() };
        by_standing_run(run, "GrantVoucher")
    }

    #[test]
    fn a_start_of_ours_settles_its_event() {
        assert_eq!(by_answer(StartAnswer::Accepted), Some(Decision::Settle));
    }

    #[test]
    fn only_a_completed_run_of_the_subscribed_type_settles_an_event_that_was_already_started() {
        assert_eq!(by_answer(StartAnswer::AlreadyStarted), None);
        for status in EVERY_STATUS {
            let is_settled = standing(status, "GrantVoucher") == Decision::Settle;

            assert_eq!(is_settled, status == Status::Completed, "{status:?}");
            assert_ne!(standing(status, "SomethingElse"), Decision::Settle, "{status:?}");
        }
    }

    #[test]
    fn an_open_run_postpones_its_event() {
        for status in [Status::Running, Status::Paused, Status::ContinuedAsNew, Status::Unknown] {
            assert_eq!(standing(status, "GrantVoucher"), Decision::Postpone(Why::RunIsOpen));
        }
    }

    #[test]
    fn a_run_that_ended_without_completing_leaves_the_id_to_the_next_start() {
        for status in [Status::Failed, Status::Canceled, Status::Terminated, Status::TimedOut] {
            assert_eq!(standing(status, "GrantVoucher"), Decision::Postpone(Why::IdIsFree));
        }
        let gone = by_standing_run(StandingRun::Gone, "GrantVoucher");
        assert_eq!(gone, Decision::Postpone(Why::IdIsFree));
    }

    #[test]
    fn a_completed_run_of_another_type_is_started_over() {
        assert_eq!(standing(Status::Completed, "SomethingElse"), Decision::StartOver);
        assert_eq!(by_second_answer(StartAnswer::Accepted), Decision::Settle);
        assert_eq!(
            by_second_answer(StartAnswer::AlreadyStarted),
            Decision::Postpone(Why::RunIsOpen)
        );
    }

    #[test]
    fn only_what_names_the_event_counts_against_it() {
        let away = || "unavailable".to_owned();

        assert_eq!(
            by_answer(StartAnswer::Refused("no such thing".to_owned())),
            Some(Decision::Poison("no such thing".to_owned()))
        );
        assert_eq!(by_answer(StartAnswer::Away(away())), Some(Decision::HandBack(away())));
        assert_eq!(
            by_standing_run(StandingRun::Away(away()), "GrantVoucher"),
            Decision::HandBack(away())
        );
        for status in EVERY_STATUS {
            for workflow_type in ["GrantVoucher", "SomethingElse"] {
                assert!(!matches!(standing(status, workflow_type), Decision::Poison(_)));
            }
        }
    }
}
