//! Models of the protocols that nobody can test by waiting for the right crash: every interleaving is walked.
//!
//! The code is proved right by running it; these models prove the *protocol* right, and show for each guard what
//! would happen without it. They depend on none of the crates that implement them. How to read a counterexample, and
//! what is left out on purpose, says the README beside this folder.

pub mod check;
pub mod placement;
pub mod voucher;

pub use check::{Counterexample, Holds, Protocol, check};
