//! Cases: what a person must look at, as whoever finds one tells it to desk-api (`PUT /cases/{kind}/{subject}`).
//!
//! A case is named by its kind and its subject for ever: found again it is the same case. One that a person decided to
//! skip or to abandon stays closed if it is of the books; a run or event that is found again is stuck again, or still.

use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// The problem types (last segments) of desk-api.
pub mod problem {
    /// There is no such case.
    pub const CASE_UNKNOWN: &str = "case_unknown";
    /// Final: a person has closed this case, or what was wrong is so no longer.
    pub const CASE_CLOSED: &str = "case_closed";
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseKind {
    /// A sent order that earned a voucher has none. Subject: the order.
    SentOrderWithoutVoucher,
    /// A voucher whose order is not sent, or not on file. Subject: the voucher.
    VoucherWithoutSentOrder,
    /// A voucher that its order did not earn, or another one than it earned. Subject: the voucher.
    VoucherNotOwed,
    /// A live reservation whose order is not on file, sent, cancelled or rejected. Subject: the order.
    LiveReservationWithoutLiveOrder,
    /// An order that was approved in the shop and holds no credit. Subject: the order.
    ApprovedOrderWithoutReservation,
    /// A pending order with no open process that would decide it. Subject: the order.
    PendingOrderWithoutProcess,
    /// An event that waits for too long. Subject: the event.
    EventUnsettled,
    /// An event in quarantine. Subject: the event.
    EventQuarantined,
    /// An undo that keeps failing. Subject: the workflow's id.
    UndoKeepsFailing,
    /// A step that keeps failing. Subject: the workflow's id.
    StepKeepsFailing,
    /// A run whose workflow tasks keep failing (`TemporalReportedProblems`). Subject: the workflow's id.
    RunReportsProblems,
}

impl CaseKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::SentOrderWithoutVoucher,
        Self::VoucherWithoutSentOrder,
        Self::VoucherNotOwed,
        Self::LiveReservationWithoutLiveOrder,
        Self::ApprovedOrderWithoutReservation,
        Self::PendingOrderWithoutProcess,
        Self::EventUnsettled,
        Self::EventQuarantined,
        Self::UndoKeepsFailing,
        Self::StepKeepsFailing,
        Self::RunReportsProblems,
    ];

    /// The word in paths, JSON, SQL and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SentOrderWithoutVoucher => "sent_order_without_voucher",
            Self::VoucherWithoutSentOrder => "voucher_without_sent_order",
            Self::VoucherNotOwed => "voucher_not_owed",
            Self::LiveReservationWithoutLiveOrder => "live_reservation_without_live_order",
            Self::ApprovedOrderWithoutReservation => "approved_order_without_reservation",
            Self::PendingOrderWithoutProcess => "pending_order_without_process",
            Self::EventUnsettled => "event_unsettled",
            Self::EventQuarantined => "event_quarantined",
            Self::UndoKeepsFailing => "undo_keeps_failing",
            Self::StepKeepsFailing => "step_keeps_failing",
            Self::RunReportsProblems => "run_reports_problems",
        }
    }

    /// Whether a case that a person closed stays closed when it is found again.
    ///
    /// What the books say stays as a person left it. A run or an event is gone once the decision is carried out: found
    /// again, it was not, or the same process is stuck elsewhere.
    #[must_use]
    pub const fn stays_closed(self) -> bool {
        match self {
            Self::SentOrderWithoutVoucher
            | Self::VoucherWithoutSentOrder
            | Self::VoucherNotOwed
            | Self::LiveReservationWithoutLiveOrder
            | Self::ApprovedOrderWithoutReservation
            | Self::PendingOrderWithoutProcess => true,
            Self::EventUnsettled
            | Self::EventQuarantined
            | Self::UndoKeepsFailing
            | Self::StepKeepsFailing
            | Self::RunReportsProblems => false,
        }
    }
}

/// A word that names no kind, state or decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one of the words that are known here")]
pub struct UnknownWord;

impl FromStr for CaseKind {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownWord)
    }
}

/// Tells desk-api of a case (`PUT /cases/{kind}/{subject}`). Told again, it is seen once more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportCase {
    /// What is wrong, in a sentence for people: 1 to 500 characters.
    pub summary: String,
    /// The run that is stuck, or that ended without doing what it owed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_id: Option<String>,
    /// Which run under that id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// The id of the pending activity, as in `release`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity_id: Option<String>,
    /// The event that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
}

/// How a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseState {
    /// A person must decide.
    Open,
    /// A person had it tried again. Found again, it is open again.
    Retried,
    /// A person decided that it is not to be done. Found again: [`CaseKind::stays_closed`].
    Skipped,
    /// A person gave it up. Found again: [`CaseKind::stays_closed`].
    Abandoned,
    /// What was wrong is so no longer, by nobody's decision. Found again, it is open again.
    Resolved,
}

impl CaseState {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Open, Self::Retried, Self::Skipped, Self::Abandoned, Self::Resolved];

    /// The word in paths, JSON and SQL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Retried => "retried",
            Self::Skipped => "skipped",
            Self::Abandoned => "abandoned",
            Self::Resolved => "resolved",
        }
    }
}

impl FromStr for CaseState {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(UnknownWord)
    }
}

/// What a person decides of a case (`POST /cases/{kind}/{subject}/decide`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Try it again.
    Retry,
    /// It is not to be done; the process goes on without it.
    Skip,
    /// Give it up.
    Abandon,
}

impl Decision {
    /// Every decision.
    pub const ALL: [Self; 3] = [Self::Retry, Self::Skip, Self::Abandon];

    /// The word in JSON and SQL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Skip => "skip",
            Self::Abandon => "abandon",
        }
    }

    /// How it leaves the case.
    #[must_use]
    pub const fn leaves(self) -> CaseState {
        match self {
            Self::Retry => CaseState::Retried,
            Self::Skip => CaseState::Skipped,
            Self::Abandon => CaseState::Abandoned,
        }
    }
}

impl FromStr for Decision {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|decision| decision.as_str() == text).ok_or(UnknownWord)
    }
}

/// A case, as desk-api answers with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// What is wrong.
    pub kind: CaseKind,
    /// With what: the id of an order, voucher, event or workflow.
    pub subject: String,
    /// How it stands.
    pub state: CaseState,
    /// What was said of it last.
    #[serde(flatten)]
    pub report: ReportCase,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_called_the_same_in_json_and_elsewhere() {
        for kind in CaseKind::ALL {
            let json = serde_json::to_string(&kind).expect("json");

            assert_eq!(json, format!("{:?}", kind.as_str()));
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
    }

    #[test]
    fn every_state_and_decision_is_called_the_same_in_json_and_elsewhere() {
        for state in CaseState::ALL {
            assert_eq!(serde_json::to_value(state).expect("json"), state.as_str());
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        for decision in Decision::ALL {
            assert_eq!(serde_json::to_value(decision).expect("json"), decision.as_str());
            assert_eq!(decision.as_str().parse(), Ok(decision));
        }
    }

    #[test]
    fn a_case_keeps_its_shape() {
        let golden = r#"{"kind":"event_quarantined","subject":"evt_1","state":"open","summary":"it names no order","event_id":"evt_1"}"#;

        let case: Case = serde_json::from_str(golden).expect("golden payload");

        assert_eq!(serde_json::to_string(&case).expect("json"), golden);
    }
}
