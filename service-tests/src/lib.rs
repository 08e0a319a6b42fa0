//! What the tests of every service stand on: its databases, the service at work, its program, callers, and what holds for all.
//!
//! It knows no service and no business word. Services name it among their dev-dependencies, and nobody else does.
#![expect(clippy::expect_used, reason = "a test fails by panicking, here as in the test itself")]
#![expect(
    clippy::indexing_slicing,
    reason = "a JSON field that is not there reads as null, and the comparison fails"
)]
#![expect(clippy::print_stdout, reason = "a test says what it did not run")]

mod answer;
mod caller;
pub mod databases;
pub mod openapi;
mod program;
mod service;
mod who_may;
mod world;

pub use answer::{Answer, answer};
pub use caller::{Caller, install_tls, secret_of};
pub use program::{Process, Program};
pub use service::{PATIENCE, Served, Service};
pub use who_may::WhoMay;
