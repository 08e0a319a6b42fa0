//! The business processes of Lacadon. Pure: no input or output, no clock, no randomness, no threads.
//!
//! | process | file | says |
//! |---|---|---|
//! | `GrantVoucher` | [`grant_voucher`] | a sent order over the limit earns its customer exactly one voucher |
//!
//! What the processes share: their [`steps`] with time-outs and retries, the [`failure`] kinds that need a person,
//! [`arg`] so that bad input never wedges a run, [`owed`] for what no cancellation may stop, and the
//! [`search_attributes`] that people find runs by.

pub mod arg;
pub mod failure;
pub mod grant_voucher;
pub mod owed;
pub mod search_attributes;
pub mod steps;

/// The one task queue: every worker can run every process and every activity.
pub const TASK_QUEUE: &str = "lacadon";
