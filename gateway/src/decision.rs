//! What a customer is answered, from what the process said or, if it said nothing, from what its run shows. Pure.
//!
//! Nothing here decides about the order: an answer is final only where the process has decided. Everything else is
//! `Pending` (the run is there, and will decide) or `NotConfirmed` (nobody knows; the same key asks again, safely).

use crate::process::Run;
use contracts::placement::RejectReason;
use contracts::{CustomerId, Money};
use workflows::place_order::{Ending, PlaceAnswer};

/// What a customer is answered who places an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The order is approved. Final.
    Approved {
        /// What it costs.
        total: Money,
    },
    /// There is no order. Final.
    Rejected {
        /// Why.
        reason: RejectReason,
    },
    /// The run is there and has not decided.
    Pending,
    /// This key has placed another cart. Final for this cart.
    KeyReused,
    /// The process failed, and a person must look.
    Failed {
        /// The kind of its failure.
        kind: String,
    },
    /// Nobody knows whether anything was started.
    NotConfirmed,
}

/// What was asked, as far as it tells one request from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Who asked.
    pub(crate) customer_id: CustomerId,
    /// The hash of the request.
    pub(crate) contents_hash: String,
    /// What it costs.
    pub(crate) total: Money,
}

impl Answer {
    /// Whether the same key will never hear anything else: a next order takes a new one.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Approved { .. } | Self::Rejected { .. } | Self::KeyReused => true,
            Self::Pending | Self::Failed { .. } | Self::NotConfirmed => false,
        }
    }

    /// A word for metrics and pages.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Approved { .. } => "approved",
            Self::Rejected { .. } => "rejected",
            Self::Pending => "pending",
            Self::KeyReused => "key_reused",
            Self::Failed { .. } => "failed",
            Self::NotConfirmed => "not_confirmed",
        }
    }
}

/// What follows from what the process said.
pub(crate) fn from_process(said: PlaceAnswer, asked: &Asked) -> Answer {
    match said {
        PlaceAnswer::Approved { total } => Answer::Approved { total: total.unwrap_or(asked.total) },
        PlaceAnswer::Rejected { reason } => Answer::Rejected { reason },
        PlaceAnswer::KeyReused => Answer::KeyReused,
        PlaceAnswer::Failed { kind } => Answer::Failed { kind },
    }
}

/// What follows from the run when the process said nothing.
pub(crate) fn from_run(run: &Run, asked: &Asked) -> Answer {
    match run {
        Run::Open { customer_id, contents_hash } => {
            let is_ours = customer_id.as_ref().is_none_or(|id| *id == asked.customer_id)
                && contents_hash.as_ref().is_none_or(|hash| *hash == asked.contents_hash);
            if is_ours { Answer::Pending } else { Answer::KeyReused }
        }
        Run::Completed(outcome) if outcome.contents_hash != asked.contents_hash => {
            Answer::KeyReused
        }
        Run::Completed(outcome) => match outcome.ending {
            // A repeat is answered as the first request was: it was approved, whatever became of it since.
            Ending::Approved | Ending::Cancelled => {
                Answer::Approved { total: outcome.total.unwrap_or(asked.total) }
            }
            Ending::Rejected { reason } => Answer::Rejected { reason },
        },
        // A repeat may start it again; whether this request did is not known.
        Run::Broken { .. } | Run::None | Run::Unknown => Answer::NotConfirmed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use workflows::place_order::PlaceOrderOutcome;

    const TOTAL: Money = Money::eur_cents(120_50);

    fn asked() -> Asked {
        Asked { customer_id: customer("cus_ada"), contents_hash: "ab".to_owned(), total: TOTAL }
    }

    fn customer(id: &str) -> CustomerId {
        id.parse().expect("a customer id")
    }

    fn open(customer_id: Option<&str>, contents_hash: Option<&str>) -> Run {
        Run::Open {
            customer_id: customer_id.map(customer),
            contents_hash: contents_hash.map(str::to_owned),
        }
    }

    fn completed(ending: Ending, contents_hash: &str) -> Run {
        Run::Completed(Box::new(PlaceOrderOutcome {
            order_id: "ord_019a9f0c-52d1-8c3e-9d2b-6f1f0f6f7a01".parse().expect("an order id"),
            customer_id: customer("cus_ada"),
            contents_hash: contents_hash.to_owned(),
            total: None,
            ending,
        }))
    }

    #[test]
    fn a_run_under_way_is_pending_also_when_its_start_says_nothing_of_whose_it_is() {
        for run in [open(Some("cus_ada"), Some("ab")), open(None, None)] {
            assert_eq!(from_run(&run, &asked()), Answer::Pending);
        }
    }

    #[test]
    fn a_run_under_way_for_another_cart_means_that_the_key_was_reused() {
        assert_eq!(from_run(&open(Some("cus_ada"), Some("cd")), &asked()), Answer::KeyReused);
        assert_eq!(from_run(&open(Some("cus_bob"), None), &asked()), Answer::KeyReused);
    }

    #[test]
    fn a_repeat_after_the_run_has_closed_is_answered_as_the_first_time() {
        let reason = RejectReason::RiskTooHigh;
        for (ending, answer) in [
            (Ending::Approved, Answer::Approved { total: TOTAL }),
            (Ending::Cancelled, Answer::Approved { total: TOTAL }),
            (Ending::Rejected { reason }, Answer::Rejected { reason }),
        ] {
            assert_eq!(from_run(&completed(ending, "ab"), &asked()), answer);
        }
    }

    #[test]
    fn another_cart_after_the_run_has_closed_means_that_the_key_was_reused() {
        let reason = RejectReason::RiskTooHigh;
        for ending in [Ending::Approved, Ending::Cancelled, Ending::Rejected { reason }] {
            assert_eq!(from_run(&completed(ending, "cd"), &asked()), Answer::KeyReused);
        }
    }

    #[test]
    fn what_nobody_knows_is_not_confirmed_and_never_final() {
        for run in [Run::None, Run::Unknown, Run::Broken { customer_id: None }] {
            let answer = from_run(&run, &asked());

            assert_eq!(answer, Answer::NotConfirmed);
            assert!(!answer.is_final());
        }
    }

    #[test]
    fn a_next_order_takes_a_new_key_only_after_a_final_answer() {
        let reason = RejectReason::Other;
        for (said, is_final) in [
            (PlaceAnswer::Approved { total: None }, true),
            (PlaceAnswer::Rejected { reason }, true),
            (PlaceAnswer::KeyReused, true),
            (PlaceAnswer::Failed { kind: "InvalidInput".to_owned() }, false),
        ] {
            assert_eq!(from_process(said.clone(), &asked()).is_final(), is_final, "{said:?}");
        }
        assert!(!Answer::Pending.is_final());
    }
}
