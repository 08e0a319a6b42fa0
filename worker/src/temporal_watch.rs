//! Whether Temporal is there, and whether it sees this worker polling. Asked every second, so that nobody else needs
//! to find out the hard way: while it is away nothing is claimed, and the worker is not ready.

use crate::generation::Current;
use crate::limits::{ASSERT_EVERY, LONG_AWAY, LOOK_EVERY, LOOK_LIMIT};
use crate::schedules::{self, Pace};
use crate::search_attributes;
use anyhow::Context as _;
use connections::back_off::BackOff;
use metrics::gauge;
use std::sync::Arc;
use std::time::Instant;
use temporalio_client::tonic::IntoRequest as _;
use temporalio_common::protos::temporal::api::enums::v1::TaskQueueType;
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeTaskQueueRequest;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use workflows::TASK_QUEUE;

/// What was seen last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Temporal answers, and knows our search attributes.
    pub is_there: bool,
    /// It sees this worker asking for work.
    pub is_polling: bool,
}

/// Says what was seen last, and hears what others saw.
#[derive(Clone)]
pub struct TemporalWatch {
    seen: Arc<watch::Sender<Seen>>,
    look_now: Arc<Notify>,
}

impl TemporalWatch {
    /// Nothing was seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            seen: Arc::new(watch::Sender::new(Seen::default())),
            look_now: Arc::new(Notify::new()),
        }
    }

    /// What was seen last.
    #[must_use]
    pub fn seen(&self) -> Seen {
        *self.seen.borrow()
    }

    /// Waits until Temporal is there.
    pub async fn wait_until_there(&self) {
        let mut seen = self.seen.subscribe();
        // The sender lives as long as `self`.
        let _ = seen.wait_for(|seen| seen.is_there).await;
    }

    /// Waits until Temporal has been away for longer than a moment, and is there again.
    ///
    /// The SDK's pollers wait up to ten seconds between their tries by then; whoever needs them sooner replaces them.
    pub async fn wait_until_back(&self) {
        let mut seen = self.seen.subscribe();
        loop {
            // The sender lives as long as `self`.
            let _ = seen.wait_for(|seen| !seen.is_there).await;
            let since = Instant::now();
            let _ = seen.wait_for(|seen| seen.is_there).await;
            if since.elapsed() >= LONG_AWAY {
                return;
            }
        }
    }

    /// Somebody found it away. It counts as away until the next look.
    pub fn found_away(&self) {
        if self.seen.send_if_modified(|seen| std::mem::take(&mut seen.is_there)) {
            self.look_now.notify_one();
        }
    }

    /// Looks until asked to stop.
    pub async fn run(self, current: watch::Receiver<Current>, pace: Pace, stop: CancellationToken) {
        stop.run_until_cancelled_owned(self.look_for_ever(current, pace)).await;
    }

    async fn look_for_ever(self, current: watch::Receiver<Current>, pace: Pace) {
        let mut back_off = BackOff::new();
        let mut asserted: Option<Instant> = None;
        loop {
            let was_there = self.seen().is_there;
            let now = current.borrow().clone();
            let is_due = !was_there || asserted.is_none_or(|at| at.elapsed() >= ASSERT_EVERY);
            let seen = look(&now, is_due).await;
            if let Ok(true) = seen.as_ref().map(|_| is_due) {
                asserted = Some(Instant::now());
                // Whoever has no right to make schedules works all the same: somebody else makes them.
                if let Err(error) = schedules::assert(&now.client, pace).await {
                    warn!("the books are looked at by nobody: {error:#}");
                }
            }
            let wait = if seen.is_ok() { LOOK_EVERY } else { back_off.wait() };
            if seen.is_ok() {
                back_off.reset();
            }
            self.note(was_there, seen);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                // Whoever found it away just failed: one short wait, then the cheap look.
                () = self.look_now.notified() => tokio::time::sleep(back_off.wait()).await,
            }
        }
    }

    fn note(&self, was_there: bool, seen: anyhow::Result<bool>) {
        match (&seen, was_there) {
            (Err(error), true) => {
                warn!("Temporal is away; nothing is claimed until it is back: {error:#}")
            }
            (Ok(_), false) => info!("Temporal is there"),
            (Ok(_), true) | (Err(_), false) => {}
        }
        let seen = match seen {
            Ok(is_polling) => Seen { is_there: true, is_polling },
            Err(_) => Seen::default(),
        };
        gauge!("worker_temporal_is_there").set(if seen.is_there { 1.0 } else { 0.0 });
        gauge!("worker_is_polling").set(if seen.is_polling { 1.0 } else { 0.0 });
        self.seen.send_replace(seen);
    }
}

impl Default for TemporalWatch {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether Temporal sees `current` polling; an error when it is not there.
async fn look(current: &Current, asserts: bool) -> anyhow::Result<bool> {
    let look = async {
        if asserts {
            search_attributes::assert(&current.client).await?;
        }
        sees_polling(current).await
    };
    tokio::time::timeout(LOOK_LIMIT, look).await.context("it does not answer in time")?
}

async fn sees_polling(current: &Current) -> anyhow::Result<bool> {
    let request = DescribeTaskQueueRequest {
        namespace: current.client.options().namespace.clone(),
        task_queue: Some(TaskQueue { name: TASK_QUEUE.to_owned(), ..TaskQueue::default() }),
        task_queue_type: TaskQueueType::Workflow.into(),
        ..DescribeTaskQueueRequest::default()
    };
    let mut request = request.into_request();
    request.set_timeout(LOOK_LIMIT);
    let answer = current.client.connection().workflow_service().describe_task_queue(request).await;
    let pollers = answer.context("its task queue cannot be described")?.into_inner().pollers;
    Ok(pollers.iter().any(|poller| poller.identity == current.identity))
}
