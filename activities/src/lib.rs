//! The activities: each turns a capability into a call on a service, or a rule applied to what a service says.
//!
//! | capability | file |
//! |---|---|
//! | `books.look`, `books.look_again`, `books.attend`, `books.conclude` | [`books`] |
//! | `order.create`, `order.discard`, `order.approve`, `order.cancel`, `order.read`, `order.notify` | [`order`] |
//! | `credit.reserve`, `credit.release`, `credit.confirm` | [`credit`] |
//! | `voucher.decide`, `voucher.issue` | [`voucher`] |
//!
//! The rules are pure and public ([`voucher_rule`]), so that whoever checks the books applies the very same function.
//! How a service is called, and what of its answers is final, is said once, in [`connections::call`]; how long one
//! [`attempt`] may take, there.

pub mod attempt;
pub mod books;
pub mod credit;
pub mod order;
pub mod voucher;
pub mod voucher_rule;
