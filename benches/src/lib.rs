//! The ways to a voucher that are compared with the product's: see [`designs`]. What the product reaches by itself:
//! [`limits`].

pub mod ageing;
pub mod audit;
pub mod designs;
pub mod limits;
pub mod poller;
pub mod process;
pub mod statistics;
pub mod work;
