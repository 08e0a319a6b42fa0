//! Placing an order: what the process asks of order-api, and what it is answered.
//!
//! Create, approve and discard of one order meet in one row of order-api: whichever comes first decides, and the others
//! are answered what was decided, however late or often they come.

use crate::{CustomerId, Money, OrderId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The problem type (last segment) with which order-api says that this order was discarded before. The problem carries
/// the `reason` beside its own fields.
pub const ORDER_DISCARDED: &str = "order_discarded";

/// The problem type (last segment) with which order-api says that another request has used this order id.
pub const ORDER_CONTENTS_DIFFER: &str = "contents_differ";

/// The problem types (last segments) with which order-api says that an order is not approved.
pub const NOT_APPROVED: [&str; 3] = ["order_unknown", "order_pending", "order_rejected"];

/// The problem types (last segments) with which order-api says that no order can be made of a request.
pub const INVALID_ORDER: [&str; 5] = [
    "invalid_body",
    "mixed_currencies",
    "total_too_large",
    "nothing_to_pay",
    // Room was left for what the worker adds to a cart that the gateway has let in.
    "body_too_large",
];

/// The problem type (last segment) with which order-api says that an order was sent and cannot be cancelled.
pub const ORDER_SENT_ALREADY: &str = "order_sent";

/// What a customer asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRequest {
    /// Who orders.
    pub customer_id: CustomerId,
    /// What is ordered, 1 to 200 lines in one currency.
    pub lines: Vec<OrderLine>,
}

/// One line of an order to place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// The article's number; not blank, at most 255 characters, no control characters.
    pub sku: String,
    /// How many pieces, 1 to 1,000,000.
    pub quantity: i64,
    /// What one piece costs, not negative.
    pub unit_price: Money,
}

/// Asks order-api to write an order down as pending (`PUT /orders/{id}`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateOrder {
    /// The order; the caller derives the id from its customer and idempotency key.
    pub order_id: OrderId,
    /// What is ordered.
    #[serde(flatten)]
    pub request: OrderRequest,
    /// The hash of the request; another one under this id is another order.
    pub contents_hash: String,
}

/// The order is written down, now or before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedOrder {
    /// What it costs, as order-api added it up.
    pub total: Money,
    /// It was approved before, whatever became of it since: there is nothing to decide any more.
    pub is_approved: bool,
}

/// Why no order was written down, for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "refusal")]
pub enum CreateRefusal {
    /// The same request was discarded before.
    Discarded {
        /// Why, as it was said first.
        reason: RejectReason,
    },
    /// Another request has used this id.
    ContentsDiffer,
    /// No order can be made of the request.
    Invalid {
        /// The problem type's last segment.
        code: String,
    },
}

/// Asks order-api to approve a pending order (`POST /orders/{id}/approve`): the pivot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApproveOrder {
    /// The order.
    pub order_id: OrderId,
}

/// The order is approved, now or ever before: also one that was sent or cancelled since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovedOrder {}

/// Why an order is not approved, for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "refusal")]
pub enum ApproveRefusal {
    /// It was discarded.
    Discarded {
        /// Why.
        reason: RejectReason,
    },
    /// There is no such order.
    OrderUnknown,
}

/// Asks order-api to discard an order that is not approved (`POST /orders/{id}/discard`): the undo of create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscardOrder {
    /// The order, written down or not.
    pub order_id: OrderId,
    /// Whose it would have been; kept beside the reason, so that the customer may ask.
    pub customer_id: CustomerId,
    /// The hash of the request, so that another one under this id is told from a repeat.
    pub contents_hash: String,
    /// Why.
    pub reason: RejectReason,
    /// Keep the order as rejected instead of leaving nothing.
    #[serde(default)]
    pub keep_rejected: bool,
}

/// What discarding came to. All are answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Discarded {
    /// There is no such order, now and for ever.
    Discarded {
        /// Why, as it was said first.
        reason: RejectReason,
    },
    /// It was approved before, whatever became of it since: nothing was changed.
    Approved,
    /// Another request has used this id: nothing was changed, and nothing of it is the asker's to undo.
    ContentsDiffer,
}

/// Names an order whose standing is read, or that is to be cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedOrder {
    /// The order.
    pub order_id: OrderId,
}

/// Where an order stands, and for how much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderStanding {
    /// Where it stands.
    pub status: crate::orders::OrderStatus,
    /// Who ordered.
    pub customer_id: CustomerId,
}

/// There is no such order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadRefusal {
    /// There is no such order.
    OrderUnknown,
}

/// The order is cancelled, now or before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelledOrder {}

/// Why an approved order is not cancelled, for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelRefusal {
    /// It was sent.
    OrderSent,
    /// There is no such order.
    OrderUnknown,
}

/// Asks order-api to put a notice on the customer's page (`PUT /orders/{id}/notices/{kind}`), once per order and kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GiveNotice {
    /// The order.
    pub order_id: OrderId,
    /// What it tells.
    pub kind: NoticeKind,
}

/// The notice is there, now or since before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeGiven {}

/// Why there is no notice, for good: an order that is not approved has nothing to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeRefusal {
    /// There is no such order, or it is not approved.
    NotApproved,
}

/// What a notice tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// The order was accepted.
    OrderApproved,
    /// The order was accepted and called off again.
    OrderCancelled,
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::OrderApproved, Self::OrderCancelled];

    /// The word on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OrderApproved => "order_approved",
            Self::OrderCancelled => "order_cancelled",
        }
    }
}

/// Why a placement was rejected: a stable code, the same in process results, tombstones, problems and pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    /// It costs more than what is left of the customer's limit.
    InsufficientCredit,
    /// It would leave the customer too low a score.
    RiskTooHigh,
    /// The customer has no account.
    UnknownCustomer,
    /// The customer's account is kept in another currency.
    CurrencyDiffers,
    /// The risk service did not answer in time.
    RiskUnavailable,
    /// The order service did not answer in time.
    OrderStoreFailed,
    /// No order can be made of the request.
    InvalidOrder,
    /// The customer called it off before it was decided.
    CancelledByCustomer,
    /// An operator called it off before it was decided.
    CancelledByOperator,
    /// A code of tomorrow, read by yesterday's build.
    #[serde(other)]
    Other,
}

impl RejectReason {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::InsufficientCredit,
        Self::RiskTooHigh,
        Self::UnknownCustomer,
        Self::CurrencyDiffers,
        Self::RiskUnavailable,
        Self::OrderStoreFailed,
        Self::InvalidOrder,
        Self::CancelledByCustomer,
        Self::CancelledByOperator,
        Self::Other,
    ];

    /// The code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InsufficientCredit => "insufficient_credit",
            Self::RiskTooHigh => "risk_too_high",
            Self::UnknownCustomer => "unknown_customer",
            Self::CurrencyDiffers => "currency_differs",
            Self::RiskUnavailable => "risk_unavailable",
            Self::OrderStoreFailed => "order_store_failed",
            Self::InvalidOrder => "invalid_order",
            Self::CancelledByCustomer => "cancelled_by_customer",
            Self::CancelledByOperator => "cancelled_by_operator",
            Self::Other => "other",
        }
    }

    /// What a customer is told.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::InsufficientCredit => {
                "this order costs more than what is left of your credit; order less, or wait until another order is settled"
            }
            Self::RiskTooHigh => {
                "we cannot take on another order of this size for you now; order less, or wait until another order is settled"
            }
            Self::UnknownCustomer => {
                "you have no account for buying on credit yet; please contact the shop"
            }
            Self::CurrencyDiffers => "your account is kept in another currency; order in that one",
            Self::RiskUnavailable => {
                "we could not check your credit just now; nothing was ordered, please try again later"
            }
            Self::OrderStoreFailed => {
                "we could not write your order down just now; nothing was ordered, please try again later"
            }
            Self::InvalidOrder => "no order can be made of this; check its lines",
            Self::CancelledByCustomer => "you called this order off before it was accepted",
            Self::CancelledByOperator => {
                "the shop called this order off before it was accepted; please contact the shop"
            }
            Self::Other => "this order was not accepted; please contact the shop",
        }
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RejectReason {
    type Err = std::convert::Infallible;

    /// A code that this build does not know is [`RejectReason::Other`].
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::ALL.into_iter().find(|reason| reason.as_str() == text).unwrap_or(Self::Other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reply;

    const GOLDEN_CREATE: &str = r#"{"order_id":"ord_019a9f0c-52d1-8c3e-9d2b-6f1f0f6f7a01","customer_id":"cus_ada","lines":[{"sku":"DUCK","quantity":2,"unit_price":{"amount":12050,"currency":"EUR"}}],"contents_hash":"ab"}"#;

    #[test]
    fn the_recorded_request_keeps_its_shape() {
        let create: CreateOrder = serde_json::from_str(GOLDEN_CREATE).expect("golden payload");

        assert_eq!(serde_json::to_string(&create).expect("json"), GOLDEN_CREATE);
    }

    #[test]
    fn the_recorded_answers_keep_their_shape() {
        let discarded = CreateRefusal::Discarded { reason: RejectReason::RiskTooHigh };
        let refused: Reply<CreatedOrder, _> = Reply::Refused(discarded);
        let past_the_pivot = Discarded::Approved;

        assert_eq!(
            serde_json::to_string(&refused).expect("json"),
            r#"{"refused":{"refusal":"discarded","reason":"risk_too_high"}}"#
        );
        assert_eq!(
            serde_json::to_string(&past_the_pivot).expect("json"),
            r#"{"state":"approved"}"#
        );
    }

    #[test]
    fn every_reason_is_written_and_read_by_its_code() {
        for reason in RejectReason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(reason));
            assert_eq!(
                serde_json::to_string(&reason).expect("json"),
                format!("{:?}", reason.as_str())
            );
        }
        assert_eq!("of_tomorrow".parse(), Ok(RejectReason::Other));
    }

    #[test]
    fn every_notice_is_written_by_its_word() {
        for kind in NoticeKind::ALL {
            assert_eq!(serde_json::to_string(&kind).expect("json"), format!("{:?}", kind.as_str()));
        }
    }
}
