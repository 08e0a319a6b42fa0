//! Whether what is on file is what the rule demands: for each sent order that earned one exactly one voucher, of the
//! right value and for the right customer, and no voucher beside these.
//!
//! A pure comparison of two lists. It knows nothing of processes: who lost or doubled a voucher does not matter.

use activities::voucher_rule::{UnreadableOrder, decide};
use contracts::orders::OrderFacts;
use contracts::vouchers::{SENT_ORDER_RULE, VoucherDecision, VoucherVerdict};
use contracts::{CustomerId, Money, OrderId, Reply};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// A voucher as its service has it on file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoucherOnFile {
    /// Names it.
    pub voucher_id: String,
    /// The order that earned it.
    pub order_id: OrderId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// The rule it was given by.
    pub rule: String,
    /// The version of that rule.
    pub rule_version: u32,
    /// What it is worth.
    pub value: Money,
}

/// Something that is not as the rule demands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "deviation")]
pub enum Deviation {
    /// Owed and not given.
    Missing {
        /// The order that earned it.
        order_id: OrderId,
        /// What it cost.
        total: Money,
    },
    /// Given and not owed.
    NotOwed {
        /// The order it was given for.
        order_id: OrderId,
        /// The voucher.
        voucher_id: String,
        /// Why none is owed.
        reason: String,
    },
    /// Given for an order that is not on file.
    WithoutOrder {
        /// The order it names.
        order_id: OrderId,
        /// The voucher.
        voucher_id: String,
    },
    /// Given more than once.
    Doubled {
        /// The order that earned one.
        order_id: OrderId,
        /// The vouchers.
        voucher_ids: Vec<String>,
    },
    /// Given to somebody else.
    WrongCustomer {
        /// The order that earned it.
        order_id: OrderId,
        /// The voucher.
        voucher_id: String,
        /// Who ordered.
        expected: CustomerId,
        /// Who has it.
        found: CustomerId,
    },
    /// Of another value, or by another version of the rule.
    WrongValue {
        /// The order that earned it.
        order_id: OrderId,
        /// The voucher.
        voucher_id: String,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The order on file is none that the rule can be asked about.
    Unreadable {
        /// The order.
        order_id: OrderId,
        /// Why.
        reason: String,
    },
}

impl Deviation {
    /// The order that it is about.
    #[must_use]
    pub fn order_id(&self) -> OrderId {
        match self {
            Self::Missing { order_id, .. }
            | Self::NotOwed { order_id, .. }
            | Self::WithoutOrder { order_id, .. }
            | Self::Doubled { order_id, .. }
            | Self::WrongCustomer { order_id, .. }
            | Self::WrongValue { order_id, .. }
            | Self::Unreadable { order_id, .. } => *order_id,
        }
    }
}

/// What the comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Orders on file.
    pub orders: u64,
    /// Those that were sent.
    pub sent: u64,
    /// Those that earned a voucher.
    pub owed: u64,
    /// Vouchers on file.
    pub given: u64,
    /// What is not as it should be; empty when the rule holds.
    pub deviations: Vec<Deviation>,
}

impl Verdict {
    /// Whether the rule holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.deviations.is_empty()
    }
}

/// Compares both files in both directions. Vouchers of other rules are none of this rule's business.
#[must_use]
pub fn compare(orders: &[OrderFacts], vouchers: &[VoucherOnFile]) -> Verdict {
    let mut verdict = Verdict::default();
    let mut given: BTreeMap<OrderId, Vec<&VoucherOnFile>> = BTreeMap::new();
    for voucher in vouchers.iter().filter(|voucher| voucher.rule == SENT_ORDER_RULE) {
        verdict.given += 1;
        given.entry(voucher.order_id).or_default().push(voucher);
    }
    for order in orders {
        verdict.orders += 1;
        let its = given.remove(&order.id).unwrap_or_default();
        match owed(order) {
            Ok(Owed::Nothing { is_sent, reason }) => {
                verdict.sent += u64::from(is_sent);
                verdict.deviations.extend(its.iter().map(|voucher| Deviation::NotOwed {
                    order_id: order.id,
                    voucher_id: voucher.voucher_id.clone(),
                    reason: reason.clone(),
                }));
            }
            Ok(Owed::One { decision, value }) => {
                verdict.sent += 1;
                verdict.owed += 1;
                verdict.deviations.extend(one_is_right(order, &decision, value, &its));
            }
            Err(unreadable) => verdict
                .deviations
                .push(Deviation::Unreadable { order_id: order.id, reason: unreadable.to_string() }),
        }
    }
    for voucher in given.into_values().flatten() {
        verdict.deviations.push(Deviation::WithoutOrder {
            order_id: voucher.order_id,
            voucher_id: voucher.voucher_id.clone(),
        });
    }
    verdict
}

/// What the rule demands for one order.
pub enum Owed {
    /// No voucher.
    Nothing {
        /// Whether the order was sent.
        is_sent: bool,
        /// Why none.
        reason: String,
    },
    /// One voucher.
    One {
        /// What the rule said.
        decision: VoucherDecision,
        /// What the voucher is worth.
        value: Money,
    },
}

/// Asks the rule, the same function that the process asks.
///
/// # Errors
/// When the order on file contradicts itself.
pub fn owed(order: &OrderFacts) -> Result<Owed, UnreadableOrder> {
    Ok(match decide(order)? {
        Reply::Refused(_) => Owed::Nothing { is_sent: false, reason: "not sent".to_owned() },
        Reply::Granted(decision) => match decision.verdict.clone() {
            VoucherVerdict::NotQualified { reason } => Owed::Nothing { is_sent: true, reason },
            VoucherVerdict::Qualified { value } => Owed::One { decision, value },
        },
    })
}

/// One voucher, and the right one.
fn one_is_right(
    order: &OrderFacts,
    decision: &VoucherDecision,
    value: Money,
    its: &[&VoucherOnFile],
) -> Vec<Deviation> {
    let order_id = order.id;
    let mut deviations = Vec::new();
    match its {
        [] => deviations.push(Deviation::Missing { order_id, total: order.total }),
        [_] => {}
        several => deviations.push(Deviation::Doubled {
            order_id,
            voucher_ids: several.iter().map(|voucher| voucher.voucher_id.clone()).collect(),
        }),
    }
    for voucher in its {
        if voucher.customer_id != order.customer_id {
            deviations.push(Deviation::WrongCustomer {
                order_id,
                voucher_id: voucher.voucher_id.clone(),
                expected: order.customer_id.clone(),
                found: voucher.customer_id.clone(),
            });
        }
        if (voucher.value, voucher.rule_version) != (value, decision.rule_version) {
            let shown = |value: Money, version: u32| format!("{value} by version {version}");
            deviations.push(Deviation::WrongValue {
                order_id,
                voucher_id: voucher.voucher_id.clone(),
                expected: shown(value, decision.rule_version),
                found: shown(voucher.value, voucher.rule_version),
            });
        }
    }
    deviations
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { order_id, total } => {
                write!(f, "order {order_id} was sent with {total} and has no voucher")
            }
            Self::NotOwed { order_id, voucher_id, reason } => {
                write!(f, "voucher {voucher_id} of order {order_id} is not owed: {reason}")
            }
            Self::WithoutOrder { order_id, voucher_id } => {
                write!(f, "voucher {voucher_id} is for order {order_id}, which is not on file")
            }
            Self::Doubled { order_id, voucher_ids } => {
                write!(f, "order {order_id} has {} vouchers: ", voucher_ids.len())?;
                f.write_str(&voucher_ids.join(", "))
            }
            Self::WrongCustomer { order_id, voucher_id, expected, found } => {
                write!(
                    f,
                    "voucher {voucher_id} of order {order_id} belongs to {found}, ordered by {expected}"
                )
            }
            Self::WrongValue { order_id, voucher_id, expected, found } => {
                write!(f, "voucher {voucher_id} of order {order_id} is {found}, owed is {expected}")
            }
            Self::Unreadable { order_id, reason } => write!(f, "order {order_id}: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::orders::OrderStatus;
    use proptest::prelude::*;
    use uuid::Uuid;

    /// The order of this number.
    fn order(number: u128, amount_minor: i64) -> OrderFacts {
        OrderFacts {
            id: OrderId::from_uuid(Uuid::from_u128(number)),
            status: OrderStatus::Sent,
            customer_id: format!("cus_{number}").parse().expect("a customer id"),
            total: Money::eur_cents(amount_minor),
            sent_at: Some("2026-11-20T10:00:00.000Z".into()),
        }
    }

    fn voucher_of(order: &OrderFacts) -> VoucherOnFile {
        VoucherOnFile {
            voucher_id: format!("vch of {}", order.id),
            order_id: order.id,
            customer_id: order.customer_id.clone(),
            rule: SENT_ORDER_RULE.into(),
            rule_version: 1,
            value: Money::eur_cents(5_00),
        }
    }

    #[test]
    fn one_voucher_for_each_order_over_the_limit_and_none_else_holds() {
        let orders = [order(1, 100_01), order(2, 100_00), order(3, 99_99), order(4, 250_00)];

        let verdict = compare(&orders, &[voucher_of(&orders[0]), voucher_of(&orders[3])]);

        assert!(verdict.holds(), "{verdict:?}");
        assert_eq!((verdict.sent, verdict.owed, verdict.given), (4, 2, 2));
    }

    #[test]
    fn a_missing_voucher_is_found() {
        let order = order(1, 100_01);

        let verdict = compare(std::slice::from_ref(&order), &[]);

        let missing = Deviation::Missing { order_id: order.id, total: order.total };
        assert_eq!(verdict.deviations, vec![missing]);
    }

    #[test]
    fn a_doubled_voucher_is_found() {
        let order = order(1, 100_01);
        let second = VoucherOnFile { voucher_id: "second".into(), ..voucher_of(&order) };

        let verdict = compare(std::slice::from_ref(&order), &[voucher_of(&order), second]);

        assert!(matches!(verdict.deviations[..], [Deviation::Doubled { .. }]), "{verdict:?}");
    }

    #[test]
    fn a_voucher_for_exactly_the_limit_is_found() {
        let order = order(1, 100_00);

        let verdict = compare(std::slice::from_ref(&order), &[voucher_of(&order)]);

        assert!(matches!(verdict.deviations[..], [Deviation::NotOwed { .. }]), "{verdict:?}");
    }

    #[test]
    fn a_voucher_for_an_order_that_was_not_sent_is_found() {
        let approved =
            OrderFacts { status: OrderStatus::Approved, sent_at: None, ..order(1, 250_00) };

        let verdict = compare(std::slice::from_ref(&approved), &[voucher_of(&approved)]);

        assert!(matches!(verdict.deviations[..], [Deviation::NotOwed { .. }]), "{verdict:?}");
    }

    #[test]
    fn a_voucher_without_an_order_is_found() {
        let verdict = compare(&[], &[voucher_of(&order(1, 250_00))]);

        assert!(matches!(verdict.deviations[..], [Deviation::WithoutOrder { .. }]), "{verdict:?}");
    }

    #[test]
    fn a_voucher_of_another_customer_is_found() {
        let order = order(1, 100_01);
        let other = "cus_eve".parse().expect("a customer id");
        let voucher = VoucherOnFile { customer_id: other, ..voucher_of(&order) };

        let verdict = compare(std::slice::from_ref(&order), &[voucher]);

        assert!(matches!(verdict.deviations[..], [Deviation::WrongCustomer { .. }]), "{verdict:?}");
    }

    #[test]
    fn a_voucher_of_another_value_or_version_is_found() {
        let order = order(1, 100_01);
        let value = VoucherOnFile { value: Money::eur_cents(5_01), ..voucher_of(&order) };
        let version = VoucherOnFile { rule_version: 2, ..voucher_of(&order) };

        for wrong in [value, version] {
            let verdict = compare(std::slice::from_ref(&order), &[wrong]);
            assert!(
                matches!(verdict.deviations[..], [Deviation::WrongValue { .. }]),
                "{verdict:?}"
            );
        }
    }

    #[test]
    fn a_voucher_of_another_rule_is_left_alone() {
        let order = order(1, 50_00);
        let voucher = VoucherOnFile { rule: "birthday".into(), ..voucher_of(&order) };

        assert!(compare(std::slice::from_ref(&order), &[voucher]).holds());
    }

    proptest! {
        /// Whatever single thing is changed in a state that holds, the verdict no longer holds.
        #[test]
        fn every_single_fault_among_many_orders_is_found(
            amounts in prop::collection::vec(99_00_i64..101_00, 1..40),
            victim in any::<prop::sample::Index>(),
            fault in 0..4,
        ) {
            let orders: Vec<OrderFacts> =
                (1..).zip(&amounts).map(|(number, amount)| order(number, *amount)).collect();
            let mut vouchers: Vec<VoucherOnFile> =
                orders.iter().filter(|o| o.total.amount_minor > 100_00).map(voucher_of).collect();
            prop_assert!(compare(&orders, &vouchers).holds());

            match (fault, vouchers.len()) {
                (0, _) | (_, 0) => {
                    let stray = VoucherOnFile { voucher_id: "stray".into(), ..voucher_of(victim.get(&orders)) };
                    vouchers.push(stray);
                }
                (1, len) => drop(vouchers.remove(victim.index(len))),
                (2, len) => vouchers[victim.index(len)].customer_id = "cus_eve".parse().expect("an id"),
                (_, len) => vouchers[victim.index(len)].value = Money::eur_cents(4_99),
            }

            prop_assert!(!compare(&orders, &vouchers).holds());
        }
    }
}
