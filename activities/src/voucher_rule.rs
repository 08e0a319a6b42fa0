//! The 100 € rule: an order that was sent and costs *more* than 100.00 EUR earns its customer one voucher of 5.00 EUR.
//!
//! A pure function of the order's facts. Whoever asks (the process, the operator's check, the demo, the reconciler)
//! asks [`decide`], and gets the same answer for the same order for ever: the version of the rule is chosen by the
//! moment at which the order was sent, never by the day or by the program that asks. A change of the rule is a new
//! line in [`VERSIONS`], in force from a moment in the future; old lines stay.

use contracts::orders::{OrderFacts, OrderStatus};
use contracts::vouchers::{
    DecisionRefusal, SENT_ORDER_LIMIT_V1, SENT_ORDER_RULE, VoucherDecision, VoucherVerdict,
};
use contracts::{Money, Reply};
use jiff::Timestamp;

/// One version of the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleVersion {
    /// Recorded with every decision and every voucher.
    pub version: u32,
    /// In force for orders sent at this moment or later, until the next version's moment.
    pub sent_from: Timestamp,
    /// The order must cost more than this, in this currency.
    pub limit: Money,
    /// What the voucher is worth.
    pub value: Money,
}

/// Every version there ever was, by the moment it came into force. The first is in force from the beginning of time.
pub const VERSIONS: [RuleVersion; 1] = [RuleVersion {
    version: 1,
    sent_from: Timestamp::MIN,
    limit: SENT_ORDER_LIMIT_V1,
    value: Money::eur_cents(5_00),
}];

/// Facts that contradict themselves: order-api answered with something that no order can be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableOrder {
    /// The moment of sending is not RFC 3339.
    #[error("order-api says the order was sent at {found:?}, which is no moment in time")]
    SentAt {
        /// What was given, cut to 40 characters.
        found: String,
    },
    /// Sent, but nobody knows when: the version of the rule cannot be chosen.
    #[error("order-api says the order was sent but not when")]
    SentWithoutMoment,
    /// No version was in force when the order was sent.
    #[error("no version of the rule was in force when the order was sent")]
    NoVersion,
}

/// What the rule says of this order: a decision once it is sent, a refusal until then.
///
/// Whether an order was sent is read from the recorded moment, not from today's status: what happens to an order
/// after it was sent takes no voucher away.
///
/// # Errors
/// [`UnreadableOrder`]: a fault of the service, to be asked again, never a decision.
pub fn decide(
    order: &OrderFacts,
) -> Result<Reply<VoucherDecision, DecisionRefusal>, UnreadableOrder> {
    let Some(sent_at) = &order.sent_at else {
        return match order.status {
            OrderStatus::Sent => Err(UnreadableOrder::SentWithoutMoment),
            OrderStatus::Pending
            | OrderStatus::Rejected
            | OrderStatus::Approved
            | OrderStatus::Cancelled
            | OrderStatus::Unknown => Ok(Reply::Refused(DecisionRefusal::OrderNotSent)),
        };
    };
    let sent_at: Timestamp = sent_at
        .parse()
        .map_err(|_| UnreadableOrder::SentAt { found: sent_at.chars().take(40).collect() })?;
    let rule = version_in_force(&VERSIONS, sent_at).ok_or(UnreadableOrder::NoVersion)?;
    Ok(Reply::Granted(VoucherDecision {
        order_id: order.id,
        customer_id: order.customer_id.clone(),
        total: order.total,
        rule: SENT_ORDER_RULE.to_owned(),
        rule_version: rule.version,
        verdict: verdict(rule, order.total),
    }))
}

/// The last version whose moment has come.
fn version_in_force(versions: &[RuleVersion], sent_at: Timestamp) -> Option<&RuleVersion> {
    versions.iter().rev().find(|rule| rule.sent_from <= sent_at)
}

fn verdict(rule: &RuleVersion, total: Money) -> VoucherVerdict {
    if total.currency != rule.limit.currency {
        let reason = format!("{total} is not in {}", rule.limit.currency);
        return VoucherVerdict::NotQualified { reason };
    }
    if total.amount_minor > rule.limit.amount_minor {
        return VoucherVerdict::Qualified { value: rule.value };
    }
    VoucherVerdict::NotQualified { reason: format!("{total} is not more than {}", rule.limit) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::{Currency, OrderId};
    use proptest::prelude::*;

    fn sent_order(total: Money) -> OrderFacts {
        OrderFacts {
            id: OrderId::make(),
            status: OrderStatus::Sent,
            customer_id: "cus_ada".parse().expect("a customer id"),
            total,
            sent_at: Some("2026-11-20T10:00:01.000Z".to_owned()),
        }
    }

    fn decision(order: &OrderFacts) -> VoucherDecision {
        match decide(order) {
            Ok(Reply::Granted(decision)) => decision,
            other => panic!("no decision but {other:?}"),
        }
    }

    fn not_qualified(reason: &str) -> VoucherVerdict {
        VoucherVerdict::NotQualified { reason: reason.to_owned() }
    }

    #[test]
    fn the_limit_of_every_version_can_be_told_in_words() {
        for rule in VERSIONS {
            let told = contracts::vouchers::sent_order_limit(rule.version);

            assert_eq!(told, Some(rule.limit), "version {}", rule.version);
        }
    }

    #[test]
    fn one_cent_more_than_one_hundred_euro_earns_a_voucher_of_five() {
        let decision = decision(&sent_order(Money::eur_cents(100_01)));

        assert_eq!(decision.verdict, VoucherVerdict::Qualified { value: Money::eur_cents(5_00) });
        assert_eq!((decision.rule.as_str(), decision.rule_version), (SENT_ORDER_RULE, 1));
    }

    #[test]
    fn exactly_one_hundred_euro_earns_none() {
        let verdict = decision(&sent_order(Money::eur_cents(100_00))).verdict;

        assert_eq!(verdict, not_qualified("100.00 EUR is not more than 100.00 EUR"));
    }

    #[test]
    fn one_cent_less_earns_none() {
        let verdict = decision(&sent_order(Money::eur_cents(99_99))).verdict;

        assert_eq!(verdict, not_qualified("99.99 EUR is not more than 100.00 EUR"));
    }

    #[test]
    fn another_currency_earns_none_however_much_it_is() {
        let usd: Currency = "USD".parse().expect("a currency");

        let verdict = decision(&sent_order(Money::of_minor(1_000_000_00, usd))).verdict;

        assert_eq!(verdict, not_qualified("1000000.00 USD is not in EUR"));
    }

    #[test]
    fn an_order_that_is_not_sent_is_not_decided() {
        for status in [OrderStatus::Approved, OrderStatus::Cancelled, OrderStatus::Unknown] {
            let order =
                OrderFacts { status, sent_at: None, ..sent_order(Money::eur_cents(250_00)) };

            assert_eq!(decide(&order), Ok(Reply::Refused(DecisionRefusal::OrderNotSent)));
        }
    }

    #[test]
    fn what_becomes_of_an_order_after_it_was_sent_changes_nothing() {
        let order = sent_order(Money::eur_cents(250_00));
        let returned = OrderFacts { status: OrderStatus::Unknown, ..order.clone() };

        assert_eq!(decide(&returned), decide(&order));
    }

    #[test]
    fn facts_that_no_order_can_have_are_not_decided_upon() {
        let order = sent_order(Money::eur_cents(250_00));
        let without_moment = OrderFacts { sent_at: None, ..order.clone() };
        let never = OrderFacts { sent_at: Some("yesterday".to_owned()), ..order };

        assert_eq!(decide(&without_moment), Err(UnreadableOrder::SentWithoutMoment));
        assert!(matches!(decide(&never), Err(UnreadableOrder::SentAt { .. })));
    }

    #[test]
    fn versions_follow_each_other_and_the_first_has_always_been_in_force() {
        assert_eq!(VERSIONS.first().map(|rule| rule.sent_from), Some(Timestamp::MIN));
        for pair in VERSIONS.windows(2) {
            assert!(pair[0].sent_from < pair[1].sent_from);
            assert_eq!(pair[0].version + 1, pair[1].version);
        }
    }

    #[test]
    fn the_version_is_the_one_in_force_when_the_order_was_sent() {
        let change: Timestamp = "2027-01-01T00:00:00Z".parse().expect("a moment");
        let second = RuleVersion { version: 2, sent_from: change, ..VERSIONS[0] };
        let versions = [VERSIONS[0], second];
        let version_at = |moment: &str| {
            let moment = moment.parse().expect("a moment");
            version_in_force(&versions, moment).map(|rule| rule.version)
        };

        assert_eq!(version_at("2026-12-31T23:59:59.999Z"), Some(1));
        assert_eq!(version_at("2027-01-01T00:00:00.000Z"), Some(2));
        assert_eq!(version_at("1970-01-01T00:00:00Z"), Some(1));
    }

    proptest! {
        #[test]
        fn in_euro_only_the_limit_decides(amount_minor in any::<i64>()) {
            let verdict = decision(&sent_order(Money::eur_cents(amount_minor))).verdict;

            let is_qualified = matches!(verdict, VoucherVerdict::Qualified { .. });
            prop_assert_eq!(is_qualified, amount_minor > 100_00);
        }

        #[test]
        fn around_the_limit_and_at_the_ends_nothing_else_decides(
            amount_minor in prop_oneof![99_90_i64..100_10, Just(i64::MIN), Just(i64::MAX)],
            code in "EUR|USD|JPY|KWD|CHF",
        ) {
            let currency: Currency = code.parse().expect("a currency");

            let verdict = decision(&sent_order(Money::of_minor(amount_minor, currency))).verdict;

            let is_qualified = matches!(verdict, VoucherVerdict::Qualified { .. });
            prop_assert_eq!(is_qualified, currency == Currency::EUR && amount_minor > 100_00);
        }

        #[test]
        fn deciding_never_panics(sent_at in ".{0,40}", amount_minor in any::<i64>()) {
            let order =
                OrderFacts { sent_at: Some(sent_at), ..sent_order(Money::eur_cents(amount_minor)) };
            let _ = decide(&order);
        }
    }
}
