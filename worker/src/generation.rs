//! One SDK worker, from its start to its end: a connection of its own, a thread of its own.
//!
//! The thread, because the SDK's `run` cannot move between threads. The connection, because a second worker on the
//! same task queue is refused otherwise, and two overlap while one replaces the other. Starts through the
//! generation's own client are *eager*: Temporal answers with the first task, and this very worker runs it.

use crate::limits::STICKY_LIMIT;
use anyhow::Context as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use temporalio_client::{Client, Connection};
use temporalio_sdk::interceptors::{
    ActivityInboundInterceptor, ExecuteActivityInput, ExecuteActivityOutput, Next,
};
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};

/// An SDK worker at work.
pub struct Generation {
    /// Connected as this worker; starts through it are eager.
    pub client: Client,
    /// How Temporal shows this generation among the pollers.
    pub identity: String,
    count: Arc<Count>,
    stop: Box<dyn Fn() + Send + Sync>,
    /// Until it was heard.
    ended: Option<oneshot::Receiver<Result<(), String>>>,
}

/// How many activities a generation has run; the SDK keeps some bytes of each for its life.
struct Count {
    activities: AtomicU64,
    recycle_after: u64,
    is_full: Notify,
}

impl Generation {
    /// Makes the worker and lets it poll.
    ///
    /// # Errors
    /// When the SDK refuses the options, or no thread can be had.
    pub fn start(
        runtime: &Runtime,
        client: Client,
        identity: String,
        options: WorkerOptions,
        recycle_after: u64,
    ) -> anyhow::Result<Self> {
        let count = Arc::new(Count {
            activities: AtomicU64::new(0),
            recycle_after,
            is_full: Notify::new(),
        });
        let options = polling(options, count.clone());
        let mut worker = Worker::new(runtime, client.clone(), options)?;
        let stop = Box::new(worker.shutdown_handle());
        let connection = client.connection().clone();
        let (ending, ended) = oneshot::channel();
        let tokio = Handle::current();
        std::thread::Builder::new()
            .name("sdk-worker".to_owned())
            .spawn(move || {
                let end = tokio.block_on(worker.run()).map_err(|error| format!("{error:#}"));
                free(worker, &connection, &tokio);
                let _ = ending.send(end);
            })
            .context("a thread for the SDK's worker")?;
        Ok(Self { client, identity, count, stop, ended: Some(ended) })
    }

    /// Waits until it has run so many activities that it should be replaced.
    pub fn is_full(&self) -> impl Future<Output = ()> + use<> {
        let count = self.count.clone();
        async move {
            while count.activities.load(Ordering::Relaxed) < count.recycle_after {
                count.is_full.notified().await;
            }
        }
    }

    /// Waits until it ends; an error says why it ended without being asked.
    ///
    /// # Errors
    /// When the SDK gave up: the server refused it at its start, or something in it broke.
    pub async fn ended(&mut self) -> Result<(), String> {
        let Some(ended) = &mut self.ended else { return Ok(()) };
        let end = ended.await.unwrap_or_else(|_| Err("its thread panicked".to_owned()));
        self.ended = None;
        end
    }

    /// Stops polling and waits until what it has is done and recorded. The caller sets the limit.
    ///
    /// # Errors
    /// As [`Self::ended`].
    pub async fn finish(mut self) -> Result<u64, String> {
        (self.stop)();
        self.ended().await?;
        Ok(self.count.activities.load(Ordering::Relaxed))
    }
}

/// Who works now.
#[derive(Clone)]
pub struct Current {
    /// Starts through it are eager.
    pub client: Client,
    /// How Temporal shows it among the pollers.
    pub identity: String,
}

impl From<&Generation> for Current {
    fn from(generation: &Generation) -> Self {
        Self { client: generation.client.clone(), identity: generation.identity.clone() }
    }
}

/// What the worker kept of each activity goes with it. The connection's list of workers must forget it first, which
/// the SDK leaves undone: list, worker and connection would hold each other for ever.
fn free(worker: Worker, connection: &Connection, tokio: &Handle) {
    let (workers, key) = (connection.workers(), worker.worker_instance_key());
    // A worker that ended by itself would still be offered eager tasks. Errors say that it was forgotten already.
    let _ = workers.unregister_slot_provider(key);
    let _ = workers.finalize_unregister(key);
    let _inside = tokio.enter();
    drop(worker);
}

/// Pollers are left to the server, which scales them; slots to the SDK's hundred of each kind: starts in flight are
/// sixteen. Running activities are never cancelled at the stop, they end within their own deadlines.
fn polling(mut options: WorkerOptions, count: Arc<Count>) -> WorkerOptions {
    options.sticky_queue_schedule_to_start_timeout = STICKY_LIMIT;
    options.activity_inbound_interceptor(CountActivities(count));
    options
}

struct CountActivities(Arc<Count>);

impl ActivityInboundInterceptor for CountActivities {
    fn execute_activity<'a>(
        &'a self,
        input: ExecuteActivityInput,
        next: Next<'a, ExecuteActivityInput, ExecuteActivityOutput<'a>>,
    ) -> ExecuteActivityOutput<'a> {
        let count = &self.0;
        if count.activities.fetch_add(1, Ordering::Relaxed).saturating_add(1) == count.recycle_after
        {
            count.is_full.notify_one();
        }
        next.run(input)
    }
}
