//! A voucher: what one is, and when it may be redeemed.

use crate::code::VoucherCode;
use contracts::{CustomerId, Money, OrderId, VoucherId};

/// A voucher as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Voucher {
    pub(crate) id: VoucherId,
    pub(crate) code: VoucherCode,
    /// The order that earned it.
    pub(crate) order_id: OrderId,
    pub(crate) customer_id: CustomerId,
    pub(crate) rule: String,
    pub(crate) rule_version: u32,
    pub(crate) value: Money,
    pub(crate) created_at_ms: i64,
    pub(crate) redeemed: Option<Redemption>,
}

/// What became of a voucher's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Redemption {
    pub(crate) at_ms: i64,
    /// The order that was paid with it.
    pub(crate) order_id: OrderId,
}

/// What redeeming a voucher for an order comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Redeeming {
    /// It is free.
    Now,
    /// It was redeemed for this very order: the same answer again.
    Before,
    /// It was redeemed for another order.
    ForAnother,
    /// It is not this customer's, which nobody else is told.
    Unknown,
}

impl Voucher {
    /// A voucher is redeemed once, by its customer; asking again for the same order changes nothing.
    pub(crate) fn redeeming(&self, customer_id: &CustomerId, order_id: OrderId) -> Redeeming {
        match &self.redeemed {
            _ if self.customer_id != *customer_id => Redeeming::Unknown,
            None => Redeeming::Now,
            Some(redemption) if redemption.order_id == order_id => Redeeming::Before,
            Some(_) => Redeeming::ForAnother,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voucher(redeemed: Option<Redemption>) -> Voucher {
        Voucher {
            id: VoucherId::make(),
            code: VoucherCode::make().expect("a generator"),
            order_id: OrderId::make(),
            customer_id: "cus_ada".parse().expect("a customer"),
            rule: "a-rule".to_owned(),
            rule_version: 1,
            value: Money::eur_cents(5_00),
            created_at_ms: 0,
            redeemed,
        }
    }

    #[test]
    fn a_voucher_is_redeemed_once_and_the_same_order_may_ask_again() {
        let ada = "cus_ada".parse().expect("a customer");
        let (order_id, other) = (OrderId::make(), OrderId::make());
        let redeemed = voucher(Some(Redemption { at_ms: 1, order_id }));

        assert_eq!(voucher(None).redeeming(&ada, order_id), Redeeming::Now);
        assert_eq!(redeemed.redeeming(&ada, order_id), Redeeming::Before);
        assert_eq!(redeemed.redeeming(&ada, other), Redeeming::ForAnother);
    }

    #[test]
    fn another_customer_is_told_nothing() {
        let eve = "cus_eve".parse().expect("a customer");
        let order_id = OrderId::make();
        let redeemed = voucher(Some(Redemption { at_ms: 1, order_id }));

        assert_eq!(voucher(None).redeeming(&eve, order_id), Redeeming::Unknown);
        assert_eq!(redeemed.redeeming(&eve, order_id), Redeeming::Unknown);
    }
}
