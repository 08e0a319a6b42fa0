//! How our processes reach others: a service by one HTTP [`call`], the [`temporal`] server, and with which [`back_off`]
//! they try again.
//!
//! Shared by whoever calls services (`activities`, `worker`, `gateway`); it knows no process and no capability.

pub mod back_off;
pub mod call;
pub mod temporal;
