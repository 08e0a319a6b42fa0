//! The command that people type: `dev`, `demo`, `import`, `order`, `voucher`, `credit`, `customer`, `outbox`, `stuck`,
//! `doctor`, `replay`. One file per verb.
//!
//! [`system`] knows the processes of the system and keeps them running; the tests stand on it too.

pub mod api;
pub mod credit;
pub mod customer;
pub mod demo;
pub mod dev;
pub mod doctor;
pub mod exit;
pub mod explain;
pub mod guard;
mod http;
pub mod import;
pub mod ledger;
pub mod order;
pub mod out;
pub mod outbox;
pub mod placement_verdict;
pub mod reconcile;
pub mod replay;
mod signals;
pub mod stuck;
pub mod system;
pub mod target;
pub mod temporal;
pub mod verdict;
pub mod voucher;
