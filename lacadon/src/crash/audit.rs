//! The auditor: both business rules, from the services' databases alone, and what everybody was told.
//!
//! - *lost*: an order that earned a voucher has none, or what was confirmed to somebody is not on file
//! - *doubled*: an order has more than one voucher
//! - *stuck*: an event that is not settled, or a run that is open, although it was waited for
//! - *otherwise wrong*: any other deviation from the rules
//!
//! What a run that somebody terminated still owed is listed apart: terminate runs no code, and repair is the reconciler's
//! business. If the reconciler ran meanwhile, that is wrong in itself: it would mend what has to hold without it.

use super::load::Told;
use super::quiet::{Looker, Quiet};
use crate::ledger;
use crate::placement_verdict::{self, PlacementVerdict, Unbalanced};
use crate::system::System;
use crate::verdict::{self, Deviation, Verdict};
use contracts::OrderId;
use contracts::orders::{OrderFacts, OrderStatus};
use serde::Serialize;
use std::collections::BTreeMap;

/// The process that mends what has been lost; it must not run meanwhile.
pub(super) const RECONCILE: &str = "Reconcile";

/// What the auditor found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Audit {
    /// Orders on file.
    pub orders: u64,
    /// Those that were sent.
    pub sent: u64,
    /// Vouchers that are owed.
    pub owed: u64,
    /// Vouchers on file.
    pub vouchers: u64,
    /// Placements that customers asked for.
    pub placements: u64,
    /// Those that were rejected.
    pub rejected: u64,
    /// What is gone.
    pub lost: Vec<String>,
    /// What is there twice.
    pub doubled: Vec<String>,
    /// What does not end.
    pub stuck: Vec<String>,
    /// What is wrong in another way.
    pub otherwise_wrong: Vec<String>,
    /// What runs still owed that somebody terminated.
    pub terminated: Vec<String>,
}

impl Audit {
    /// Whether both rules hold and nothing is under way.
    #[must_use]
    pub fn holds(&self) -> bool {
        [&self.lost, &self.doubled, &self.stuck, &self.otherwise_wrong]
            .iter()
            .all(|found| found.is_empty())
    }

    /// Reads the databases and compares. For when nothing is under way any more, as `quiet` says.
    ///
    /// # Errors
    /// When a database or Temporal cannot be read.
    pub async fn of(system: &System, told: &Told, quiet: &Quiet) -> anyhow::Result<Self> {
        let orders = ledger::orders(system.order_database_url()).await?;
        let facts: Vec<OrderFacts> = orders.into_iter().map(|order| order.facts).collect();
        let vouchers = ledger::vouchers(system.voucher_database_url()).await?;
        let books =
            ledger::placements(system.order_database_url(), system.risk_database_url()).await?;
        let mut audit = Self::default();
        audit.hear_vouchers(verdict::compare(&facts, &vouchers), told);
        audit.hear_placements(placement_verdict::compare(&told.placements, &books), told);
        audit.hear_confirmations(&facts, told);
        let runs = Looker::of(system).await?.runs_of_type(RECONCILE).await?;
        if runs > 0 {
            audit
                .otherwise_wrong
                .push(format!("{runs} runs of {RECONCILE}: it was to have no schedule"));
        }
        let events = quiet.events.iter().map(|id| format!("event {id} is not settled"));
        let runs = quiet.runs.iter().map(|id| format!("run {id} is open"));
        audit.stuck.extend(events.chain(runs));
        if quiet.took.is_none() && audit.stuck.is_empty() {
            audit.stuck.push("it was never quiet while it was waited for".to_owned());
        }
        audit
            .otherwise_wrong
            .extend(told.unanswered.iter().map(|what| format!("no answer: {what}")));
        Ok(audit)
    }

    fn hear_vouchers(&mut self, verdict: Verdict, told: &Told) {
        (self.orders, self.sent) = (verdict.orders, verdict.sent);
        (self.owed, self.vouchers) = (verdict.owed, verdict.given);
        for deviation in verdict.deviations {
            let is_terminated = told.terminated.contains(&deviation.order_id());
            let found = match &deviation {
                Deviation::Missing { .. } if is_terminated => &mut self.terminated,
                Deviation::Missing { .. } => &mut self.lost,
                Deviation::Doubled { .. } => &mut self.doubled,
                Deviation::NotOwed { .. }
                | Deviation::WithoutOrder { .. }
                | Deviation::WrongCustomer { .. }
                | Deviation::WrongValue { .. }
                | Deviation::Unreadable { .. } => &mut self.otherwise_wrong,
            };
            found.push(deviation.to_string());
        }
    }

    fn hear_placements(&mut self, verdict: PlacementVerdict, told: &Told) {
        self.placements = verdict.placed;
        self.rejected = verdict.rejected.values().sum();
        for deviation in verdict.deviations {
            let order_id = deviation.order_id();
            let is_terminated = order_id.is_some_and(|id| told.terminated.contains(&id));
            let found = match &deviation {
                _ if is_terminated => &mut self.terminated,
                Unbalanced::OrderWithoutCredit { .. } => &mut self.lost,
                _ => &mut self.otherwise_wrong,
            };
            found.push(deviation.to_string());
        }
    }

    /// What order-api confirmed is on file: an order that was recorded, and that it was sent.
    fn hear_confirmations(&mut self, facts: &[OrderFacts], told: &Told) {
        let on_file: BTreeMap<OrderId, OrderStatus> =
            facts.iter().map(|order| (order.id, order.status)).collect();
        for order_id in told.recorded.iter().filter(|id| !on_file.contains_key(id)) {
            self.lost.push(format!("order {order_id} was recorded and is not on file"));
        }
        for order_id in &told.sent {
            if on_file.get(order_id) != Some(&OrderStatus::Sent) {
                self.lost.push(format!("order {order_id} was marked sent and is not sent on file"));
            }
        }
    }
}
