//! The services as the processes may know them: what each capability does to one order, said once more in few words.
//!
//! Written from what the services promise, not from their code; that they keep it is what their own tests show.

use contracts::Reply;
use contracts::books::Suspect;
use contracts::cases::{CaseKind, ReportCase};
use contracts::credit::{
    ConfirmRefusal, CreditConfirmed, CreditReleased, CreditReserved, ReleaseCredit, ReleaseKind,
    ReserveRefusal,
};
use contracts::orders::OrderStatus;
use contracts::placement::{
    ApproveRefusal, ApprovedOrder, CancelRefusal, CancelledOrder, CreateRefusal, CreatedOrder,
    DiscardOrder, Discarded, NoticeGiven, NoticeKind, NoticeRefusal, OrderStanding, ReadRefusal,
    RejectReason,
};
use contracts::vouchers::{
    DecisionRefusal, IssueRefusal, IssuedVoucher, SENT_ORDER_RULE, VoucherDecision, VoucherVerdict,
};
use contracts::{CustomerId, Money, OrderId, VoucherId};
use std::collections::BTreeSet;

/// What an order costs here.
pub(crate) const TOTAL: Money = Money::eur_cents(120_50);

/// Everything that the services know of one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shop {
    pub(crate) order: Option<OrderStatus>,
    pub(crate) was_approved: bool,
    pub(crate) order_tombstone: Option<RejectReason>,
    pub(crate) credit: Option<Credit>,
    pub(crate) credit_tombstone: Option<String>,
    pub(crate) can_afford: bool,
    /// The order's id belongs to another request.
    pub(crate) contents_differ: bool,
    pub(crate) vouchers: u32,
    pub(crate) notices: BTreeSet<NoticeKind>,
}

/// What became of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credit {
    Reserved,
    Confirmed,
    Released,
}

impl Shop {
    /// Nobody has ordered yet; the customer can afford the order.
    pub(crate) fn empty() -> Self {
        Self {
            order: None,
            was_approved: false,
            order_tombstone: None,
            credit: None,
            credit_tombstone: None,
            can_afford: true,
            contents_differ: false,
            vouchers: 0,
            notices: BTreeSet::new(),
        }
    }

    /// The order is there, approved and with its credit.
    pub(crate) fn with_order(status: OrderStatus) -> Self {
        Self {
            order: Some(status),
            was_approved: true,
            credit: Some(Credit::Confirmed),
            ..Self::empty()
        }
    }

    pub(crate) fn holds_credit(&self) -> bool {
        matches!(self.credit, Some(Credit::Reserved | Credit::Confirmed))
    }

    pub(crate) fn create(&mut self) -> Reply<CreatedOrder, CreateRefusal> {
        if self.contents_differ {
            return Reply::Refused(CreateRefusal::ContentsDiffer);
        }
        if let Some(reason) = self.order_tombstone {
            return Reply::Refused(CreateRefusal::Discarded { reason });
        }
        self.order.get_or_insert(OrderStatus::Pending);
        Reply::Granted(CreatedOrder { total: TOTAL, is_approved: self.was_approved })
    }

    pub(crate) fn discard(&mut self, order: &DiscardOrder) -> Discarded {
        if self.contents_differ {
            return Discarded::ContentsDiffer;
        }
        if self.was_approved {
            return Discarded::Approved;
        }
        self.order = None;
        Discarded::Discarded { reason: *self.order_tombstone.get_or_insert(order.reason) }
    }

    pub(crate) fn approve(&mut self) -> Reply<ApprovedOrder, ApproveRefusal> {
        if let Some(reason) = self.order_tombstone {
            return Reply::Refused(ApproveRefusal::Discarded { reason });
        }
        if self.order.is_none() {
            return Reply::Refused(ApproveRefusal::OrderUnknown);
        }
        if !self.was_approved {
            self.order = Some(OrderStatus::Approved);
            self.was_approved = true;
        }
        Reply::Granted(ApprovedOrder {})
    }

    pub(crate) fn cancel(&mut self) -> Reply<CancelledOrder, CancelRefusal> {
        match self.order {
            None => Reply::Refused(CancelRefusal::OrderUnknown),
            Some(OrderStatus::Sent) => Reply::Refused(CancelRefusal::OrderSent),
            Some(_) => {
                self.order = Some(OrderStatus::Cancelled);
                Reply::Granted(CancelledOrder {})
            }
        }
    }

    pub(crate) fn read(&self) -> Reply<OrderStanding, ReadRefusal> {
        match self.order {
            Some(status) => Reply::Granted(OrderStanding { status, customer_id: customer() }),
            None => Reply::Refused(ReadRefusal::OrderUnknown),
        }
    }

    pub(crate) fn notify(&mut self, kind: NoticeKind) -> Reply<NoticeGiven, NoticeRefusal> {
        if !self.was_approved {
            return Reply::Refused(NoticeRefusal::NotApproved);
        }
        self.notices.insert(kind);
        Reply::Granted(NoticeGiven {})
    }

    pub(crate) fn reserve(&mut self) -> Reply<CreditReserved, ReserveRefusal> {
        if self.credit_tombstone.is_some() {
            return Reply::Refused(ReserveRefusal::Released);
        }
        if !self.can_afford {
            return Reply::Refused(ReserveRefusal::InsufficientCredit);
        }
        self.credit.get_or_insert(Credit::Reserved);
        Reply::Granted(CreditReserved {})
    }

    pub(crate) fn release(&mut self, asked: &ReleaseCredit) -> CreditReleased {
        if self.credit_tombstone.is_none() {
            self.credit_tombstone = Some(asked.reason.clone());
            self.credit = match asked.kind {
                ReleaseKind::Undo => None,
                ReleaseKind::Close => self.credit.map(|_| Credit::Released),
            };
        }
        CreditReleased {}
    }

    pub(crate) fn confirm(&mut self) -> Reply<CreditConfirmed, ConfirmRefusal> {
        match self.credit {
            _ if self.credit_tombstone.is_some() => Reply::Granted(CreditConfirmed::Released),
            Some(_) => {
                self.credit = Some(Credit::Confirmed);
                Reply::Granted(CreditConfirmed::Confirmed)
            }
            None => Reply::Refused(ConfirmRefusal::ReservationUnknown),
        }
    }

    /// What the books find: a sent order without its voucher.
    pub(crate) fn suspects(&self) -> Vec<Suspect> {
        let is_missing = self.order == Some(OrderStatus::Sent) && self.vouchers == 0;
        let report = ReportCase {
            summary: "it was sent and has no voucher".to_owned(),
            workflow_id: None,
            run_id: None,
            activity_id: None,
            event_id: None,
        };
        let kind = CaseKind::SentOrderWithoutVoucher;
        let suspect = Suspect { kind, subject: "ord_1".to_owned(), report };
        is_missing.then_some(suspect).into_iter().collect()
    }

    pub(crate) fn decide(&self, order_id: OrderId) -> Reply<VoucherDecision, DecisionRefusal> {
        match self.order {
            None => Reply::Refused(DecisionRefusal::OrderUnknown),
            Some(OrderStatus::Sent) => Reply::Granted(VoucherDecision {
                order_id,
                customer_id: customer(),
                total: TOTAL,
                rule: SENT_ORDER_RULE.to_owned(),
                rule_version: 1,
                verdict: VoucherVerdict::Qualified { value: Money::eur_cents(5_00) },
            }),
            Some(_) => Reply::Refused(DecisionRefusal::OrderNotSent),
        }
    }

    pub(crate) fn issue(&mut self, order_id: OrderId) -> Reply<IssuedVoucher, IssueRefusal> {
        self.vouchers = 1;
        let uuid = order_id.to_string().replace(OrderId::PREFIX, VoucherId::PREFIX);
        Reply::Granted(IssuedVoucher { voucher_id: uuid.parse().expect("a voucher id") })
    }
}

/// Who orders.
pub(crate) fn customer() -> CustomerId {
    "cus_ada".parse().expect("a customer id")
}
