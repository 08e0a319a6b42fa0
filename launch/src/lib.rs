//! What `cargo demo|dev|lacadon` run first: it compiles in seconds, speaks at once, builds everything else with
//! visible progress and hands over.
//!
//! As a library it answers the same two questions for the tests: where are the programs ([`build::binaries`]), and
//! which Temporal server may be started ([`temporal::locate`]).

pub mod build;
pub mod progress;
pub mod temporal;
