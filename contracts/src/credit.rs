//! Credit: what the processes ask of risk-api, and what they are answered.

use crate::{CustomerId, Money, OrderId};
use serde::{Deserialize, Serialize};

/// The problem types (last segments) with which risk-api refuses to reserve.
pub mod problem {
    /// More than what is left of the limit.
    pub const INSUFFICIENT_CREDIT: &str = "insufficient_credit";
    /// It would leave too low a score.
    pub const RISK_TOO_HIGH: &str = "risk_too_high";
    /// There is no account.
    pub const UNKNOWN_CUSTOMER: &str = "unknown_customer";
    /// The account is kept in another currency.
    pub const CURRENCY_DIFFERS: &str = "currency_differs";
    /// This order was released before.
    pub const RELEASED: &str = "released";
    /// This order has a reservation of another customer or amount.
    pub const CONTENTS_DIFFER: &str = "contents_differ";
    /// This order has reserved nothing.
    pub const RESERVATION_UNKNOWN: &str = "reservation_unknown";
}

/// Asks risk-api to reserve credit for an order (`PUT /reservations/{order_id}`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReserveCredit {
    /// The order.
    pub order_id: OrderId,
    /// Whose credit.
    pub customer_id: CustomerId,
    /// What the order costs.
    pub amount: Money,
}

/// The credit is reserved, now or before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditReserved {}

/// Why no credit is reserved, for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReserveRefusal {
    /// More than what is left of the limit.
    InsufficientCredit,
    /// It would leave too low a score.
    RiskTooHigh,
    /// There is no account.
    UnknownCustomer,
    /// The account is kept in another currency.
    CurrencyDiffers,
    /// This order was released before: another run of its placement has unwound, or it was sent or cancelled.
    Released,
    /// This order has a reservation of another customer or amount.
    ContentsDiffer,
}

/// Asks risk-api to release an order's credit (`DELETE /reservations/{order_id}`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseCredit {
    /// The order.
    pub order_id: OrderId,
    /// What is to be left of the reservation.
    pub kind: ReleaseKind,
    /// Why: a stable code, 1 to 64 lower-case letters, digits or `_`.
    pub reason: String,
}

/// What is to be left of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseKind {
    /// The placement failed: nothing but the tombstone.
    Undo,
    /// The order was sent or cancelled: the reservation, as released.
    Close,
}

impl ReleaseKind {
    /// The word in the query.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Undo => "undo",
            Self::Close => "close",
        }
    }
}

/// The credit is free, now or since before, and the order reserves no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditReleased {}

/// Asks risk-api to confirm a reservation (`POST /reservations/{order_id}/confirm`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmCredit {
    /// The order.
    pub order_id: OrderId,
}

/// What confirming came to. Both are answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum CreditConfirmed {
    /// The order keeps its credit, now or since before.
    Confirmed,
    /// The order was sent or cancelled meanwhile and needs it no longer.
    Released,
}

/// Why nothing was confirmed, for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmRefusal {
    /// This order has reserved nothing.
    ReservationUnknown,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reply;

    #[test]
    fn the_recorded_messages_keep_their_shape() {
        let order_id = "ord_019a9f0c-52d1-8c3e-9d2b-6f1f0f6f7a01".parse().expect("an order id");
        let release =
            ReleaseCredit { order_id, kind: ReleaseKind::Undo, reason: "risk_too_high".to_owned() };
        let refused: Reply<CreditReserved, _> = Reply::Refused(ReserveRefusal::InsufficientCredit);

        assert_eq!(
            serde_json::to_string(&release).expect("json"),
            r#"{"order_id":"ord_019a9f0c-52d1-8c3e-9d2b-6f1f0f6f7a01","kind":"undo","reason":"risk_too_high"}"#
        );
        assert_eq!(
            serde_json::to_string(&refused).expect("json"),
            r#"{"refused":"insufficient_credit"}"#
        );
        assert_eq!(
            serde_json::to_string(&CreditConfirmed::Released).expect("json"),
            r#"{"state":"released"}"#
        );
    }
}
