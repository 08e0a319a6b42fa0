//! The activities: each turns a capability into a call on a service, or a rule applied to what a service says.
//!
//! | capability | file |
//! |---|---|
//! | `voucher.decide`, `voucher.issue` | [`voucher`] |
//!
//! The rules are pure and public ([`voucher_rule`]), so that whoever checks the books applies the very same function.
//! How a service is called, and what of its answers is final, is said once, in [`call`]; how long one [`attempt`] may
//! take, there.

pub mod attempt;
pub mod call;
pub mod voucher;
pub mod voucher_rule;
