//! risk-api through HTTP, on a real database of every kind that is there.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects")]

mod support;

mod access;
mod account;
mod audit_trail;
mod confirm_reservation;
mod get_reservation;
mod list_reservations;
mod migrate;
mod openapi;
mod probe;
mod process;
mod races;
mod release_reservation;
mod reserve_credit;
mod restart;
