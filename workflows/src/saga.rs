//! Remembers how to undo what a process may have done, and undoes all of it.
//!
//! Promises:
//! - An undo is registered *before* its step: a step that was not answered may have happened, or happen later.
//! - Undos start in reverse order. One that is not done within [`UNDO_PATIENCE`] keeps being tried while the next one
//!   starts: a service that is down keeps nobody else's credit, room or money.
//! - Every undo that is registered runs, whether its step succeeded, was refused or was never asked: an attempt of an
//!   execution that was lost may still be on its way (`models/README.md`, finding 2).
//! - All of them are done when [`Saga::unwind`] returns; none is swallowed.
//!
//! An undo is a step of `steps`, detached from the run's cancellation and without limit of attempts. What must not be
//! undone any more is for the process to find out before it unwinds.

use futures::FutureExt;
use futures::future::{LocalBoxFuture, MaybeDone, maybe_done};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;
use temporalio_workflow::{
    ActivityExecutionError, CancellableFuture, TimerOptions, WorkflowCancellationToken,
    WorkflowContext, select,
};

/// How long an undo is waited for before the next one starts beside it. Two normal attempts fit.
pub const UNDO_PATIENCE: Duration = Duration::from_secs(10);

/// An undo under way.
type Undoing = LocalBoxFuture<'static, Result<(), ActivityExecutionError>>;

/// The undos of one run, oldest first.
#[derive(Default)]
pub struct Saga {
    undos: Vec<Box<dyn FnOnce() -> Undoing>>,
}

impl Saga {
    /// Nothing to undo yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers an undo. Call it before the step that it takes back.
    pub fn will_undo<F>(&mut self, undo: impl FnOnce() -> F + 'static)
    where
        F: Future<Output = Result<(), ActivityExecutionError>> + 'static,
    {
        self.undos.push(Box::new(move || undo().boxed_local()));
    }

    /// Undoes everything, the newest first, and returns when all of it is done.
    ///
    /// # Errors
    /// The first undo that an operator failed by hand, or whose answer could not be decoded; the others are done.
    pub async fn unwind<W>(
        mut self,
        ctx: &WorkflowContext<W>,
    ) -> Result<(), ActivityExecutionError> {
        let mut under_way: Vec<Pin<Box<MaybeDone<Undoing>>>> = Vec::new();
        while let Some(undo) = self.undos.pop() {
            under_way.push(Box::pin(maybe_done(undo())));
            if self.undos.is_empty() {
                break;
            }
            let patience = TimerOptions::builder(UNDO_PATIENCE)
                .cancellation_token(WorkflowCancellationToken::new())
                .summary("how long one undo keeps the next waiting".to_owned())
                .build();
            let mut patience = pin!(ctx.timer(patience));
            select! {
                () = poll_fn(|cx| newest_is_done(&mut under_way, cx)).fuse() => patience.cancel(),
                _ = patience => {}
            }
        }
        poll_fn(|cx| all_are_done(&mut under_way, cx)).await;
        let answers = under_way.iter_mut().filter_map(|undoing| undoing.as_mut().take_output());
        answers.collect()
    }
}

/// Goes on with every undo, so that none waits for another.
fn all_are_done(under_way: &mut [Pin<Box<MaybeDone<Undoing>>>], cx: &mut Context<'_>) -> Poll<()> {
    let mut are_done = true;
    for undoing in under_way {
        are_done &= undoing.as_mut().poll(cx).is_ready();
    }
    if are_done { Poll::Ready(()) } else { Poll::Pending }
}

fn newest_is_done(
    under_way: &mut [Pin<Box<MaybeDone<Undoing>>>],
    cx: &mut Context<'_>,
) -> Poll<()> {
    let mut newest = Poll::Ready(());
    for undoing in under_way {
        newest = undoing.as_mut().poll(cx);
    }
    newest
}
