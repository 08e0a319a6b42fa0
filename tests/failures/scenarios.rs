//! The scenarios of the failure loop: how each process is started, how it ends when nothing goes wrong, and how it must
//! end for each thing that goes wrong with each of its steps.
//!
//! A process without a scenario fails the loop. An ending is said in one word, as operators find runs by it.

use crate::fakes::{By, Fault};
use crate::shop::{Shop, TOTAL, customer};
use contracts::OrderId;
use contracts::orders::OrderStatus;
use serde_json::{Value, json};
use workflows::{grant_voucher, place_order, reconcile, release_credit};

/// One way through a process.
#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    /// For the messages of a failure.
    pub(crate) name: &'static str,
    pub(crate) workflow_type: &'static str,
    pub(crate) workflow_id: fn(OrderId) -> String,
    pub(crate) input: fn(OrderId) -> Value,
    /// What the services know before the run.
    pub(crate) shop: fn() -> Shop,
    /// What goes wrong in every run of it.
    pub(crate) always: &'static [(&'static str, Fault)],
    /// Steps that the process gives up when nobody answers.
    pub(crate) given_up: &'static [&'static str],
    /// Who may call it off.
    pub(crate) called_off_by: &'static [By],
    /// How it ends, given the step and what goes wrong with it; `None` when nothing does.
    pub(crate) ending: fn(&str, Option<Fault>) -> &'static str,
}

/// Every scenario.
pub(crate) const SCENARIOS: [Scenario; 6] = [
    Scenario {
        name: "a voucher that is owed",
        workflow_type: grant_voucher::GRANT_VOUCHER,
        workflow_id: grant_voucher::workflow_id,
        input: |order_id| json!({ "order_id": order_id }),
        shop: || Shop::with_order(OrderStatus::Sent),
        always: &[],
        given_up: &[],
        called_off_by: &[By::Request],
        ending: voucher_owed,
    },
    Scenario {
        name: "an order that is approved",
        workflow_type: place_order::PLACE_ORDER,
        workflow_id: place_order::workflow_id,
        input: order_placed,
        shop: Shop::empty,
        always: &[],
        given_up: &["create", "reserve"],
        called_off_by: &[By::Signal, By::Request],
        ending: |step, fault| before_the_pivot(step, fault).unwrap_or("approved"),
    },
    Scenario {
        name: "an order beyond the customer's limit",
        workflow_type: place_order::PLACE_ORDER,
        workflow_id: place_order::workflow_id,
        input: order_placed,
        shop: || Shop { can_afford: false, ..Shop::empty() },
        always: &[],
        given_up: &["create", "reserve"],
        called_off_by: &[By::Signal, By::Request],
        ending: |step, fault| before_the_pivot(step, fault).unwrap_or("insufficient_credit"),
    },
    Scenario {
        name: "an order that is called off after its approval",
        workflow_type: place_order::PLACE_ORDER,
        workflow_id: place_order::workflow_id,
        input: order_placed,
        shop: Shop::empty,
        always: &[("confirm", Fault::CalledOff(By::Signal))],
        given_up: &["create", "reserve"],
        called_off_by: &[By::Signal, By::Request],
        ending: |step, fault| before_the_pivot(step, fault).unwrap_or("cancelled"),
    },
    Scenario {
        name: "the books of an order that was sent and has no voucher",
        workflow_type: reconcile::RECONCILE,
        workflow_id: |order_id| format!("reconcile-{order_id}"),
        input: |_| json!({ "patience_s": 1 }),
        shop: || Shop::with_order(OrderStatus::Sent),
        always: &[],
        given_up: &["look", "look-again", "attend", "conclude"],
        called_off_by: &[By::Request],
        ending: |_, fault| match fault {
            Some(Fault::NeverAnswered) => "incomplete",
            Some(Fault::CalledOff(_)) => "Canceled",
            _ => "violators",
        },
    },
    Scenario {
        name: "the credit of an order that was sent",
        workflow_type: release_credit::RELEASE_CREDIT,
        workflow_id: release_credit::workflow_id,
        input: |order_id| json!({ "order_id": order_id }),
        shop: || Shop::with_order(OrderStatus::Sent),
        always: &[],
        given_up: &[],
        called_off_by: &[By::Request],
        ending: |step, fault| match (step, refused(fault)) {
            ("read", Some(_)) => "OrderUnknown",
            _ => "released",
        },
    },
];

pub(crate) fn order_placed(order_id: OrderId) -> Value {
    json!({
        "order_id": order_id,
        "customer_id": customer(),
        "lines": [{ "sku": "SQUEAKY-DUCK", "quantity": 1, "unit_price": TOTAL }],
        "risk_patience_ms": 15_000,
    })
}

pub(crate) fn refused(fault: Option<Fault>) -> Option<usize> {
    match fault {
        Some(Fault::Refused(n) | Fault::RefusedAndAnEarlierOneLandsLate(n)) => Some(n),
        _ => None,
    }
}

fn voucher_owed(step: &str, fault: Option<Fault>) -> &'static str {
    match (step, refused(fault)) {
        ("decide", Some(0)) => "OrderNotSent",
        ("decide", Some(_)) => "OrderUnknown",
        ("issue", Some(_)) => "ContentsDiffer",
        _ => "granted",
    }
}

/// How a placement ends for what goes wrong, if it ends otherwise than without it.
fn before_the_pivot(step: &str, fault: Option<Fault>) -> Option<&'static str> {
    let fault = fault?;
    if let Some(number) = refused(Some(fault)) {
        return after_a_refusal(step, number);
    }
    match (step, fault) {
        ("create", Fault::NeverAnswered) => Some("order_store_failed"),
        ("reserve", Fault::NeverAnswered) => Some("risk_unavailable"),
        ("create" | "reserve", Fault::CalledOff(By::Signal | By::Both)) => {
            Some("cancelled_by_customer")
        }
        ("create" | "reserve", Fault::CalledOff(By::Request)) => Some("cancelled_by_operator"),
        // Approve was asked, or more: called off by cancelling the order.
        ("discard" | "release", Fault::CalledOff(_)) => None,
        (_, Fault::CalledOff(_)) => Some("cancelled"),
        _ => None,
    }
}

fn after_a_refusal(step: &str, number: usize) -> Option<&'static str> {
    let endings: &[&str] = match step {
        "create" => &["risk_too_high", "ContentsDiffer", "invalid_order"],
        "reserve" => &[
            "insufficient_credit",
            "risk_too_high",
            "unknown_customer",
            "currency_differs",
            "other",
            "other",
        ],
        "approve" => &["risk_too_high", "order_store_failed"],
        "confirm" => &["ReservationUnknown"],
        // It was sent meanwhile, or is gone: the placement stands.
        "cancel" => &["approved", "approved"],
        _ => &[],
    };
    endings.get(number).copied()
}
