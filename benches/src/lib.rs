//! The ways to a voucher that are compared with the product's: see [`designs`].

pub mod designs;
pub mod poller;
pub mod statistics;
pub mod work;
