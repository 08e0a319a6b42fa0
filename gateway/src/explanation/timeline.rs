//! Puts what is known of an order into one timeline: a pure function of the facts.
//!
//! What a process tells of a step, the service's own record is not told again beside it: one line for one thing. Each
//! time is by the clock of whoever tells.

use super::records::Records;
use super::run::Run;
use super::{Entry, Explanation};
use chassis::time::Moment;
use contracts::{CustomerId, OrderId};
use std::collections::BTreeSet;
use temporalio_common::protos::temporal::api::history::v1::History;
use workflows::grant_voucher::GRANT_VOUCHER;
use workflows::place_order::PLACE_ORDER;
use workflows::release_credit::RELEASE_CREDIT;

/// What is known of an order.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    pub(super) records: Records,
    pub(super) runs: Vec<Run>,
    pub(super) missing: BTreeSet<&'static str>,
}

/// What a service has on record, in the order in which it can only happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fact {
    Placed,
    Reserved,
    Approved,
    Confirmed,
    ToldApproved,
    Sent,
    Cancelled,
    ToldCancelled,
    Released,
    VoucherIssued,
    VoucherRedeemed,
    Rejected,
}

/// An entry before it has its place.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// Microseconds since 1970.
    pub(super) at_us: Option<i64>,
    pub(super) who: &'static str,
    pub(super) what: String,
    pub(super) details: Option<String>,
    /// Which fact it tells, where a service has it on record.
    pub(super) fact: Option<Fact>,
}

impl Facts {
    /// With what this history tells. One of a process that we do not know tells nothing.
    #[must_use]
    pub fn with_history(mut self, history: History) -> Self {
        self.runs.extend(Run::of(history, Vec::new()));
        self
    }

    /// One timeline of it all.
    #[must_use]
    pub fn timeline(&self, order_id: OrderId) -> Explanation {
        let from_runs: Vec<Told> =
            self.runs.iter().flat_map(|run| run.tell(self.handed_over_at(run.process()))).collect();
        let is_told: BTreeSet<Fact> = from_runs.iter().filter_map(|told| told.fact).collect();
        let mut told = self.records.tell();
        told.retain(|told| told.fact.is_none_or(|fact| !is_told.contains(&fact)));
        // Services keep milliseconds: what happened within one is told in the order in which it can only have happened.
        told.sort_by_key(|told| told.fact);
        told.extend(from_runs);
        // Stable: what happened at once keeps the order in which it was told. Without a time it is the latest known.
        told.sort_by_key(|told| told.at_us.unwrap_or(i64::MAX));
        Explanation {
            order_id,
            entries: told.into_iter().map(Entry::from).collect(),
            missing: self.missing.iter().copied().collect(),
            customer_id: self.owner(),
        }
    }

    /// order-api decides whose it is; a process tells while it cannot be asked.
    fn owner(&self) -> Option<CustomerId> {
        let on_record = self.records.customer_id().cloned();
        on_record.or_else(|| self.runs.iter().find_map(Run::customer_id))
    }

    /// When what a process was started for had happened, microseconds.
    fn handed_over_at(&self, process: &str) -> Option<i64> {
        match process {
            GRANT_VOUCHER => self.records.sent_at_us(),
            RELEASE_CREDIT => self.records.sent_at_us().or_else(|| self.records.cancelled_at_us()),
            _ => None,
        }
    }
}

impl From<Told> for Entry {
    fn from(told: Told) -> Self {
        let at = told.at_us.map(|at_us| Moment::from_ms(at_us / 1000));
        Self { at, who: told.who, what: told.what, details: told.details }
    }
}

/// The name of a process of ours, by the type of its run.
pub(super) fn process_named(workflow_type: &str) -> Option<&'static str> {
    [PLACE_ORDER, GRANT_VOUCHER, RELEASE_CREDIT].into_iter().find(|name| *name == workflow_type)
}
