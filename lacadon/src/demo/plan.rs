//! Who orders what in the second act: a hundred orders of eleven customers, the same in every run.
//!
//! Some customers may owe all that they order, some only a part of it, some have a low score, and one has no account.

use crate::front_door::{CallOff, Terms, Wanted};
use contracts::{CustomerId, Money};

/// So many orders are placed at once.
pub(super) const ORDERS: u32 = 100;

/// What each customer may owe, in cents, and their score. An order costs one point per started 100.00.
const ACCOUNTS: [(i64, i64); 10] = [
    (1_000_00, 100),
    (1_000_00, 100),
    (1_000_00, 100),
    (1_000_00, 100),
    (1_000_00, 100),
    (250_00, 100),
    (250_00, 100),
    (150_00, 100),
    (1_000_00, 4),
    (1_000_00, 3),
];

/// One order in so many is called off, the fifth first.
const CALLED_OFF_ONE_IN: u32 = 9;
const CALLED_OFF: u32 = 4;

/// The accounts to open.
pub(super) fn accounts() -> anyhow::Result<Vec<Terms>> {
    let terms = |(number, (limit, base_score)): (u32, (i64, i64))| {
        let customer_id = customer(number)?;
        Ok(Terms { customer_id, limit: Money::eur_cents(limit), base_score })
    };
    (1..).zip(ACCOUNTS).map(terms).collect()
}

/// The orders to place: in turn, one for each customer with an account and one for somebody who has none.
pub(super) fn orders() -> anyhow::Result<Vec<Wanted>> {
    let customers = u32::try_from(ACCOUNTS.len())? + 1;
    let wanted = |number: u32| {
        Ok(Wanted {
            customer_id: customer(number % customers + 1)?,
            key: format!("demo-{number}"),
            total: Money::eur_cents(20_00 + 7_50 * i64::from(number % 10)),
            call_off: match (number % CALLED_OFF_ONE_IN, number % 2) {
                (CALLED_OFF, 0) => CallOff::AtOnce,
                (CALLED_OFF, _) => CallOff::OnceApproved,
                _ => CallOff::Never,
            },
        })
    };
    (0..ORDERS).map(wanted).collect()
}

fn customer(number: u32) -> anyhow::Result<CustomerId> {
    Ok(format!("cus_demo_{number:02}").parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn a_hundred_orders_have_a_key_each_and_about_ten_are_called_off() {
        let orders = orders().expect("orders");

        let keys: BTreeSet<&str> = orders.iter().map(|order| order.key.as_str()).collect();
        let called_off =
            |call_off| orders.iter().filter(|order| order.call_off == call_off).count();
        assert_eq!((orders.len(), keys.len()), (100, 100));
        assert_eq!((called_off(CallOff::AtOnce), called_off(CallOff::OnceApproved)), (6, 5));
    }

    #[test]
    fn some_customers_want_more_than_their_limit_some_less_and_one_has_no_account() {
        let accounts = accounts().expect("accounts");
        let mut wanted: BTreeMap<CustomerId, i64> = BTreeMap::new();
        for order in orders().expect("orders") {
            *wanted.entry(order.customer_id).or_default() += order.total.amount_minor;
        }

        let over = |terms: &&Terms| wanted[&terms.customer_id] > terms.limit.amount_minor;

        assert_eq!((wanted.len(), accounts.len()), (11, 10));
        assert_eq!(accounts.iter().filter(over).count(), 3);
    }
}
