//! The business processes, run whole: real services, real databases, a real Temporal server.
#![expect(clippy::expect_used, reason = "a test fails by panicking, also in what it calls")]

mod explain;
mod grant_voucher;
mod grant_voucher_by_hand;
mod grant_voucher_crashes;
mod grant_voucher_for_operators;
mod grant_voucher_outages;
mod place_order;
mod place_order_faults;
mod place_order_interrupted;
mod reconcile;
mod stuck;
