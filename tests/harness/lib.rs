//! What the tests of the whole system stand on: a world of real processes, the commands of operators, and faults.
#![expect(clippy::expect_used, reason = "a test fails by panicking, here as in the test itself")]
#![expect(
    clippy::indexing_slicing,
    reason = "a JSON field that is not there reads as null, and the comparison fails"
)]

mod books;
pub mod cluster;
pub mod compose;
pub mod customer;
mod dump;
mod foreign_run;
pub mod metrics;
pub mod postgres;
pub mod programs;
pub mod proxy;
pub mod stack;
pub mod temporal_cli;
pub mod wait;
pub mod world;

pub use books::Yesterday;
pub use customer::{Customer, Told};
pub use dump::dump;
pub use temporal_cli::{Ending, TemporalCli};
pub use wait::{eventually, eventually_within, stays};
pub use world::{Order, Outcome, World, http_client};
