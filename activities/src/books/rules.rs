//! What must hold between the services' books, record by record. Pure: every rule can be read, and is tested, here.
//!
//! What an order earned is said by [`voucher_rule::decide`] alone, the function that the process asks. Whether a record is
//! old enough to be held to a rule is asked before, by [`Patience`].

use super::records::{CreditState, EventRecord, OrderRecord, ReservationRecord, VoucherRecord};
use crate::voucher_rule;
use contracts::books::Suspect;
use contracts::cases::{CaseKind, ReportCase};
use contracts::orders::OrderStatus;
use contracts::vouchers::{SENT_ORDER_RULE, VoucherDecision, VoucherVerdict};
use contracts::{Money, Reply};
use jiff::Timestamp;

/// The longest summary that desk-api takes.
const MAX_SUMMARY_LEN: usize = 500;

/// How old a record must be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) now_ms: i64,
    pub(super) patience_ms: u64,
}

impl Patience {
    /// Whether what changed at this moment should have had its consequences by now.
    ///
    /// A text that is no moment is held to the rules at once: whoever wrote it is broken.
    pub(super) fn is_over(self, changed_at: &str) -> bool {
        let Ok(changed_at) = changed_at.parse::<Timestamp>() else { return true };
        let age = self.now_ms.saturating_sub(changed_at.as_millisecond());
        u64::try_from(age).is_ok_and(|age| age >= self.patience_ms)
    }

    /// What changed before this moment is old enough.
    pub(super) fn before_ms(self) -> i64 {
        self.now_ms.saturating_sub(i64::try_from(self.patience_ms).unwrap_or(i64::MAX))
    }
}

/// A violator without a run or event beside it.
pub(super) fn suspect(kind: CaseKind, subject: impl ToString, summary: &str) -> Suspect {
    let report = ReportCase {
        summary: summary.chars().take(MAX_SUMMARY_LEN).collect(),
        workflow_id: None,
        run_id: None,
        activity_id: None,
        event_id: None,
    };
    Suspect { kind, subject: subject.to_string(), report }
}

/// What the order earned: the decision and the voucher's value. Nothing for an order that is not sent, that earned none,
/// or that contradicts itself; its process says so.
pub(super) fn earned(order: &OrderRecord) -> Option<(VoucherDecision, Money)> {
    let Ok(Reply::Granted(decision)) = voucher_rule::decide(&order.facts) else { return None };
    match decision.verdict {
        VoucherVerdict::Qualified { value } => Some((decision, value)),
        VoucherVerdict::NotQualified { .. } => None,
    }
}

/// Whether the order is one of those that hold credit.
pub(super) fn is_from_the_shop(order: &OrderRecord) -> bool {
    order.origin == "shop"
}

/// A sent order that earned a voucher has one.
pub(super) fn voucher_is_there(order: &OrderRecord, its: &[VoucherRecord]) -> Option<Suspect> {
    earned(order)?;
    if its.iter().any(|voucher| voucher.rule == SENT_ORDER_RULE) {
        return None;
    }
    let summary =
        format!("order {} was sent with {} and has no voucher", order.facts.id, order.facts.total);
    Some(suspect(CaseKind::SentOrderWithoutVoucher, order.facts.id, &summary))
}

/// A voucher is that which its sent order earned.
pub(super) fn voucher_is_owed(
    voucher: &VoucherRecord,
    order: Option<&OrderRecord>,
) -> Option<Suspect> {
    if voucher.rule != SENT_ORDER_RULE {
        return None;
    }
    let VoucherRecord { id, order_id, .. } = voucher;
    let without = |what: &str| {
        let summary = format!("voucher {id} is of order {order_id}, which is {what}");
        Some(suspect(CaseKind::VoucherWithoutSentOrder, id, &summary))
    };
    let Some(order) = order else { return without("not on file") };
    let is_sent = !matches!(voucher_rule::decide(&order.facts), Ok(Reply::Refused(_)));
    if !is_sent {
        return without("not sent");
    }
    let found = (&voucher.customer_id, voucher.value, voucher.rule_version);
    let why = match earned(order) {
        None => format!("voucher {id}: order {order_id} of {} earned none", order.facts.total),
        Some((decision, value)) => {
            let owed = (&decision.customer_id, value, decision.rule_version);
            if found == owed {
                return None;
            }
            let said = |(customer, value, version)| format!("{value} for {customer} by {version}");
            format!("voucher {id} of order {order_id} is {}, owed is {}", said(found), said(owed))
        }
    };
    Some(suspect(CaseKind::VoucherNotOwed, id, &why))
}

/// An order that was approved in the shop holds credit.
pub(super) fn credit_is_held(
    order: &OrderRecord,
    reservation: Option<&ReservationRecord>,
) -> Option<Suspect> {
    let is_live = order.facts.status == OrderStatus::Approved && is_from_the_shop(order);
    if !is_live || reservation.is_some_and(is_held) {
        return None;
    }
    let summary = format!(
        "order {} of {} is approved and holds no credit",
        order.facts.id, order.facts.total
    );
    Some(suspect(CaseKind::ApprovedOrderWithoutReservation, order.facts.id, &summary))
}

/// Credit is held for an order that is pending or approved.
pub(super) fn credit_is_needed(
    reservation: &ReservationRecord,
    order: Option<&OrderRecord>,
) -> Option<Suspect> {
    if !is_held(reservation) {
        return None;
    }
    let what = match order.map(|order| order.facts.status) {
        None => "not on file",
        Some(OrderStatus::Sent) => "sent",
        Some(OrderStatus::Cancelled) => "cancelled",
        Some(OrderStatus::Rejected) => "rejected",
        Some(OrderStatus::Pending | OrderStatus::Approved | OrderStatus::Unknown) => return None,
    };
    let ReservationRecord { order_id, amount, .. } = reservation;
    let summary = format!("{amount} of credit are held for order {order_id}, which is {what}");
    Some(suspect(CaseKind::LiveReservationWithoutLiveOrder, order_id, &summary))
}

/// A pending order waits for an open process; whether there is one is asked by the caller.
pub(super) fn order_is_decided(order: &OrderRecord, workflow_id: &str) -> Option<Suspect> {
    if order.facts.status != OrderStatus::Pending {
        return None;
    }
    let id = order.facts.id;
    let summary = format!("order {id} is pending, and no run {workflow_id} is open to decide it");
    let mut found = suspect(CaseKind::PendingOrderWithoutProcess, id, &summary);
    found.report.workflow_id = Some(workflow_id.to_owned());
    Some(found)
}

/// An event is settled, sooner or later.
pub(super) fn event_is_settled(event: &EventRecord) -> Suspect {
    let EventRecord { event_id, event_type, subject, state, occurred_at, .. } = event;
    let (kind, summary) = if state == "quarantined" {
        let why = event.last_failure.as_deref().unwrap_or("nobody said why");
        let what = format!("event {event_id} ({event_type} of {subject}) is in quarantine: {why}");
        (CaseKind::EventQuarantined, what)
    } else {
        let what = format!("event {event_id} ({event_type} of {subject}) is {state}");
        (CaseKind::EventUnsettled, format!("{what} since {occurred_at}"))
    };
    let mut found = suspect(kind, event_id, &summary);
    found.report.event_id = Some(event_id.clone());
    found
}

fn is_held(reservation: &ReservationRecord) -> bool {
    matches!(reservation.state, CreditState::Reserved | CreditState::Confirmed)
}

#[cfg(test)]
#[path = "rules/tests.rs"]
mod tests;
