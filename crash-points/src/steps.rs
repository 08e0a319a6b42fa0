//! The one list: every step that changes something, the process that runs it, what is durable before it and behind it.
//!
//! The steps of a service and of the gateway are named after the operations of their documents, those of the activities
//! after the capabilities: a new endpoint or capability without its line here fails `tests/crash_points.rs`.

use crate::Step;

macro_rules! steps {
    ($($step:ident = $name:literal in $process:literal, before $before:literal, after $after:literal;)+) => {
        $(
            #[doc = concat!("`", $name, "`: behind it, ", $after, ".")]
            pub static $step: Step =
                Step { name: $name, process: $process, before: $before, after: $after };
        )+

        /// Every step.
        pub static STEPS: &[&Step] = &[$(&$step),+];
    };
}

steps! {
    ORDER_API_PLACE_ORDER = "order-api.place_order" in "order-api",
        before "nothing of the order",
        after "the order and its key";
    ORDER_API_IMPORT_ORDER = "order-api.import_order" in "order-api",
        before "nothing of the order",
        after "the order and its name over there";
    ORDER_API_CREATE_ORDER = "order-api.create_order" in "order-api",
        before "the run; nothing of the order",
        after "the pending order";
    ORDER_API_APPROVE_ORDER = "order-api.approve_order" in "order-api",
        before "the pending order and its reserved credit",
        after "the approved order: the pivot is passed";
    ORDER_API_DISCARD_ORDER = "order-api.discard_order" in "order-api",
        before "the pending order, and the run that unwinds",
        after "the order's tombstone; no order";
    ORDER_API_CANCEL_ORDER = "order-api.cancel_order" in "order-api",
        before "the approved order",
        after "the cancelled order and, if it holds credit, the event that frees it";
    ORDER_API_MARK_ORDER_SENT = "order-api.mark_order_sent" in "order-api",
        before "the approved order; no event",
        after "the sent order and its events in the outbox";
    ORDER_API_GIVE_NOTICE = "order-api.give_notice" in "order-api",
        before "the approved order with its credit; no notice",
        after "the notice";
    ORDER_API_CLAIM_EVENTS = "order-api.claim_events" in "order-api",
        before "the events, free",
        after "the events under a lease that nobody knows of";
    ORDER_API_ACK_EVENTS = "order-api.ack_events" in "order-api",
        before "the run that the event started; the event under its lease",
        after "the settled event";
    ORDER_API_RELEASE_EVENT = "order-api.release_event" in "order-api",
        before "the event as it was",
        after "the event, not in quarantine";
    ORDER_API_SETTLE_EVENT = "order-api.settle_event" in "order-api",
        before "the event as it was",
        after "the settled event";
    ORDER_API_RECORD_DERIVATION_KEY = "order-api.record_derivation_key" in "order-api",
        before "the fingerprint of before, if any",
        after "the fingerprint of the derivation key";

    VOUCHER_API_ISSUE_VOUCHER = "voucher-api.issue_voucher" in "voucher-api",
        before "the sent order and its run; no voucher",
        after "the voucher";
    VOUCHER_API_REDEEM_VOUCHER = "voucher-api.redeem_voucher" in "voucher-api",
        before "the voucher, free",
        after "the redeemed voucher";

    RISK_API_PUT_ACCOUNT = "risk-api.put_account" in "risk-api",
        before "the account as it was, if there was one",
        after "the account with its new terms";
    RISK_API_RESERVE_CREDIT = "risk-api.reserve_credit" in "risk-api",
        before "the pending order; nothing reserved",
        after "the pending order and its reservation, or nothing of a refused one";
    RISK_API_CONFIRM_RESERVATION = "risk-api.confirm_reservation" in "risk-api",
        before "the approved order and its reservation, not confirmed",
        after "the approved order and its confirmed reservation";
    RISK_API_RELEASE_RESERVATION = "risk-api.release_reservation" in "risk-api",
        before "whatever the order holds, and the run that releases it",
        after "the released credit, or the tombstone that keeps a late reservation out";

    DESK_API_REPORT_CASE = "desk-api.report_case" in "desk-api",
        before "the case as it was, if it was known",
        after "the case, open or as a person left it";
    DESK_API_RESOLVE_CASE = "desk-api.resolve_case" in "desk-api",
        before "the open case",
        after "the resolved case";
    DESK_API_DECIDE_CASE = "desk-api.decide_case" in "desk-api",
        before "the open case; no decision",
        after "the decision, and the case that it closed";

    RELAY_CLAIM = "relay.claim" in "worker",
        before "the events, free",
        after "the events under this worker's lease";
    RELAY_START = "relay.start" in "worker",
        before "the event under this worker's lease; no run",
        after "the run; the event is not settled";
    RELAY_ACKNOWLEDGE = "relay.acknowledge" in "worker",
        before "the run; the event is not settled",
        after "the settled event";

    ACTIVITY_ORDER_CREATE = "activity.order_create" in "worker",
        before "the run; nothing of the order",
        after "the pending order; the run does not know";
    ACTIVITY_ORDER_DISCARD = "activity.order_discard" in "worker",
        before "the pending order, and the run that unwinds",
        after "the order's tombstone; the run does not know";
    ACTIVITY_ORDER_APPROVE = "activity.order_approve" in "worker",
        before "the pending order and its reserved credit",
        after "the approved order; the run does not know that the pivot is passed";
    ACTIVITY_ORDER_CANCEL = "activity.order_cancel" in "worker",
        before "the approved order, and the cancel that its run has on record",
        after "the cancelled order and its event; the run does not know";
    ACTIVITY_ORDER_READ = "activity.order_read" in "worker",
        before "the order that was sent or cancelled, and the run that releases its credit",
        after "the same: a read changes nothing";
    ACTIVITY_ORDER_NOTIFY = "activity.order_notify" in "worker",
        before "the approved order with its credit; no notice",
        after "the notice; the run does not know";
    ACTIVITY_CREDIT_RESERVE = "activity.credit_reserve" in "worker",
        before "the pending order; nothing reserved",
        after "the pending order and its reservation, or a refusal; the run does not know";
    ACTIVITY_CREDIT_RELEASE = "activity.credit_release" in "worker",
        before "whatever the order holds, and the run that releases it",
        after "the released credit; the run does not know";
    ACTIVITY_CREDIT_CONFIRM = "activity.credit_confirm" in "worker",
        before "the approved order and its reservation, not confirmed",
        after "the approved order and its confirmed reservation; the run does not know";
    ACTIVITY_VOUCHER_DECIDE = "activity.voucher_decide" in "worker",
        before "the sent order and its run; no decision",
        after "the same: the decision is not on record";
    ACTIVITY_VOUCHER_ISSUE = "activity.voucher_issue" in "worker",
        before "the sent order and its run; no voucher",
        after "the voucher; the run does not know";

    GATEWAY_PLACE_ORDER = "gateway.place_order" in "gateway",
        before "nothing: no run",
        after "the run, decided or on its way";
    GATEWAY_CANCEL_ORDER = "gateway.cancel_order" in "gateway",
        before "the placement as it was",
        after "the cancel on record with the run, or the cancelled order";
}
