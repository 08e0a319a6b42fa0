//! What can be wrong between orders, credit and what customers were told, and how it is said.

use super::Standing;
use contracts::{CustomerId, Money, OrderId};
use serde::Serialize;
use std::fmt;

/// Something that is neither both nor neither, or not what the customer was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "deviation")]
pub enum Unbalanced {
    /// Credit is held for an order that is not there.
    CreditWithoutOrder {
        /// The order that it is held for.
        order_id: OrderId,
        /// Whose credit.
        customer_id: CustomerId,
        /// How much of it.
        amount: Money,
    },
    /// An order is there without its credit.
    OrderWithoutCredit {
        /// The order.
        order_id: OrderId,
        /// What it costs.
        total: Money,
    },
    /// An order is there, and its credit does not know that it is approved.
    NotConfirmed {
        /// The order.
        order_id: OrderId,
    },
    /// The order, or what it holds, is not what was asked for.
    Differs {
        /// The order.
        order_id: OrderId,
        /// What should be.
        expected: String,
        /// What is.
        found: String,
    },
    /// An order is neither there nor not there.
    Pending {
        /// The order.
        order_id: OrderId,
    },
    /// A refused placement has left something.
    LeftBehind {
        /// The order that is none.
        order_id: OrderId,
        /// What it left: an order, a reservation or a notice.
        what: &'static str,
    },
    /// An order of the shop that nobody asked for.
    NotAskedFor {
        /// The order.
        order_id: OrderId,
    },
    /// The live reservations of a customer exceed the limit.
    OverLimit {
        /// Whose.
        customer_id: CustomerId,
        /// What they may come to.
        limit: Money,
        /// What they come to.
        live: Money,
    },
    /// The customer was told something else than is on file.
    ToldOtherwise {
        /// The order.
        order_id: OrderId,
        /// What was told.
        told: Standing,
        /// What is on file.
        on_file: Standing,
    },
    /// A cancel was accepted, and the order is there.
    CancelIgnored {
        /// The order.
        order_id: OrderId,
    },
}

impl Unbalanced {
    /// The order that it is about; none where it is about a customer.
    #[must_use]
    pub fn order_id(&self) -> Option<OrderId> {
        match self {
            Self::OverLimit { .. } => None,
            Self::CreditWithoutOrder { order_id, .. }
            | Self::OrderWithoutCredit { order_id, .. }
            | Self::NotConfirmed { order_id }
            | Self::Differs { order_id, .. }
            | Self::Pending { order_id }
            | Self::LeftBehind { order_id, .. }
            | Self::NotAskedFor { order_id }
            | Self::ToldOtherwise { order_id, .. }
            | Self::CancelIgnored { order_id } => Some(*order_id),
        }
    }
}

impl fmt::Display for Unbalanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreditWithoutOrder { order_id, customer_id, amount } => {
                write!(f, "{amount} of {customer_id} are held for order {order_id}, which is none")
            }
            Self::OrderWithoutCredit { order_id, total } => {
                write!(f, "order {order_id} of {total} is approved and holds no credit")
            }
            Self::NotConfirmed { order_id } => {
                write!(f, "order {order_id} is approved and its credit is not confirmed")
            }
            Self::Differs { order_id, expected, found } => {
                write!(f, "order {order_id}: {found}, expected {expected}")
            }
            Self::Pending { order_id } => {
                write!(f, "order {order_id} is neither approved nor gone")
            }
            Self::LeftBehind { order_id, what } => {
                write!(f, "order {order_id} was refused and has left {what}")
            }
            Self::NotAskedFor { order_id } => {
                write!(f, "order {order_id} is on file and nobody asked for it")
            }
            Self::OverLimit { customer_id, limit, live } => {
                write!(f, "the orders of {customer_id} hold {live}, allowed are {limit}")
            }
            Self::ToldOtherwise { order_id, told, on_file } => {
                write!(f, "order {order_id} was told to be {told} and is {on_file}")
            }
            Self::CancelIgnored { order_id } => {
                write!(f, "order {order_id} was called off, which was accepted, and is there")
            }
        }
    }
}
