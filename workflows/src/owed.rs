//! What is owed is completed, whoever asks to cancel.
//!
//! A process that owes something and has nothing to undo notes a cancel request and goes on. Its steps must run on a
//! token of their own (`steps` sees to it), because every operation otherwise inherits the cancellation of its run.

use futures::FutureExt;
use std::future::Future;
use std::pin::pin;
use temporalio_workflow::{WorkflowContext, select};

/// Does `work` to its end; when a cancel request arrives meanwhile, `note` is told once.
pub async fn complete<W, T>(
    ctx: &WorkflowContext<W>,
    work: impl Future<Output = T>,
    note: impl FnOnce(&WorkflowContext<W>),
) -> T {
    let mut work = pin!(work.fuse());
    let mut cancelled = pin!(ctx.cancelled());
    select! {
        // First, so that work that looks for a cancel request sees one that came together with its own answer.
        _ = cancelled => note(ctx),
        done = work => return done,
    }
    work.await
}
