//! A case, and the rule: what being found again, being found no more and a person's decision make of it.

use contracts::cases::{CaseKind, CaseState, Decision, ReportCase};

/// A subject has at most so many characters.
const MAX_SUBJECT: usize = 128;

/// What a case is called for ever.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) kind: CaseKind,
    pub(crate) subject: String,
}

/// A case as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) name: Name,
    pub(crate) state: CaseState,
    pub(crate) report: ReportCase,
    pub(crate) times_seen: i64,
    pub(crate) first_seen_at_ms: i64,
    pub(crate) last_seen_at_ms: i64,
    /// When it became what a person must look at, for the last time.
    pub(crate) opened_at_ms: i64,
}

impl Name {
    /// A kind that exists, and 1 to 128 visible ASCII characters without a slash.
    pub(crate) fn of(kind: &str, subject: &str) -> Option<Self> {
        let is_allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'/';
        let is_subject =
            (1..=MAX_SUBJECT).contains(&subject.len()) && subject.bytes().all(is_allowed);
        let kind = kind.parse().ok().filter(|_| is_subject)?;
        Some(Self { kind, subject: subject.to_owned() })
    }
}

impl Case {
    /// Whether it is opened again by being found again.
    pub(crate) fn is_opened_by_being_found(&self) -> bool {
        match self.state {
            CaseState::Open => false,
            CaseState::Retried | CaseState::Resolved => true,
            CaseState::Skipped | CaseState::Abandoned => !self.name.kind.stays_closed(),
        }
    }

    /// Whether it is resolved by being found no more.
    pub(crate) fn is_resolved_by_being_gone(&self) -> bool {
        self.is_undecided()
    }

    /// What `by` deciding this comes to, when `last` was decided before.
    pub(crate) fn deciding(&self, decision: Decision, by: &str, last: Option<&Last>) -> Deciding {
        let is_repeat = self.state == decision.leaves()
            && last.is_some_and(|last| last.decision == decision && last.by == by);
        if is_repeat {
            Deciding::Repeated
        } else if self.is_undecided() {
            Deciding::Taken
        } else {
            Deciding::Closed
        }
    }

    /// A person may see that the retry was for nothing before the case is found again.
    fn is_undecided(&self) -> bool {
        matches!(self.state, CaseState::Open | CaseState::Retried)
    }
}

/// The decision before this one.
pub(crate) struct Last {
    pub(crate) decision: Decision,
    pub(crate) by: String,
}

/// What deciding comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deciding {
    /// It is decided now.
    Taken,
    /// The same caller decided the same before.
    Repeated,
    /// The case is closed.
    Closed,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(kind: CaseKind, state: CaseState) -> Case {
        let report = ReportCase {
            summary: "it is stuck".into(),
            workflow_id: None,
            run_id: None,
            activity_id: None,
            event_id: None,
        };
        Case {
            name: Name { kind, subject: "place-1".into() },
            state,
            report,
            times_seen: 1,
            first_seen_at_ms: 0,
            last_seen_at_ms: 0,
            opened_at_ms: 0,
        }
    }

    #[test]
    fn what_the_books_say_stays_as_a_person_left_it_and_a_stuck_run_does_not() {
        for (kind, is_opened) in
            [(CaseKind::VoucherNotOwed, false), (CaseKind::UndoKeepsFailing, true)]
        {
            for state in [CaseState::Skipped, CaseState::Abandoned] {
                assert_eq!(case(kind, state).is_opened_by_being_found(), is_opened, "{kind:?}");
            }
            for state in [CaseState::Retried, CaseState::Resolved] {
                assert!(case(kind, state).is_opened_by_being_found(), "{kind:?} {state:?}");
            }
        }
    }

    #[test]
    fn a_case_is_closed_by_one_decision_and_a_repeat_of_it_is_the_same() {
        let (kind, skip) = (CaseKind::EventQuarantined, Decision::Skip);
        let last = Last { decision: skip, by: "ann".into() };

        let open = case(kind, CaseState::Open);
        let skipped = case(kind, CaseState::Skipped);

        assert_eq!(open.deciding(skip, "ann", None), Deciding::Taken);
        assert_eq!(open.deciding(skip, "ann", Some(&last)), Deciding::Taken);
        assert_eq!(skipped.deciding(skip, "ann", Some(&last)), Deciding::Repeated);
        assert_eq!(skipped.deciding(skip, "bob", Some(&last)), Deciding::Closed);
        assert_eq!(skipped.deciding(Decision::Abandon, "ann", Some(&last)), Deciding::Closed);
        assert_eq!(case(kind, CaseState::Resolved).deciding(skip, "ann", None), Deciding::Closed);
    }

    #[test]
    fn a_retry_that_was_for_nothing_may_be_followed_by_another_decision() {
        let last = Last { decision: Decision::Retry, by: "ann".into() };

        let retried = case(CaseKind::UndoKeepsFailing, CaseState::Retried);

        assert_eq!(retried.deciding(Decision::Retry, "ann", Some(&last)), Deciding::Repeated);
        assert_eq!(retried.deciding(Decision::Retry, "bob", Some(&last)), Deciding::Taken);
        assert_eq!(retried.deciding(Decision::Skip, "ann", Some(&last)), Deciding::Taken);
    }

    #[test]
    fn a_subject_is_visible_ascii_without_a_slash() {
        for bad in ["", "a b", "a/b", "ä", "a\0", &"a".repeat(129)] {
            assert_eq!(Name::of("voucher_not_owed", bad), None, "{bad:?}");
        }
        assert_eq!(Name::of("voucher", "vou_1"), None);
        assert!(Name::of("voucher_not_owed", &"a".repeat(128)).is_some());
    }
}
