//! The SQL of accounts, reservations and tombstones.
//!
//! Whatever changes a reservation locks the order's row first ([`lock_order`]) and then, if it takes credit, the
//! account's ([`lock_account`]): always in this order, so that two never wait for each other.

mod accounts;
mod reservations;
mod tombstones;

pub(crate) use accounts::{account, change_terms, lock_account, open_account};
pub(crate) use reservations::{
    ReservationFilter, close, confirm, delete, find_reservation, insert, list, live_of, reservation,
};
pub(crate) use tombstones::{bury, forget_order, lock_order};

use chassis_store::DatabaseError;
use std::fmt::Display;
use std::str::FromStr;

fn parse<T: FromStr<Err: Display>>(text: &str) -> Result<T, DatabaseError> {
    text.parse().map_err(DatabaseError::bad_row)
}
