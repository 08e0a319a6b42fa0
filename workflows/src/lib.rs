//! The business processes of Lacadon. Pure: no input or output, no clock, no randomness, no threads.
//!
//! | process | file | says |
//! |---|---|---|
//! | `GrantVoucher` | [`grant_voucher`] | a sent order over the limit earns its customer exactly one voucher |
//! | `PlaceOrder` | [`place_order`] | an order is approved and its credit reserved, or neither |
//! | `Reconcile` | [`reconcile`] | what the books say that must not be is mended, or told to a person |
//! | `ReleaseCredit` | [`release_credit`] | an order that was sent or cancelled holds no credit any more |
//!
//! What the processes share: their [`steps`] with time-outs and retries, the [`saga`] that takes back what was done, the [`failure`] kinds that need a person,
//! [`arg`] so that bad input never wedges a run, [`run_id`] so that none runs under another's id, [`owed`] for what no cancellation may stop, and the
//! [`search_attributes`] that people find runs by.

use std::time::Duration;

pub mod arg;
pub mod failure;
pub mod grant_voucher;
pub mod owed;
pub mod place_order;
pub mod reconcile;
pub mod release_credit;
pub mod run_id;
pub mod saga;
pub mod search_attributes;
pub mod steps;

/// The one task queue: every worker can run every process and every activity.
pub const TASK_QUEUE: &str = "lacadon";

/// How long Temporal waits for a workflow task's answer, whoever starts the run. It is also how long a task that was
/// handed out eagerly, and lost with its worker, lies there.
pub const TASK_LIMIT: Duration = Duration::from_secs(3);
