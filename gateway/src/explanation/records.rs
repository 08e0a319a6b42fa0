//! What the services have on record of an order, in words.

use super::gather::{ORDER_API, RISK_API, VOUCHER_API};
use super::timeline::{Fact, Told};
use crate::services::orders::{Notice, RecordedPlacement, RecordedState};
use crate::services::records::{OrderRecord, ReservationRecord, VoucherRecord};
use chassis::time::Moment;
use contracts::CustomerId;
use contracts::orders::OrderStatus;
use contracts::placement::NoticeKind;

/// What every service has on record; nothing where it has nothing or does not answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Records {
    pub(super) order: Option<OrderRecord>,
    pub(super) placement: Option<RecordedPlacement>,
    pub(super) notices: Vec<Notice>,
    pub(super) reservation: Option<ReservationRecord>,
    pub(super) vouchers: Vec<VoucherRecord>,
}

impl Records {
    /// Whose order it is, or would have been.
    pub(super) fn customer_id(&self) -> Option<&CustomerId> {
        let order = self.order.as_ref().map(|order| &order.customer_id);
        order.or_else(|| self.placement.as_ref().map(|placement| &placement.customer_id))
    }

    pub(super) fn sent_at_us(&self) -> Option<i64> {
        self.order.as_ref()?.sent_at.as_deref().and_then(us)
    }

    pub(super) fn cancelled_at_us(&self) -> Option<i64> {
        self.order.as_ref()?.cancelled_at.as_deref().and_then(us)
    }

    /// All of it.
    pub(super) fn tell(&self) -> Vec<Told> {
        let order = self.order.iter().flat_map(tell_order);
        let rejected = self.placement.iter().filter_map(tell_rejected);
        let notices = self.notices.iter().filter_map(tell_notice);
        let reservation = self.reservation.iter().flat_map(tell_reservation);
        let vouchers = self.vouchers.iter().flat_map(tell_voucher);
        order.chain(reservation).chain(notices).chain(vouchers).chain(rejected).collect()
    }
}

fn tell_order(order: &OrderRecord) -> Vec<Told> {
    let undecided = if order.status == OrderStatus::Pending { ", not decided yet" } else { "" };
    let placed = format!("placed: {}{undecided}", order.total);
    let placed = on_record(&order.placed_at, ORDER_API, placed);
    let mut told = vec![placed.of(Fact::Placed)];
    if let Some(at) = &order.approved_at {
        told.push(on_record(at, ORDER_API, "approved".to_owned()).of(Fact::Approved));
    }
    if let Some(at) = &order.sent_at {
        told.push(on_record(at, ORDER_API, "marked sent".to_owned()).of(Fact::Sent));
    }
    if let Some(at) = &order.cancelled_at {
        told.push(on_record(at, ORDER_API, "cancelled".to_owned()).of(Fact::Cancelled));
    }
    told
}

/// A tombstone keeps the reason and no time.
fn tell_rejected(placement: &RecordedPlacement) -> Option<Told> {
    let reason = match placement.state {
        RecordedState::Rejected => placement.reason?,
        RecordedState::Pending | RecordedState::Approved => return None,
    };
    let what = format!("rejected, {reason}: {}", reason.sentence());
    Some(Told { at_us: None, who: ORDER_API, what, details: None, fact: Some(Fact::Rejected) })
}

fn tell_notice(notice: &Notice) -> Option<Told> {
    let (what, fact) = [NoticeKind::OrderApproved, NoticeKind::OrderCancelled]
        .into_iter()
        .find(|kind| kind.as_str() == notice.kind)
        .map(told_by_notice)?;
    Some(on_record(&notice.created_at, ORDER_API, what.to_owned()).of(fact))
}

/// What a notice tells, and which fact it is.
pub(super) fn told_by_notice(kind: NoticeKind) -> (&'static str, Fact) {
    match kind {
        NoticeKind::OrderApproved => ("customer told: the order is accepted", Fact::ToldApproved),
        NoticeKind::OrderCancelled => {
            ("customer told: the order is cancelled", Fact::ToldCancelled)
        }
    }
}

fn tell_reservation(reservation: &ReservationRecord) -> Vec<Told> {
    let reserved = format!("credit reserved: {}", reservation.amount);
    let mut told = vec![on_record(&reservation.created_at, RISK_API, reserved).of(Fact::Reserved)];
    let changed = |what: String| on_record(&reservation.updated_at, RISK_API, what);
    match (reservation.state.as_str(), &reservation.reason) {
        ("confirmed", _) => {
            told.push(changed("credit confirmed".to_owned()).of(Fact::Confirmed));
        }
        ("released", Some(reason)) => {
            told.push(changed(format!("credit given back: {reason}")).of(Fact::Released));
        }
        _ => {}
    }
    told
}

fn tell_voucher(voucher: &VoucherRecord) -> Vec<Told> {
    let (id, value) = (voucher.id, voucher.value);
    let issued = format!("voucher {id} of {value} issued");
    let mut told = vec![on_record(&voucher.issued_at, VOUCHER_API, issued).of(Fact::VoucherIssued)];
    if let Some(at) = &voucher.redeemed_at {
        told.push(
            on_record(at, VOUCHER_API, format!("voucher {id} redeemed")).of(Fact::VoucherRedeemed),
        );
    }
    told
}

fn on_record(at: &str, who: &'static str, what: String) -> Told {
    Told { at_us: us(at), who, what, details: None, fact: None }
}

fn us(moment: &str) -> Option<i64> {
    moment.parse::<Moment>().ok().map(|moment| moment.ms().saturating_mul(1000))
}

impl Told {
    fn of(self, fact: Fact) -> Self {
        Self { fact: Some(fact), ..self }
    }
}
