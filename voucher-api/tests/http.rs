//! voucher-api through HTTP, on a real database of every kind that is there.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects")]

mod support;

mod access;
mod audit_trail;
mod get_voucher;
mod issue_voucher;
mod list_vouchers;
mod migrate;
mod openapi;
mod probe;
mod process;
mod redeem_voucher;
mod restart;
