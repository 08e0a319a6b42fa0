//! A step of a process in words: who was asked for what, and what the answer was.
//!
//! The answer is read from the history as the process recorded it. What this build does not know is told as "answered".

use super::gather::{ORDER_API, RISK_API, VOUCHER_API};
use super::records::told_by_notice;
use super::timeline::Fact;
use contracts::credit::{ConfirmRefusal, CreditConfirmed, CreditReserved, ReserveRefusal};
use contracts::orders::OrderStatus;
use contracts::placement::{
    ApproveRefusal, ApprovedOrder, CancelRefusal, CancelledOrder, CreateRefusal, CreatedOrder,
    Discarded, NoticeGiven, NoticeKind, NoticeRefusal, OrderStanding, ReadRefusal,
};
use contracts::vouchers::{
    DecisionRefusal, IssueRefusal, IssuedVoucher, VoucherDecision, VoucherVerdict, sent_order_limit,
};
use contracts::{Money, Reply};
use serde::de::DeserializeOwned;

/// A step, as the history names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// As in `credit.reserve`.
    pub(super) activity_type: String,
    /// As in `reserve`; tells the notices apart.
    pub(super) activity_id: String,
}

/// What a step's answer says, and which fact that is.
pub(super) type Words = (String, Option<Fact>);

impl Step {
    /// Who tells the answer: the rule is the process's own, whomever it asks for the facts.
    pub(super) fn told_by(&self, process: &'static str) -> &'static str {
        if self.activity_type == "voucher.decide" { process } else { self.who() }
    }

    /// Which service is asked.
    pub(super) fn who(&self) -> &'static str {
        match self.activity_type.split_once('.') {
            Some(("credit", _)) => RISK_API,
            Some(("voucher", "issue")) => VOUCHER_API,
            _ => ORDER_API,
        }
    }

    /// What is asked for: stands behind "to".
    pub(super) fn wish(&self) -> &str {
        match self.activity_type.as_str() {
            "order.create" => "write the order down",
            "order.approve" => "approve the order",
            "order.discard" => "take the order back",
            "order.cancel" => "cancel the order",
            "order.read" => "say where the order stands",
            "order.notify" => "tell the customer",
            "credit.reserve" => "reserve the credit",
            "credit.confirm" => "confirm the credit",
            "credit.release" => "give the credit back",
            "voucher.decide" => "say what the rule needs to know",
            "voucher.issue" => "issue the voucher",
            other => other,
        }
    }

    /// The answer. `total` is what the order costs, once a step has told.
    pub(super) fn answered(&self, answer: &[u8], total: &mut Option<Money>) -> Words {
        match self.activity_type.as_str() {
            "order.create" => told_of(answer, |reply| created(reply, total)),
            "order.approve" => told_of(answer, approved),
            "order.discard" => told_of(answer, discarded),
            "order.cancel" => told_of(answer, cancelled),
            "order.read" => told_of(answer, read),
            "order.notify" => told_of(answer, |reply| self.notified(&reply)),
            "credit.reserve" => told_of(answer, |reply| reserved(reply, *total)),
            "credit.confirm" => told_of(answer, confirmed),
            "credit.release" => fact("credit given back", Fact::Released),
            "voucher.decide" => told_of(answer, decided),
            "voucher.issue" => told_of(answer, issued),
            _ => plain("answered"),
        }
    }

    fn notified(&self, reply: &Reply<NoticeGiven, NoticeRefusal>) -> Words {
        let kind = match self.activity_id.as_str() {
            "notify-cancelled" => NoticeKind::OrderCancelled,
            _ => NoticeKind::OrderApproved,
        };
        match reply {
            Reply::Granted(NoticeGiven {}) => {
                let (what, told) = told_by_notice(kind);
                fact(what, told)
            }
            Reply::Refused(NoticeRefusal::NotApproved) => {
                plain("customer not told: the order is not approved")
            }
        }
    }
}

fn told_of<T: DeserializeOwned>(answer: &[u8], tell: impl FnOnce(T) -> Words) -> Words {
    serde_json::from_slice(answer).map_or_else(|_| plain("answered"), tell)
}

fn created(reply: Reply<CreatedOrder, CreateRefusal>, total: &mut Option<Money>) -> Words {
    match reply {
        Reply::Granted(created) => {
            *total = Some(created.total);
            let before = if created.is_approved { ", and approved before" } else { "" };
            fact(format!("placed: {}{before}", created.total), Fact::Placed)
        }
        Reply::Refused(CreateRefusal::Discarded { reason }) => {
            plain(format!("not placed: it was taken back before, {reason}"))
        }
        Reply::Refused(CreateRefusal::ContentsDiffer) => {
            plain("not placed: another request has used this order's id")
        }
        Reply::Refused(CreateRefusal::Invalid { code }) => {
            plain(format!("not placed: no order can be made of it, {code}"))
        }
    }
}

fn approved(reply: Reply<ApprovedOrder, ApproveRefusal>) -> Words {
    match reply {
        Reply::Granted(ApprovedOrder {}) => fact("approved", Fact::Approved),
        Reply::Refused(ApproveRefusal::Discarded { reason }) => {
            plain(format!("not approved: it was taken back before, {reason}"))
        }
        Reply::Refused(ApproveRefusal::OrderUnknown) => plain("not approved: no such order"),
    }
}

fn discarded(answer: Discarded) -> Words {
    match answer {
        Discarded::Discarded { reason } => {
            fact(format!("taken back, {reason}: {}", reason.sentence()), Fact::Rejected)
        }
        Discarded::Approved => plain("not taken back: it was approved already"),
        Discarded::ContentsDiffer => plain("not taken back: it is another request's"),
    }
}

fn cancelled(reply: Reply<CancelledOrder, CancelRefusal>) -> Words {
    match reply {
        Reply::Granted(CancelledOrder {}) => fact("cancelled", Fact::Cancelled),
        Reply::Refused(CancelRefusal::OrderSent) => plain("not cancelled: it was sent already"),
        Reply::Refused(CancelRefusal::OrderUnknown) => plain("not cancelled: no such order"),
    }
}

fn read(reply: Reply<OrderStanding, ReadRefusal>) -> Words {
    let stands = match reply {
        Reply::Granted(OrderStanding { status, .. }) => match status {
            OrderStatus::Pending => "not decided",
            OrderStatus::Rejected => "rejected",
            OrderStatus::Approved => "approved",
            OrderStatus::Sent => "sent",
            OrderStatus::Cancelled => "cancelled",
            OrderStatus::Unknown => "in a state of tomorrow",
        },
        Reply::Refused(ReadRefusal::OrderUnknown) => "unknown",
    };
    plain(format!("looked up: the order is {stands}"))
}

fn reserved(reply: Reply<CreditReserved, ReserveRefusal>, total: Option<Money>) -> Words {
    let amount = total.map(|total| format!(": {total}")).unwrap_or_default();
    match reply {
        Reply::Granted(CreditReserved {}) => {
            fact(format!("credit reserved{amount}"), Fact::Reserved)
        }
        Reply::Refused(refusal) => {
            let why = match refusal {
                ReserveRefusal::InsufficientCredit => {
                    "insufficient_credit, more than what is left of the customer's limit"
                }
                ReserveRefusal::RiskTooHigh => "risk_too_high, it would leave too low a score",
                ReserveRefusal::UnknownCustomer => "unknown_customer, there is no account",
                ReserveRefusal::CurrencyDiffers => {
                    "currency_differs, the account is kept in another currency"
                }
                ReserveRefusal::Released => "released, this order's credit was given back before",
                ReserveRefusal::ContentsDiffer => {
                    "contents_differ, this order has reserved for another customer or amount"
                }
            };
            plain(format!("credit refused{amount}: {why}"))
        }
    }
}

fn confirmed(reply: Reply<CreditConfirmed, ConfirmRefusal>) -> Words {
    match reply {
        Reply::Granted(CreditConfirmed::Confirmed) => fact("credit confirmed", Fact::Confirmed),
        Reply::Granted(CreditConfirmed::Released) => {
            plain("credit not confirmed: it was given back already")
        }
        Reply::Refused(ConfirmRefusal::ReservationUnknown) => {
            plain("credit not confirmed: this order has reserved nothing")
        }
    }
}

fn decided(reply: Reply<VoucherDecision, DecisionRefusal>) -> Words {
    let decision = match reply {
        Reply::Granted(decision) => decision,
        Reply::Refused(DecisionRefusal::OrderNotSent) => {
            return plain("rule not checked: the order is not sent");
        }
        Reply::Refused(DecisionRefusal::OrderUnknown) => {
            return plain("rule not checked: no such order");
        }
    };
    let VoucherDecision { total, rule, rule_version, verdict, .. } = decision;
    plain(match verdict {
        VoucherVerdict::Qualified { value } => {
            let more = sent_order_limit(rule_version).map(|limit| format!(" > {limit}"));
            let more = more.unwrap_or_else(|| format!(" by {rule}, version {rule_version}"));
            format!("rule checked: {total}{more}, a voucher of {value} is earned")
        }
        VoucherVerdict::NotQualified { reason } => {
            format!("rule checked: {reason}, no voucher is earned")
        }
    })
}

fn issued(reply: Reply<IssuedVoucher, IssueRefusal>) -> Words {
    match reply {
        Reply::Granted(IssuedVoucher { voucher_id }) => {
            fact(format!("voucher {voucher_id} issued"), Fact::VoucherIssued)
        }
        Reply::Refused(IssueRefusal::ContentsDiffer) => {
            plain("no voucher issued: this order has one, for another customer")
        }
    }
}

fn fact(what: impl Into<String>, told: Fact) -> Words {
    (what.into(), Some(told))
}

fn plain(what: impl Into<String>) -> Words {
    (what.into(), None)
}
