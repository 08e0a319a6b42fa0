//! Orders, as the worker and the gateway read them from order-api.

use crate::{CustomerId, Money, OrderId};
use serde::{Deserialize, Serialize};

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Written down, not decided: neither sent nor cancelled until it is.
    Pending,
    /// Decided against, and kept all the same. Final.
    Rejected,
    /// Accepted; may be sent or cancelled.
    Approved,
    /// Handed to the carrier. Final.
    Sent,
    /// Called off before it was sent. Final.
    Cancelled,
    /// A status that a newer order-api knows and this reader does not.
    #[serde(other)]
    Unknown,
}

/// What a process needs to know of an order: the fields that decide, none that do not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderFacts {
    /// The order.
    pub id: OrderId,
    /// Where it stands.
    pub status: OrderStatus,
    /// Who ordered.
    pub customer_id: CustomerId,
    /// What it costs, frozen once it is sent.
    pub total: Money,
    /// When it was sent, RFC 3339 with milliseconds; absent until then.
    #[serde(default)]
    pub sent_at: Option<String>,
}

/// The problem type (last segment) with which order-api says that there is no such order.
pub const ORDER_UNKNOWN: &str = "order_unknown";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_golden_order_is_still_read() {
        let golden = r#"{"id":"ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01","status":"sent","origin":"import",
            "customer_id":"cus_ada","lines":[],"total":{"amount":12050,"currency":"EUR"},
            "placed_at":"2026-11-20T10:00:00.000Z","sent_at":"2026-11-20T10:00:01.000Z","field_of_tomorrow":1}"#;

        let order: OrderFacts = serde_json::from_str(golden).expect("golden payload");

        assert_eq!(order.status, OrderStatus::Sent);
        assert_eq!(order.total, Money::eur_cents(120_50));
    }

    #[test]
    fn a_status_of_tomorrow_is_unknown_and_not_an_error() {
        assert_eq!(
            serde_json::from_str::<OrderStatus>(r#""lost_at_sea""#).expect("json"),
            OrderStatus::Unknown
        );
    }
}
