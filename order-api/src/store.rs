//! The SQL of this service: one text for SQLite and PostgreSQL, bound parameters only.
//!
//! Every function works in a transaction that its caller holds, so that what belongs together is committed together.

pub mod audit_trail;
pub mod derivation_keys;
pub mod notices;
pub mod orders;
pub mod pending_orders;
pub mod tombstones;
