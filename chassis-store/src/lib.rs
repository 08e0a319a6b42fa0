//! The part of the plumbing that needs SQL. It knows no word of the business.
//!
//! - [`database`]: one SQL text on SQLite and PostgreSQL, writes that survive a caller who hangs up
//! - [`outbox`]: events written in the transaction that changes the state, handed out under leases
//! - [`idempotency`]: `Idempotency-Key`, and telling a repeat from a new request

pub mod database;
pub mod idempotency;
pub mod outbox;

pub use database::{Database, DatabaseError, Migrations, Tx, Work, now_ms};
