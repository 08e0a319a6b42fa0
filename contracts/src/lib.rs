//! What crosses a process boundary: ids, money, messages and refusals. No behaviour, no Temporal, no HTTP, no SQL.
//!
//! Types here are append-only. A new field is optional with a default, nothing is renamed or removed, and unknown
//! fields are ignored: a service may be newer than the worker that reads its answer, and a recorded history may be
//! older than both. Golden payloads in the tests of each file fail the build otherwise.

pub mod books;
pub mod cases;
pub mod credit;
pub mod ids;
pub mod money;
pub mod orders;
pub mod outbox;
pub mod placement;
pub mod reason;
pub mod reply;
pub mod vouchers;

pub use ids::{CustomerId, OrderId, ParseIdError, VoucherId};
pub use money::{Currency, Money, MoneyError};
pub use reason::{NotAReason, Reason};
pub use reply::Reply;
