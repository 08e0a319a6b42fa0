//! Cases: what a person must look at, as whoever finds one tells it to desk-api (`PUT /cases/{kind}/{subject}`).
//!
//! A case is named by its kind and its subject for ever: found again it is the same case, and one that a person decided
//! to skip or to abandon stays closed.

use serde::{Deserialize, Serialize};

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
    /// A person decided that it is not to be done. Found again, it stays so.
    Skipped,
    /// A person gave it up. Found again, it stays so.
    Abandoned,
    /// What was wrong is so no longer, by nobody's decision. Found again, it is open again.
    Resolved,
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
        }
    }

    #[test]
    fn a_case_keeps_its_shape() {
        let golden = r#"{"kind":"event_quarantined","subject":"evt_1","state":"open","summary":"it names no order","event_id":"evt_1"}"#;

        let case: Case = serde_json::from_str(golden).expect("golden payload");

        assert_eq!(serde_json::to_string(&case).expect("json"), golden);
    }
}
