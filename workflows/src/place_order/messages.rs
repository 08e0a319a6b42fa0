//! What goes in and out of `PlaceOrder`: its input, its update, its signal, its query, its outcome.

use contracts::placement::{OrderRequest, RejectReason};
use contracts::{CustomerId, Money, OrderId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What is to be placed, under which id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceOrderInput {
    /// The order; derived from its customer and their idempotency key.
    pub order_id: OrderId,
    /// Who orders what.
    #[serde(flatten)]
    pub request: OrderRequest,
    /// Keep the order as rejected if it comes to that, instead of leaving nothing.
    #[serde(default)]
    pub keep_rejected: bool,
    /// How long the risk service may be away until the order is rejected for it, milliseconds.
    #[serde(default)]
    pub risk_patience_ms: Option<u64>,
}

/// The hash of a request, 64 lower-case hexadecimal digits: the same request has the same one, for ever.
#[must_use]
pub fn contents_hash(request: &OrderRequest) -> String {
    // Money, ids and text always have a JSON form; without one, no two requests would be told apart by it.
    let json = serde_json::to_vec(request).unwrap_or_default();
    Sha256::digest(json).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How the run completed, and for whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceOrderOutcome {
    /// The order.
    pub order_id: OrderId,
    /// Who ordered.
    pub customer_id: CustomerId,
    /// The hash of what was ordered.
    pub contents_hash: String,
    /// What it costs, if it came to that.
    #[serde(default)]
    pub total: Option<Money>,
    /// What became of it.
    #[serde(flatten)]
    pub ending: Ending,
}

/// What became of the placement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Ending {
    /// The order is approved and has its credit.
    Approved,
    /// The order was approved and then called off; its credit comes back.
    Cancelled,
    /// There is no order and no credit is held.
    Rejected {
        /// Why.
        reason: RejectReason,
    },
}

impl Ending {
    /// A word to find runs by.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Cancelled => "cancelled",
            Self::Rejected { reason } => reason.as_str(),
        }
    }
}

/// The answer to the update `place`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum PlaceAnswer {
    /// The order is approved.
    Approved {
        /// What it costs; null if another execution had it approved and this one never asked.
        #[serde(default)]
        total: Option<Money>,
    },
    /// There is no order.
    Rejected {
        /// Why.
        reason: RejectReason,
    },
    /// This order id belongs to another request.
    KeyReused,
    /// The run failed, and a person must look.
    Failed {
        /// The kind of its failure.
        kind: String,
    },
}

/// The input of the signal `cancel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelPlacement {
    /// Why.
    pub reason: RejectReason,
}

/// Where the run stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlacementState {
    /// Reading its input.
    #[default]
    Started,
    /// Having the order written down as pending.
    Creating,
    /// Having its credit reserved.
    Reserving,
    /// Having it approved: from here on it is not called off by unwinding.
    Approving,
    /// Approved; having its credit confirmed.
    Confirming,
    /// Approved; telling the customer.
    Notifying,
    /// Approved, and called off: having it cancelled.
    CancellingOrder,
    /// Taking back what may have been done.
    Unwinding,
    /// Completed; see the outcome.
    Completed,
    /// Failed; see the failure.
    Failed,
}

/// What may be told, and will not change any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "decision")]
pub enum Decision {
    /// The order is approved.
    Approved,
    /// There is no order.
    Rejected {
        /// Why.
        reason: RejectReason,
    },
}

/// The answer to the query `status`, and all that the run remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceOrderStatus {
    /// Where the run stands.
    pub state: PlacementState,
    /// The order, once the input was read.
    pub order_id: Option<OrderId>,
    /// Who orders, once the input was read.
    pub customer_id: Option<CustomerId>,
    /// The hash of the request, once the input was read.
    pub contents_hash: Option<String>,
    /// What the order costs, once order-api has added it up.
    pub total: Option<Money>,
    /// What may be told; null while nothing is decided.
    pub decision: Option<Decision>,
    /// Why somebody asked to call it off, if somebody did.
    pub cancel_requested: Option<RejectReason>,
    /// Why everything is being taken back, if it is.
    pub reject_reason: Option<RejectReason>,
    /// Signals that could not be read, in words; they changed nothing.
    #[serde(default)]
    pub unreadable_signals: Vec<String>,
    /// Which kind of failure ended the run.
    pub failure: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::placement::OrderLine;

    fn request() -> OrderRequest {
        let line =
            OrderLine { sku: "DUCK".to_owned(), quantity: 2, unit_price: Money::eur_cents(60_25) };
        OrderRequest { customer_id: "cus_ada".parse().expect("a customer id"), lines: vec![line] }
    }

    /// It is on record with orders and tombstones, for ever: this value must never change.
    #[test]
    fn the_golden_request_has_its_hash_as_ever() {
        assert_eq!(
            contents_hash(&request()),
            "9a9f2b0cec86a3d40d19e0646985ebf481c684682f7b3744dcd7f67da90e1e0d"
        );
    }

    #[test]
    fn another_cart_has_another_hash() {
        let mut other = request();
        other.lines[0].quantity = 3;

        assert_ne!(contents_hash(&other), contents_hash(&request()));
    }

    #[test]
    fn the_outcome_keeps_its_shape() {
        let outcome = PlaceOrderOutcome {
            order_id: "ord_019a9f0c-52d1-8c3e-9d2b-6f1f0f6f7a01".parse().expect("an order id"),
            customer_id: "cus_ada".parse().expect("a customer id"),
            contents_hash: "ab".to_owned(),
            total: None,
            ending: Ending::Rejected { reason: RejectReason::RiskTooHigh },
        };

        assert_eq!(
            serde_json::to_string(&outcome).expect("json"),
            r#"{"order_id":"ord_019a9f0c-52d1-8c3e-9d2b-6f1f0f6f7a01","customer_id":"cus_ada","contents_hash":"ab","total":null,"outcome":"rejected","reason":"risk_too_high"}"#
        );
    }

    #[test]
    fn the_answers_keep_their_shape() {
        let approved = PlaceAnswer::Approved { total: Some(Money::eur_cents(120_50)) };

        assert_eq!(
            serde_json::to_string(&approved).expect("json"),
            r#"{"answer":"approved","total":{"amount":12050,"currency":"EUR"}}"#
        );
        assert_eq!(
            serde_json::to_string(&PlaceAnswer::KeyReused).expect("json"),
            r#"{"answer":"key_reused"}"#
        );
    }
}
