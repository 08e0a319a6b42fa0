//! Vouchers: what the voucher process decides, asks for and is answered.

use crate::{CustomerId, Money, OrderId, VoucherId};
use serde::{Deserialize, Serialize};

/// The name of the 100 € rule. With the order id it is the voucher's permanent unique key; its version is not part of it.
pub const SENT_ORDER_RULE: &str = "sent-order-over-100-eur";

/// What an order must cost more than by version 1 of that rule.
pub const SENT_ORDER_LIMIT_V1: Money = Money::eur_cents(100_00);

/// What an order must cost more than by this version of [`SENT_ORDER_RULE`], for whoever tells a decision in words;
/// nothing for a version of tomorrow. The rule itself decides.
#[must_use]
pub const fn sent_order_limit(rule_version: u32) -> Option<Money> {
    match rule_version {
        1 => Some(SENT_ORDER_LIMIT_V1),
        _ => None,
    }
}

/// The problem type (last segment) with which voucher-api says that this order has a voucher for another customer.
pub const CONTENTS_DIFFER: &str = "contents_differ";

/// Names the order to decide about. Nothing else: the facts are read at their source of truth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecideVoucher {
    /// The order.
    pub order_id: OrderId,
}

/// What the rule said, recorded in the history with the version that said it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoucherDecision {
    /// The order.
    pub order_id: OrderId,
    /// Who ordered.
    pub customer_id: CustomerId,
    /// What the order cost when it was sent.
    pub total: Money,
    /// The rule's name, [`SENT_ORDER_RULE`].
    pub rule: String,
    /// Which version of the rule was in force when the order was sent.
    pub rule_version: u32,
    /// What follows.
    pub verdict: VoucherVerdict,
}

/// What the rule says of a sent order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum VoucherVerdict {
    /// One voucher is owed.
    Qualified {
        /// What the voucher is worth.
        value: Money,
    },
    /// None is owed.
    NotQualified {
        /// Why not, for people: `100.00 EUR is not more than 100.00 EUR`.
        reason: String,
    },
}

/// Why nothing could be decided yet, or ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionRefusal {
    /// The order is not marked sent: decide again when it is.
    OrderNotSent,
    /// There is no such order.
    OrderUnknown,
}

/// Asks voucher-api for the one voucher of this order and rule (`POST /vouchers`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueVoucher {
    /// The order that earned it.
    pub order_id: OrderId,
    /// Who receives it.
    pub customer_id: CustomerId,
    /// The rule's name.
    pub rule: String,
    /// The rule's version when the order was sent.
    pub rule_version: u32,
    /// What it is worth.
    pub value: Money,
}

/// The voucher that this order and rule has, new or from before. Without its code: a code is a secret and a history is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedVoucher {
    /// The voucher.
    pub voucher_id: VoucherId,
}

/// Why voucher-api issued nothing, for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueRefusal {
    /// This order already has a voucher of this rule, for another customer.
    ContentsDiffer,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reply;

    const GOLDEN: &str = r#"{"granted":{"order_id":"ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01","customer_id":"cus_ada","total":{"amount":12050,"currency":"EUR"},"rule":"sent-order-over-100-eur","rule_version":1,"verdict":{"verdict":"qualified","value":{"amount":500,"currency":"EUR"}}}}"#;

    #[test]
    fn the_recorded_decision_keeps_its_shape() {
        let reply: Reply<VoucherDecision, DecisionRefusal> =
            serde_json::from_str(GOLDEN).expect("golden payload");

        assert_eq!(serde_json::to_string(&reply).expect("json"), GOLDEN);
    }

    #[test]
    fn a_refusal_is_written_by_its_name() {
        let reply: Reply<VoucherDecision, DecisionRefusal> =
            Reply::Refused(DecisionRefusal::OrderNotSent);

        assert_eq!(serde_json::to_string(&reply).expect("json"), r#"{"refused":"order_not_sent"}"#);
    }
}
