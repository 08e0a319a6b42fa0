//! A customer's account, and the rule: what may still be reserved.
//!
//! Available credit and score are derived from what is live, never stored: giving back one reservation restores both,
//! whatever other orders did meanwhile.

use contracts::{CustomerId, Money};

/// An order costs one point of score per started so many units of its currency.
const UNITS_PER_POINT: i64 = 100;

/// What the back office grants a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terms {
    /// What live reservations may come to together. Never negative.
    pub(crate) limit: Money,
    /// The score without any live reservation. Never negative.
    pub(crate) base_score: i64,
    /// An order must leave at least this score.
    pub(crate) minimum_score: i64,
}

/// What the live reservations of an account come to.
///
/// Never negative and never beyond 64 bits: each was granted within a limit, and costs at most one point per minor unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Live {
    pub(crate) count: i64,
    pub(crate) amount_minor: i64,
    pub(crate) score_delta: i64,
}

/// An account as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) customer_id: CustomerId,
    pub(crate) terms: Terms,
    pub(crate) live: Live,
}

/// What reserving an amount comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reserving {
    /// It fits, and takes so many points.
    Granted { score_delta: i64 },
    /// The account is kept in another currency.
    CurrencyDiffers,
    /// It would exceed the limit.
    InsufficientCredit,
    /// It would leave too low a score.
    RiskTooHigh,
}

impl Account {
    /// What is left of the limit. Negative when the limit was lowered below what is live.
    pub(crate) fn available(&self) -> Money {
        let limit = self.terms.limit;
        Money::of_minor(limit.amount_minor.saturating_sub(self.live.amount_minor), limit.currency)
    }

    /// What is left of the score.
    pub(crate) fn score(&self) -> i64 {
        self.terms.base_score.saturating_sub(self.live.score_delta)
    }

    /// The rule: an order is granted its credit if it fits what is left of limit and score.
    pub(crate) fn reserving(&self, amount: Money) -> Reserving {
        if amount.currency != self.terms.limit.currency {
            return Reserving::CurrencyDiffers;
        }
        if amount.amount_minor > self.available().amount_minor {
            return Reserving::InsufficientCredit;
        }
        let score_delta = score_delta(amount);
        if self.score().saturating_sub(score_delta) < self.terms.minimum_score {
            return Reserving::RiskTooHigh;
        }
        Reserving::Granted { score_delta }
    }
}

/// One point per started 100.00, whatever the digits of the currency are.
fn score_delta(amount: Money) -> i64 {
    let minor_per_unit = 10_i64.saturating_pow(amount.currency.exponent().unwrap_or(0));
    let minor_per_point = UNITS_PER_POINT.saturating_mul(minor_per_unit);
    let whole = amount.amount_minor / minor_per_point;
    let is_started = amount.amount_minor % minor_per_point > 0;
    whole + i64::from(is_started)
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::Currency;
    use proptest::prelude::*;

    fn account(limit_minor: i64, base_score: i64, minimum_score: i64, live: Live) -> Account {
        let terms = Terms { limit: Money::eur_cents(limit_minor), base_score, minimum_score };
        Account { customer_id: "cus_ada".parse().expect("a customer"), terms, live }
    }

    #[test]
    fn an_order_costs_one_point_per_started_hundred() {
        let jpy = |amount| Money::of_minor(amount, "JPY".parse().expect("a currency"));

        assert_eq!(score_delta(Money::eur_cents(1)), 1);
        assert_eq!(score_delta(Money::eur_cents(100_00)), 1);
        assert_eq!(score_delta(Money::eur_cents(100_01)), 2);
        assert_eq!(score_delta(jpy(100)), 1);
        assert_eq!(score_delta(jpy(101)), 2);
        assert_eq!(score_delta(jpy(i64::MAX)), 92_233_720_368_547_759);
    }

    #[test]
    fn the_last_cent_of_the_limit_and_the_last_point_of_the_score_may_be_taken() {
        let live = Live { count: 1, amount_minor: 200_00, score_delta: 2 };
        let granted = Reserving::Granted { score_delta: 1 };

        let by_limit = account(300_00, 10, 0, live);
        assert_eq!(by_limit.reserving(Money::eur_cents(100_00)), granted);
        assert_eq!(by_limit.reserving(Money::eur_cents(100_01)), Reserving::InsufficientCredit);
        let by_score = account(1_000_00, 10, 7, live);
        assert_eq!(by_score.reserving(Money::eur_cents(100_00)), granted);
        assert_eq!(by_score.reserving(Money::eur_cents(100_01)), Reserving::RiskTooHigh);
    }

    #[test]
    fn an_account_knows_one_currency() {
        let usd: Currency = "USD".parse().expect("a currency");

        let asked = account(100_00, 10, 0, Live::default()).reserving(Money::of_minor(1, usd));

        assert_eq!(asked, Reserving::CurrencyDiffers);
    }

    proptest! {
        #[test]
        fn whatever_is_asked_for_the_limit_and_the_minimum_score_hold(
            limit in 0..=i64::MAX,
            base_score in 0..=i64::MAX,
            minimum_score in any::<i64>(),
            asked in proptest::collection::vec(
                prop_oneof![1..=i64::MAX, 1..=1_000_00_i64, (0..=3_i64).prop_map(|k| i64::MAX - k)],
                1..20,
            ),
        ) {
            let mut account = account(limit, base_score, minimum_score, Live::default());
            for amount in asked {
                let fits = i128::from(account.live.amount_minor) + i128::from(amount) <= i128::from(limit);
                match account.reserving(Money::eur_cents(amount)) {
                    Reserving::Granted { score_delta } => {
                        prop_assert!(fits);
                        prop_assert_eq!(i128::from(score_delta), (i128::from(amount) + 99_99) / 100_00);
                        account.live.count += 1;
                        account.live.amount_minor += amount;
                        account.live.score_delta += score_delta;
                        prop_assert!(account.score() >= minimum_score);
                        prop_assert!(account.available().amount_minor >= 0);
                    }
                    Reserving::InsufficientCredit => prop_assert!(!fits),
                    Reserving::RiskTooHigh => {
                        let delta = (i128::from(amount) + 99_99) / 100_00;
                        prop_assert!(i128::from(account.score()) - delta < i128::from(minimum_score));
                    }
                    Reserving::CurrencyDiffers => prop_assert!(false, "it is the same currency"),
                }
            }
        }

        #[test]
        fn a_lowered_limit_blocks_new_orders_and_counts_exactly(
            limit in 0..=i64::MAX, live in 0..=i64::MAX, amount in 1..=i64::MAX,
        ) {
            let live = Live { count: 1, amount_minor: live, score_delta: 0 };
            let account = account(limit, i64::MAX, i64::MIN, live);

            let left = i128::from(limit) - i128::from(live.amount_minor);
            prop_assert_eq!(i128::from(account.available().amount_minor), left);
            let is_granted = matches!(account.reserving(Money::eur_cents(amount)), Reserving::Granted { .. });
            prop_assert_eq!(is_granted, i128::from(amount) <= left);
        }
    }
}
