//! Whether what is on file about placed orders is both or neither: every live reservation has its live order, every live
//! order its confirmed reservation, no refused placement has left anything, and every customer was told what is so.
//!
//! A pure comparison of what both databases hold with what customers asked for and heard. It knows nothing of processes:
//! who lost an order or forgot a reservation does not matter.

mod unbalanced;

pub use unbalanced::Unbalanced;

use contracts::orders::{OrderFacts, OrderStatus};
use contracts::placement::RejectReason;
use contracts::{CustomerId, Money, OrderId};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What order-api and risk-api have on file of the orders that customers placed.
#[derive(Debug, Clone, Default)]
pub struct Books {
    /// The orders that were placed in the shop.
    pub orders: Vec<OrderFacts>,
    /// The orders of which a customer has a notice.
    pub noticed: BTreeSet<OrderId>,
    /// The orders that are none, and why.
    pub discarded: BTreeMap<OrderId, RejectReason>,
    /// What orders hold, or held, of their customers' credit.
    pub reservations: Vec<ReservationOnFile>,
    /// What the live orders of each customer may come to together.
    pub limits: BTreeMap<CustomerId, Money>,
}

/// A reservation as its service has it on file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservationOnFile {
    /// The order that it is for.
    pub order_id: OrderId,
    /// Whose credit.
    pub customer_id: CustomerId,
    /// How much of it.
    pub amount: Money,
    /// Whether it counts.
    pub state: CreditState,
}

/// Whether a reservation counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreditState {
    /// It counts, and its order is not known to be approved.
    Reserved,
    /// It counts, for an approved order.
    Confirmed,
    /// It was given back.
    Released,
}

/// A placement as its customer knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldPlacement {
    /// The order, whether there is one or not.
    pub order_id: OrderId,
    /// Who asked for it.
    pub customer_id: CustomerId,
    /// What it would cost.
    pub total: Money,
    /// What the customer heard last.
    pub told: Standing,
    /// The customer called it off, and that was accepted.
    pub is_called_off: bool,
}

/// Where a placement stands, as it is told or as it is on file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Standing {
    /// There is an order.
    Approved,
    /// There was one, and it was called off.
    Cancelled,
    /// There is none.
    Rejected {
        /// Why.
        reason: RejectReason,
    },
    /// Nothing is decided.
    Undecided,
    /// Nobody knows of it.
    Unknown,
}

impl Standing {
    /// Whether there is no order because of the customer's credit or score.
    #[must_use]
    pub fn is_denial(self) -> bool {
        match self {
            Self::Rejected { reason } => {
                matches!(reason, RejectReason::InsufficientCredit | RejectReason::RiskTooHigh)
            }
            Self::Approved | Self::Cancelled | Self::Undecided | Self::Unknown => false,
        }
    }
}

/// What the comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PlacementVerdict {
    /// Placements that were asked for.
    pub placed: u64,
    /// Those whose customer was told that there is an order.
    pub approved: u64,
    /// Those whose customer was told that the order is called off again.
    pub cancelled: u64,
    /// Those whose customer was told that there is none, by reason.
    pub rejected: BTreeMap<RejectReason, u64>,
    /// Orders that are approved and neither sent nor cancelled.
    pub live_orders: u64,
    /// Reservations that count.
    pub live_reservations: u64,
    /// What is not as it should be; empty when it is both or neither.
    pub deviations: Vec<Unbalanced>,
}

impl PlacementVerdict {
    /// Whether it is both or neither.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.deviations.is_empty()
    }

    /// How much refused placements have left: orders, reservations and notices.
    #[must_use]
    pub fn left_behind(&self) -> usize {
        let is_left = |found: &&Unbalanced| matches!(found, Unbalanced::LeftBehind { .. });
        self.deviations.iter().filter(is_left).count()
    }

    /// The customers who were denied for their credit or score while it is held for an order that is not there.
    #[must_use]
    pub fn denied_for_no_order(&self, placements: &[ToldPlacement]) -> BTreeSet<CustomerId> {
        let held: BTreeSet<&CustomerId> = self
            .deviations
            .iter()
            .filter_map(|found| match found {
                Unbalanced::CreditWithoutOrder { customer_id, .. } => Some(customer_id),
                _ => None,
            })
            .collect();
        let denied = placements.iter().filter(|placement| placement.told.is_denial());
        let customers = denied.map(|placement| &placement.customer_id);
        customers.filter(|customer_id| held.contains(customer_id)).cloned().collect()
    }
}

/// Compares what was told with both files, and both files with each other in both directions.
#[must_use]
pub fn compare(placements: &[ToldPlacement], books: &Books) -> PlacementVerdict {
    let mut verdict = count(placements);
    let live: Vec<&ReservationOnFile> =
        books.reservations.iter().filter(|one| one.state != CreditState::Released).collect();
    let orders = books.orders.iter().map(|order| (order.id, order)).collect();
    verdict.live_reservations = live.iter().map(|_| 1).sum();
    verdict.live_orders = books.orders.iter().filter(|order| is_live(order)).map(|_| 1).sum();
    verdict.deviations = live.iter().filter_map(|one| credit_has_its_order(one, &orders)).collect();
    let found = &mut verdict.deviations;
    found.extend(books.orders.iter().filter_map(|order| order_has_its_credit(order, &live)));
    found.extend(limits_hold(&live, &books.limits));
    found.extend(nothing_is_left(placements, books));
    let asked_for: BTreeSet<OrderId> = placements.iter().map(|one| one.order_id).collect();
    let strays = books.orders.iter().filter(|order| !asked_for.contains(&order.id));
    found.extend(strays.map(|order| Unbalanced::NotAskedFor { order_id: order.id }));
    for placement in placements {
        found.extend(told_is_on_file(placement, orders.get(&placement.order_id), books));
    }
    verdict
}

fn count(placements: &[ToldPlacement]) -> PlacementVerdict {
    let mut verdict = PlacementVerdict::default();
    for placement in placements {
        verdict.placed += 1;
        match placement.told {
            Standing::Approved => verdict.approved += 1,
            Standing::Cancelled => verdict.cancelled += 1,
            Standing::Rejected { reason } => *verdict.rejected.entry(reason).or_default() += 1,
            Standing::Undecided | Standing::Unknown => {}
        }
    }
    verdict
}

fn is_live(order: &OrderFacts) -> bool {
    order.status == OrderStatus::Approved
}

fn credit_has_its_order(
    reservation: &ReservationOnFile,
    orders: &BTreeMap<OrderId, &OrderFacts>,
) -> Option<Unbalanced> {
    let ReservationOnFile { order_id, customer_id, amount, .. } = reservation;
    match orders.get(order_id).filter(|order| is_live(order)) {
        None => Some(Unbalanced::CreditWithoutOrder {
            order_id: *order_id,
            customer_id: customer_id.clone(),
            amount: *amount,
        }),
        Some(order) => {
            differs(*order_id, (&order.customer_id, order.total), (customer_id, *amount))
        }
    }
}

fn order_has_its_credit(order: &OrderFacts, live: &[&ReservationOnFile]) -> Option<Unbalanced> {
    let order_id = order.id;
    if order.status == OrderStatus::Pending {
        return Some(Unbalanced::Pending { order_id });
    }
    if !is_live(order) {
        return None;
    }
    match live.iter().find(|reservation| reservation.order_id == order_id).map(|one| one.state) {
        Some(CreditState::Confirmed) => None,
        Some(CreditState::Reserved) => Some(Unbalanced::NotConfirmed { order_id }),
        Some(CreditState::Released) | None => {
            Some(Unbalanced::OrderWithoutCredit { order_id, total: order.total })
        }
    }
}

fn limits_hold(
    live: &[&ReservationOnFile],
    limits: &BTreeMap<CustomerId, Money>,
) -> Vec<Unbalanced> {
    let mut sums: BTreeMap<&CustomerId, i64> = BTreeMap::new();
    for reservation in live {
        let sum = sums.entry(&reservation.customer_id).or_default();
        *sum = sum.saturating_add(reservation.amount.amount_minor);
    }
    let over = |(customer_id, sum): (&CustomerId, i64)| {
        let nothing = Money::eur_cents(0);
        let limit = limits.get(customer_id).copied().unwrap_or(nothing);
        (sum > limit.amount_minor).then(|| Unbalanced::OverLimit {
            customer_id: customer_id.clone(),
            limit,
            live: Money::of_minor(sum, limit.currency),
        })
    };
    sums.into_iter().filter_map(over).collect()
}

/// A placement is refused if its customer was told so or order-api has discarded it.
fn nothing_is_left(placements: &[ToldPlacement], books: &Books) -> Vec<Unbalanced> {
    let is_refused = |told: &ToldPlacement| matches!(told.told, Standing::Rejected { .. });
    let told = placements.iter().filter(|told| is_refused(told)).map(|told| told.order_id);
    let refused: BTreeSet<OrderId> = told.chain(books.discarded.keys().copied()).collect();
    let orders = books.orders.iter().map(|order| (order.id, "an order"));
    let reservations = books.reservations.iter().map(|one| (one.order_id, "a reservation"));
    let notices = books.noticed.iter().map(|order_id| (*order_id, "a notice"));
    let rows = orders.chain(reservations).chain(notices);
    rows.filter(|(order_id, _)| refused.contains(order_id))
        .map(|(order_id, what)| Unbalanced::LeftBehind { order_id, what })
        .collect()
}

fn told_is_on_file(
    placement: &ToldPlacement,
    order: Option<&&OrderFacts>,
    books: &Books,
) -> Vec<Unbalanced> {
    let ToldPlacement { order_id, customer_id, total, told, is_called_off } = placement;
    let order_id = *order_id;
    let mut found = Vec::new();
    let on_file = match (order.map(|order| order.status), books.discarded.get(&order_id)) {
        (Some(OrderStatus::Approved | OrderStatus::Sent), _) => Standing::Approved,
        (Some(OrderStatus::Cancelled), _) => Standing::Cancelled,
        (Some(OrderStatus::Pending), _) => Standing::Undecided,
        (Some(OrderStatus::Unknown), _) | (None, None) => Standing::Unknown,
        (Some(OrderStatus::Rejected), reason) => {
            Standing::Rejected { reason: reason.copied().unwrap_or(RejectReason::Other) }
        }
        (None, Some(reason)) => Standing::Rejected { reason: *reason },
    };
    if *told != on_file {
        found.push(Unbalanced::ToldOtherwise { order_id, told: *told, on_file });
    }
    if *is_called_off && on_file == Standing::Approved {
        found.push(Unbalanced::CancelIgnored { order_id });
    }
    found.extend(order.and_then(|order| {
        differs(order_id, (customer_id, *total), (&order.customer_id, order.total))
    }));
    found
}

fn differs(
    order_id: OrderId,
    expected: (&CustomerId, Money),
    found: (&CustomerId, Money),
) -> Option<Unbalanced> {
    let written = |(customer_id, amount)| format!("{amount} of {customer_id}");
    (expected != found).then(|| Unbalanced::Differs {
        order_id,
        expected: written(expected),
        found: written(found),
    })
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approved => f.write_str("approved"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Rejected { reason } => write!(f, "rejected ({reason})"),
            Self::Undecided => f.write_str("undecided"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

#[cfg(test)]
#[path = "placement_verdict/tests.rs"]
mod tests;
