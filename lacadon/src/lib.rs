//! The command that people type. One file per verb: `dev`, `demo`, `import`, `order`, `explain`, `voucher`, `credit`,
//! `customer`, `outbox`, `stuck`, `reconcile`, `doctor`, `replay`, `crash`,
//! `load`.
//!
//! [`system`] knows the processes of the system and keeps them running; the tests stand on it too.

pub mod api;
pub mod crash;
pub mod credit;
pub mod customer;
pub mod demo;
pub mod dev;
pub mod doctor;
pub mod exit;
pub mod explain;
mod front_door;
pub mod guard;
mod http;
pub mod import;
pub mod ledger;
pub mod load;
pub mod machine;
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
