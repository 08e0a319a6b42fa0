//! Each rule, at the values that it mentions.

use super::*;
use contracts::orders::OrderFacts;
use contracts::{OrderId, VoucherId};
use proptest::prelude::*;

const MOMENT: &str = "2026-11-20T10:00:00.000Z";

fn order(status: OrderStatus, amount_minor: i64) -> OrderRecord {
    let is_sent = status == OrderStatus::Sent;
    OrderRecord {
        facts: OrderFacts {
            id: OrderId::make(),
            status,
            customer_id: "cus_ada".parse().expect("a customer id"),
            total: Money::eur_cents(amount_minor),
            sent_at: is_sent.then(|| MOMENT.to_owned()),
        },
        origin: "shop".to_owned(),
        updated_at: MOMENT.to_owned(),
    }
}

fn voucher_of(order: &OrderRecord) -> VoucherRecord {
    VoucherRecord {
        id: VoucherId::make(),
        order_id: order.facts.id,
        customer_id: order.facts.customer_id.clone(),
        rule: SENT_ORDER_RULE.to_owned(),
        rule_version: 1,
        value: Money::eur_cents(5_00),
        issued_at: MOMENT.to_owned(),
    }
}

fn credit_of(order: &OrderRecord, state: CreditState) -> ReservationRecord {
    ReservationRecord {
        order_id: order.facts.id,
        amount: order.facts.total,
        state,
        updated_at: MOMENT.to_owned(),
    }
}

fn kind(found: Option<Suspect>) -> Option<CaseKind> {
    found.map(|suspect| suspect.kind)
}

#[test]
fn a_sent_order_over_the_limit_without_a_voucher_is_found_and_none_else() {
    let owed = order(OrderStatus::Sent, 100_01);
    let of_another_rule = VoucherRecord { rule: "birthday".to_owned(), ..voucher_of(&owed) };

    assert_eq!(kind(voucher_is_there(&owed, &[])), Some(CaseKind::SentOrderWithoutVoucher));
    assert!(voucher_is_there(&owed, &[of_another_rule]).is_some());
    assert_eq!(voucher_is_there(&owed, &[voucher_of(&owed)]), None);
    assert_eq!(voucher_is_there(&order(OrderStatus::Sent, 100_00), &[]), None);
    assert_eq!(voucher_is_there(&order(OrderStatus::Approved, 250_00), &[]), None);
}

#[test]
fn a_voucher_needs_its_sent_order() {
    let (sent, approved) = (order(OrderStatus::Sent, 100_01), order(OrderStatus::Approved, 100_01));
    let without = Some(CaseKind::VoucherWithoutSentOrder);

    assert_eq!(voucher_is_owed(&voucher_of(&sent), Some(&sent)), None);
    assert_eq!(kind(voucher_is_owed(&voucher_of(&sent), None)), without);
    assert_eq!(kind(voucher_is_owed(&voucher_of(&approved), Some(&approved))), without);
}

#[test]
fn a_voucher_is_the_one_that_was_earned() {
    let sent = order(OrderStatus::Sent, 100_01);
    let too_little = order(OrderStatus::Sent, 100_00);
    let right = voucher_of(&sent);
    let for_eve = VoucherRecord { customer_id: "cus_eve".parse().expect("an id"), ..right.clone() };
    let worth_more = VoucherRecord { value: Money::eur_cents(5_01), ..right.clone() };
    let by_tomorrow = VoucherRecord { rule_version: 2, ..right };

    for wrong in [for_eve, worth_more, by_tomorrow] {
        let found = voucher_is_owed(&wrong, Some(&sent)).expect("not owed");
        assert_eq!((found.kind, found.subject), (CaseKind::VoucherNotOwed, wrong.id.to_string()));
    }
    let given = voucher_is_owed(&voucher_of(&too_little), Some(&too_little));
    assert_eq!(kind(given), Some(CaseKind::VoucherNotOwed));
}

#[test]
fn a_voucher_of_another_rule_is_none_of_this_rules_business() {
    let sent = order(OrderStatus::Sent, 50_00);
    let voucher = VoucherRecord { rule: "birthday".to_owned(), ..voucher_of(&sent) };

    assert_eq!(voucher_is_owed(&voucher, Some(&sent)), None);
    assert_eq!(voucher_is_owed(&voucher, None), None);
}

#[test]
fn an_approved_order_of_the_shop_holds_credit_and_no_other_must() {
    let approved = order(OrderStatus::Approved, 1_00);
    let by_hand = OrderRecord { origin: "back_office".to_owned(), ..approved.clone() };
    let found = Some(CaseKind::ApprovedOrderWithoutReservation);

    assert_eq!(kind(credit_is_held(&approved, None)), found);
    let released = credit_of(&approved, CreditState::Released);
    assert_eq!(kind(credit_is_held(&approved, Some(&released))), found);
    for state in [CreditState::Reserved, CreditState::Confirmed] {
        assert_eq!(credit_is_held(&approved, Some(&credit_of(&approved, state))), None);
    }
    assert_eq!(credit_is_held(&by_hand, None), None);
    assert_eq!(credit_is_held(&order(OrderStatus::Sent, 1_00), None), None);
}

#[test]
fn credit_that_is_held_for_no_live_order_is_found() {
    for state in [CreditState::Reserved, CreditState::Confirmed] {
        for status in [OrderStatus::Sent, OrderStatus::Cancelled, OrderStatus::Rejected] {
            let order = order(status, 1_00);
            let found = credit_is_needed(&credit_of(&order, state), Some(&order));
            assert_eq!(kind(found), Some(CaseKind::LiveReservationWithoutLiveOrder), "{status:?}");
        }
        for status in [OrderStatus::Pending, OrderStatus::Approved] {
            let order = order(status, 1_00);
            assert_eq!(credit_is_needed(&credit_of(&order, state), Some(&order)), None);
        }
        let lost = order(OrderStatus::Approved, 1_00);
        assert!(credit_is_needed(&credit_of(&lost, state), None).is_some());
    }
    let sent = order(OrderStatus::Sent, 1_00);
    assert_eq!(credit_is_needed(&credit_of(&sent, CreditState::Released), Some(&sent)), None);
}

#[test]
fn a_pending_order_names_the_run_that_should_decide_it() {
    let pending = order(OrderStatus::Pending, 1_00);

    let found = order_is_decided(&pending, "place-x").expect("found");

    assert_eq!(found.report.workflow_id.as_deref(), Some("place-x"));
    assert_eq!(order_is_decided(&order(OrderStatus::Approved, 1_00), "place-x"), None);
}

#[test]
fn an_event_in_quarantine_says_why_and_one_that_waits_says_since_when() {
    let event = |state: &str| EventRecord {
        event_id: "evt_1".to_owned(),
        event_type: "order.sent".to_owned(),
        subject: "ord_1".to_owned(),
        state: state.to_owned(),
        occurred_at: MOMENT.to_owned(),
        last_failure: Some("no such thing".to_owned()),
    };

    let (quarantined, waiting) =
        (event_is_settled(&event("quarantined")), event_is_settled(&event("waiting")));

    assert_eq!(quarantined.kind, CaseKind::EventQuarantined);
    assert!(quarantined.report.summary.ends_with("no such thing"), "{quarantined:?}");
    assert_eq!(waiting.kind, CaseKind::EventUnsettled);
    assert!(waiting.report.summary.ends_with(MOMENT), "{waiting:?}");
    assert_eq!(waiting.report.event_id.as_deref(), Some("evt_1"));
}

#[test]
fn what_is_younger_than_the_patience_is_on_its_way() {
    let at: Timestamp = MOMENT.parse().expect("a moment");
    let after = |ms| Patience { now_ms: at.as_millisecond() + ms, patience_ms: 60_000 };

    assert!(!after(59_999).is_over(MOMENT));
    assert!(after(60_000).is_over(MOMENT));
    assert!(!after(-1).is_over(MOMENT), "a clock that is ahead of ours");
}

#[test]
fn a_summary_fits_into_a_case() {
    let long = suspect(CaseKind::EventQuarantined, "evt_1", &"x".repeat(2_000));

    assert_eq!(long.report.summary.len(), MAX_SUMMARY_LEN);
}

proptest! {
    #[test]
    fn an_order_and_its_voucher_are_right_together_or_one_of_them_is_found(
        amount_minor in 99_00_i64..101_00,
        is_given in any::<bool>(),
    ) {
        let sent = order(OrderStatus::Sent, amount_minor);
        let given: Vec<_> = is_given.then(|| voucher_of(&sent)).into_iter().collect();
        let is_owed = amount_minor > 100_00;

        let missing = voucher_is_there(&sent, &given).is_some();
        let not_owed = given.iter().any(|voucher| voucher_is_owed(voucher, Some(&sent)).is_some());

        prop_assert_eq!(missing, is_owed && !is_given);
        prop_assert_eq!(not_owed, !is_owed && is_given);
    }
}
