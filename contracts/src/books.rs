//! The books: what `Reconcile` asks for when it holds the services' records against each other, and what it is answered.
//!
//! No record is part of a message: who compares reads the services itself, and says what is not as it should be.

use crate::cases::{CaseKind, ReportCase};
use serde::{Deserialize, Serialize};

/// Asks for a look at the books, from one place on, for as long as one look may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookAtBooks {
    /// Only what changed at this time or later, milliseconds since 1970 (UTC); everything without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<i64>,
    /// What changed less long ago than this, milliseconds, is still on its way.
    pub patience_ms: u64,
    /// So many attempts of a step have failed, and it keeps failing.
    pub failing_attempts: u32,
    /// Where the look before ended; the first page without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// A place in the books: the next page to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Of which list.
    pub chapter: Chapter,
    /// The `next_cursor` of the page before; the first page without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// A list that is gone through, page by page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chapter {
    /// Runs whose workflow tasks keep failing.
    RunsWithProblems,
    /// Runs that are open, and their steps.
    OpenRuns,
    /// Events in quarantine.
    QuarantinedEvents,
    /// Events to be handed out now.
    WaitingEvents,
    /// Events that are handed out.
    LeasedEvents,
    /// Events to be handed out later.
    PostponedEvents,
    /// Orders that are not decided.
    PendingOrders,
    /// Orders that are decided for: approved, sent or cancelled.
    Orders,
    /// Vouchers.
    Vouchers,
    /// Reservations of orders that are not decided.
    ReservedCredit,
    /// Reservations of orders that are approved.
    ConfirmedCredit,
}

/// Something that was not as it should be when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspect {
    /// What is wrong.
    pub kind: CaseKind,
    /// With what: the id of an order, voucher, event or workflow.
    pub subject: String,
    /// What a person is told of it.
    #[serde(flatten)]
    pub report: ReportCase,
}

/// What one look found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// Records that were looked at.
    pub read: u64,
    /// Those that are not as they should be.
    pub suspects: Vec<Suspect>,
    /// Where to look next; nothing when all of it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Place>,
}

/// Asks for a second look, at these alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookAgain {
    /// What the first look found.
    pub suspects: Vec<Suspect>,
    /// As in [`LookAtBooks`].
    pub failing_attempts: u32,
}

/// What the second look found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenAgain {
    /// Those that are still not as they should be.
    pub violators: Vec<Suspect>,
}

/// Asks to mend these, or to tell a person of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttendTo {
    /// What was found twice.
    pub violators: Vec<Suspect>,
}

/// What became of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttendedTo {
    /// One for each that was asked for.
    pub attended: Vec<Attended>,
}

/// What became of one violator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attended {
    /// Which.
    #[serde(flatten)]
    pub violator: Suspect,
    /// What was done.
    pub remedy: Remedy,
}

/// What was done about a violator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Its process was started again.
    Redriven,
    /// It is a case: a person must decide.
    Reported,
    /// A person has decided on it already; it stays as it is.
    Decided,
    /// Nothing yet: somebody is at it, or could not be told. The next run sees it again.
    Left,
    /// Nothing: it was only looked for.
    Named,
}

/// Says how a run ends, so that cases that are none any more are closed, and that it is measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConcludeBooks {
    /// What became of each violator.
    pub tally: Vec<Tally>,
    /// Whether everything was looked at and attended to.
    pub is_complete: bool,
    /// As in [`LookAtBooks`].
    pub failing_attempts: u32,
}

/// How many violators of a kind had the same remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// The kind.
    pub kind: CaseKind,
    /// What was done.
    pub remedy: Remedy,
    /// About how many.
    pub count: u32,
}

/// What was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConcludedBooks {
    /// Cases that are none any more.
    pub resolved: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_look_keeps_its_shape() {
        let golden = r#"{"read":7,"suspects":[{"kind":"sent_order_without_voucher","subject":"ord_1","summary":"it has none"}],"next":{"chapter":"vouchers","after":"vch_1"}}"#;

        let looked: Looked = serde_json::from_str(golden).expect("golden payload");

        assert_eq!(serde_json::to_string(&looked).expect("json"), golden);
    }

    #[test]
    fn a_recorded_remedy_keeps_its_shape() {
        let golden = r#"{"kind":"voucher_not_owed","subject":"vch_1","summary":"it is not owed","remedy":"reported"}"#;

        let attended: Attended = serde_json::from_str(golden).expect("golden payload");

        assert_eq!(serde_json::to_string(&attended).expect("json"), golden);
    }
}
