//! Why a run failed for good, so that a person must look. A refusal that is part of the business is an outcome.
//!
//! The kinds are stored with each failed run and told apart by name: in the Web UI, the CLI and the tests. None is
//! retried, and the id is free again: a run that failed may be started once more under its id.

use std::fmt;
use temporalio_common::error::ApplicationFailure;
use temporalio_workflow::WorkflowTermination;

/// Every kind of failure that a process of ours ends with on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureKind {
    /// The input is not what the process takes, or does not belong to the id of the run.
    InvalidInput,
    /// The order is not marked sent: the run was started by hand, too early.
    OrderNotSent,
    /// There is no such order.
    OrderUnknown,
    /// What is there under this order's id has other contents: a voucher for another customer, an order of another
    /// request, a reservation of another amount.
    ContentsDiffer,
    /// The order is neither sent nor cancelled, and needs its credit: the run was started by hand, too early.
    OrderIsLive,
    /// The order is approved and has reserved nothing: one of the two databases has lost something.
    ReservationUnknown,
}

impl FailureKind {
    /// All of them; tests and documentation loop over it.
    pub const ALL: [Self; 6] = [
        Self::InvalidInput,
        Self::OrderNotSent,
        Self::OrderUnknown,
        Self::ContentsDiffer,
        Self::OrderIsLive,
        Self::ReservationUnknown,
    ];

    /// The `type` of the failure in the history.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidInput => "InvalidInput",
            Self::OrderNotSent => "OrderNotSent",
            Self::OrderUnknown => "OrderUnknown",
            Self::ContentsDiffer => "ContentsDiffer",
            Self::OrderIsLive => "OrderIsLive",
            Self::ReservationUnknown => "ReservationUnknown",
        }
    }

    /// Reads a failure's `type` back.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Ends the run with this kind; `why` is stored in clear, so it names ids and no persons.
    #[must_use]
    pub fn because(self, why: impl Into<String>) -> Failed {
        Failed { kind: self, why: why.into() }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A failure of a known kind, with its reason in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// What kind.
    pub kind: FailureKind,
    /// Why, for people.
    pub why: String,
}

impl From<Failed> for WorkflowTermination {
    fn from(failed: Failed) -> Self {
        ApplicationFailure::builder(failed.why)
            .type_name(failed.kind.name().to_owned())
            .non_retryable(true)
            .build()
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_back_from_its_name() {
        for kind in FailureKind::ALL {
            assert_eq!(FailureKind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(FailureKind::from_name("Timeout"), None);
    }
}
