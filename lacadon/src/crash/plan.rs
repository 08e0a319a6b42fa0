//! What everybody wants to do with each order of a load: a pure function of the seed and the order's number.
//!
//! Amounts lie around the limit, customers' credit is limited, and operators lay hands on some runs.

use super::chance::Chance;
use crate::front_door::{CallOff, Terms, Wanted};
use contracts::{CustomerId, Money};
use std::time::Duration;

/// Orders of one customer, on average.
const ORDERS_PER_CUSTOMER: u64 = 20;

/// However small the load is, so many customers order.
const FEWEST_CUSTOMERS: u64 = 5;

/// Around the limit of 100.00, where a rule that compares wrongly shows.
const NEAR_THE_LIMIT: [i64; 5] = [99_99, 100_00, 100_01, 100_02, 120_50];

/// A writer that is killed later than this has done both of its writes.
const LATEST_DEATH_MS: u64 = 40;

/// What an operator does to the runs of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hand {
    /// Starts its voucher run before it is sent, or although it never is.
    StartBeforeItIsSent,
    /// Starts its voucher run while it is being marked sent.
    StartWhileItIsSent,
    /// Cancels the run of this kind as soon as there is one.
    Cancel(Run),
    /// Terminates the run of this kind as soon as there is one.
    Terminate(Run),
}

/// A run of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    Placement,
    Voucher,
    Credit,
}

/// How an order comes into the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// Its customer places it at the front door; `call_off` says whether it is called off.
    FrontDoor,
    /// The back office records it, approved.
    BackOffice,
}

/// What the back office does with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Send,
    Cancel,
    Leave,
}

/// What is wanted of one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Intent {
    pub(super) way: Way,
    pub(super) wanted: Wanted,
    pub(super) then: Then,
    pub(super) hand: Option<Hand>,
    /// Counts only where writers are naive.
    pub(super) writer_dies_after: Option<Duration>,
}

/// The whole load.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    chance: Chance,
    orders: u64,
    crowd: Crowd,
}

/// Who has to do with the orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Crowd {
    /// Customers and the back office.
    CustomersAndBackOffice,
    /// And operators, who lay hands on runs.
    OperatorsToo,
    /// The back office alone, which sends most.
    BackOfficeAlone,
}

impl Plan {
    pub(super) fn of(seed: u64, orders: u64, crowd: Crowd) -> Self {
        Self { chance: Chance::of(seed), orders, crowd }
    }

    fn customers(&self) -> u64 {
        (self.orders / ORDERS_PER_CUSTOMER).max(FEWEST_CUSTOMERS)
    }

    /// The accounts to open: one customer in ten has little credit, one in ten a low score. The last has no account.
    pub(super) fn accounts(&self) -> anyhow::Result<Vec<Terms>> {
        let terms = |number: u64| {
            let (limit, base_score) = match number % 10 {
                3 => (250_00, 10_000),
                7 => (100_000_00, 3),
                _ => (100_000_00, 10_000),
            };
            let limit = Money::eur_cents(limit);
            Ok(Terms { customer_id: customer(number)?, limit, base_score })
        };
        (0..self.customers().saturating_sub(1)).map(terms).collect()
    }

    /// What is wanted of the order of this number.
    pub(super) fn order(&self, number: u64) -> anyhow::Result<Intent> {
        let chance = self.chance;
        let way = if chance.happens("front door", number, 600) {
            Way::FrontDoor
        } else {
            Way::BackOffice
        };
        let near = chance.one_of("near the limit", number, &NEAR_THE_LIMIT).unwrap_or_default();
        let anything = i64::try_from(chance.below("amount", number, 300_00))?.saturating_add(1);
        let total = if chance.happens("is near the limit", number, 600) { near } else { anything };
        let call_off = match chance.below("call off", number, 100) {
            0..4 => CallOff::AtOnce,
            4..8 => CallOff::OnceApproved,
            _ => CallOff::Never,
        };
        let then = match chance.below("then", number, 100) {
            0..80 => Then::Send,
            80..90 => Then::Cancel,
            _ => Then::Leave,
        };
        let wanted = Wanted {
            customer_id: customer(chance.below("customer", number, self.customers()))?,
            key: format!("crash-{number}"),
            total: Money::eur_cents(total),
            call_off,
        };
        let hand = (self.crowd == Crowd::OperatorsToo).then(|| self.hand(number)).flatten();
        let writer_dies_after = self.writer_dies_after(number);
        Ok(Intent { way, wanted, then, hand, writer_dies_after })
    }

    /// How long after its first write the naive writer of this order is killed; `None` if it lives.
    fn writer_dies_after(&self, number: u64) -> Option<Duration> {
        let dies = self.chance.happens("writer dies", number, 250);
        let after = self.chance.below("writer dies after", number, LATEST_DEATH_MS);
        dies.then_some(Duration::from_millis(after))
    }

    fn hand(&self, number: u64) -> Option<Hand> {
        Some(match self.chance.below("hand", number, 1000) {
            0..12 => Hand::StartBeforeItIsSent,
            12..24 => Hand::StartWhileItIsSent,
            24..29 => Hand::Cancel(Run::Voucher),
            29..34 => Hand::Cancel(Run::Placement),
            34..37 => Hand::Cancel(Run::Credit),
            37..41 => Hand::Terminate(Run::Voucher),
            41..44 => Hand::Terminate(Run::Placement),
            44..46 => Hand::Terminate(Run::Credit),
            _ => return None,
        })
    }
}

fn customer(number: u64) -> anyhow::Result<CustomerId> {
    Ok(format!("cus_crash_{number:05}").parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_wants_the_same_orders() {
        let orders = |seed| -> Vec<Intent> {
            let plan = Plan::of(seed, 200, Crowd::OperatorsToo);
            (0..200).map(|number| plan.order(number).expect("an order")).collect()
        };

        assert_eq!(orders(3), orders(3));
        assert_ne!(orders(3), orders(4));
    }

    #[test]
    fn a_load_holds_orders_on_both_sides_of_the_limit_and_every_kind_of_hand() {
        let plan = Plan::of(5, 5000, Crowd::OperatorsToo);
        let orders: Vec<Intent> =
            (0..5000).map(|number| plan.order(number).expect("an order")).collect();

        for cents in [99_99, 100_00, 100_01] {
            assert!(orders.iter().any(|one| one.wanted.total == Money::eur_cents(cents)));
        }
        for run in [Run::Placement, Run::Voucher, Run::Credit] {
            assert!(orders.iter().any(|one| one.hand == Some(Hand::Cancel(run))), "{run:?}");
            assert!(orders.iter().any(|one| one.hand == Some(Hand::Terminate(run))), "{run:?}");
        }
        let sent = orders.iter().filter(|one| one.then == Then::Send).count();
        assert!(sent > 3500, "most are sent, not {sent}");
    }
}
