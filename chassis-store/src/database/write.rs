//! Writes belong to tasks that no caller can drop, so that commit, notification and answer stay together.
//!
//! SQLite has one writer at a time whatever one does: one task owns its only write connection and puts the requests that
//! wait into one transaction, so that many share the price of one fsync. Where one fails, what the group wrote is undone,
//! and the others run again, a savepoint each: one that fails harms no other, and the many that do not need no savepoint.
//! PostgreSQL commits side by side: a task and a transaction each.

use super::error::{DatabaseError, is_conflict};
use super::{ACQUIRE_TIME_LIMIT, Tx, Work};
use metrics::histogram;
use sqlx::AnyPool;
use sqlx::Connection;
use std::future::poll_fn;
use std::io::ErrorKind::TimedOut;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

/// The most requests that share a transaction: enough to hide an fsync of some milliseconds.
const BATCH_LIMIT: usize = 256;
/// The most requests that wait for the writer; more wait outside, and give up in time.
const QUEUE_LIMIT: usize = 1024;
/// How long one write may take: it holds up every other.
const WORK_TIME_LIMIT: Duration = Duration::from_secs(5);
/// How long a whole transaction may take on PostgreSQL, once it has a connection. The server's own limits do not help when
/// the server, or the way to it, vanishes without a word.
const ATTEMPT_TIME_LIMIT: Duration = Duration::from_secs(9);
/// How often a transaction is run that the database aborted for another's sake.
const CONFLICT_ATTEMPTS: u32 = 5;
/// The first pause between two of them; doubles.
const CONFLICT_PAUSE: Duration = Duration::from_millis(5);

/// What a commit promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// Survives a power cut.
    Full,
    /// Survives kill -9.
    Relaxed,
    /// As relaxed, and nobody waits for it.
    Quiet,
}

#[derive(Clone)]
pub(super) struct Writer {
    way: Way,
    closing: CancellationToken,
    tasks: TaskTracker,
}

#[derive(Clone)]
enum Way {
    Grouped(mpsc::Sender<Box<dyn Job>>, AnyPool),
    OneByOne(AnyPool, Arc<Notify>),
}

impl Writer {
    pub(super) fn grouping(pool: AnyPool, committed: Arc<Notify>) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE_LIMIT);
        let (closing, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(write_grouped(pool.clone(), queue, committed, closing.clone()));
        Self { way: Way::Grouped(jobs, pool), closing, tasks }
    }

    pub(super) fn one_by_one(pool: AnyPool, committed: Arc<Notify>) -> Self {
        let way = Way::OneByOne(pool, committed);
        Self { way, closing: CancellationToken::new(), tasks: TaskTracker::new() }
    }

    pub(super) async fn write<I, T, F>(
        &self,
        durability: Durability,
        input: I,
        work: F,
    ) -> Result<T, DatabaseError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Tx, &'a I) -> Work<'a, T> + Send + Sync + 'static,
    {
        if self.closing.is_cancelled() {
            return Err(DatabaseError::Closed);
        }
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Request { durability, input, work, outcome: None, reply });
        match &self.way {
            Way::Grouped(jobs, _) => {
                jobs.send_timeout(job, ACQUIRE_TIME_LIMIT).await.map_err(|e| match e {
                    mpsc::error::SendTimeoutError::Timeout(_) => DatabaseError::Busy,
                    mpsc::error::SendTimeoutError::Closed(_) => DatabaseError::Closed,
                })?;
            }
            Way::OneByOne(pool, committed) => {
                self.tasks.spawn(write_alone(pool.clone(), job, committed.clone()));
            }
        }
        answer.await.unwrap_or(Err(DatabaseError::Closed))
    }

    pub(super) async fn close(&self) {
        self.closing.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        if let Way::Grouped(_, pool) = &self.way {
            if let Err(error) = sqlx::raw_sql("pragma wal_checkpoint(truncate)").execute(pool).await
            {
                warn!(%error, "could not empty the write-ahead log; it will be read at the next start");
            }
            pool.close().await;
        }
    }
}

/// A write that waits, its types forgotten.
trait Job: Send {
    fn durability(&self) -> Durability;
    /// Nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// It ran, and what it wrote is undone.
    fn has_failed(&self) -> bool;
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> Pin<Box<dyn Future<Output = Ran> + Send + 'a>>;
    fn answer(self: Box<Self>, committed: Result<(), Arc<sqlx::Error>>);
}

/// What to do with what a job wrote.
enum Ran {
    Keep,
    Undo,
    /// Undo it and run it again: the database aborted it for another's sake.
    Repeat,
}

struct Request<I, T, F> {
    durability: Durability,
    input: I,
    work: F,
    outcome: Option<Result<T, DatabaseError>>,
    reply: oneshot::Sender<Result<T, DatabaseError>>,
}

impl<I, T, F> Job for Request<I, T, F>
where
    I: Send + Sync + 'static,
    T: Send + 'static,
    F: for<'a> Fn(&'a mut Tx, &'a I) -> Work<'a, T> + Send + Sync + 'static,
{
    fn durability(&self) -> Durability {
        self.durability
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn has_failed(&self) -> bool {
        matches!(self.outcome, Some(Err(_)))
    }

    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> Pin<Box<dyn Future<Output = Ran> + Send + 'a>> {
        Box::pin(async move {
            let limited =
                tokio::time::timeout(WORK_TIME_LIMIT, guarded(&self.work, tx, &self.input));
            let outcome = limited.await.unwrap_or(Err(DatabaseError::TooSlow));
            let ran = match &outcome {
                Ok(_) => Ran::Keep,
                Err(error) if error.is_conflict() => Ran::Repeat,
                Err(_) => Ran::Undo,
            };
            self.outcome = Some(outcome);
            ran
        })
    }

    fn answer(self: Box<Self>, committed: Result<(), Arc<sqlx::Error>>) {
        let answer = match (self.outcome, committed) {
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (Some(Ok(_)), Err(cause)) | (None, Err(cause)) => {
                Err(DatabaseError::NotCommitted(cause))
            }
            (None, Ok(())) => Err(DatabaseError::Closed),
        };
        // A caller that hung up finds what it did when it asks again.
        let _ = self.reply.send(answer);
    }
}

/// A panic in one request's work must not take the writer with it.
async fn guarded<I, T, F>(work: &F, tx: &mut Tx, input: &I) -> Result<T, DatabaseError>
where
    F: for<'a> Fn(&'a mut Tx, &'a I) -> Work<'a, T>,
{
    let mut work = work(tx, input);
    poll_fn(move |context| {
        catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)))
            .unwrap_or(Poll::Ready(Err(DatabaseError::Panicked)))
    })
    .await
}

async fn write_grouped(
    pool: AnyPool,
    mut queue: mpsc::Receiver<Box<dyn Job>>,
    committed: Arc<Notify>,
    closing: CancellationToken,
) {
    let mut batch = Vec::with_capacity(BATCH_LIMIT);
    loop {
        let received = closing.run_until_cancelled(queue.recv_many(&mut batch, BATCH_LIMIT)).await;
        if received.is_none() {
            // What was accepted is still written; nothing more is accepted.
            queue.close();
            queue.recv_many(&mut batch, BATCH_LIMIT).await;
        }
        if batch.is_empty() {
            return;
        }
        batch.retain(|job| !job.is_abandoned());
        if batch.is_empty() {
            continue;
        }
        let outcome = commit_group(&pool, &mut batch).await.map_err(Arc::new);
        if batch.iter().any(|job| job.durability() != Durability::Quiet) {
            committed.notify_waiters();
        }
        for job in batch.drain(..) {
            job.answer(outcome.clone());
        }
    }
}

async fn commit_group(pool: &AnyPool, batch: &mut [Box<dyn Job>]) -> Result<(), sqlx::Error> {
    let started = Instant::now();
    let mut connection = pool.acquire().await?;
    let outcome = commit_group_on(&mut connection, batch).await;
    if outcome.is_err() {
        // A full disk ends SQLite's transaction behind our back: this connection would refuse to begin another.
        connection.close_on_drop();
    }
    measure(batch.len(), started);
    outcome
}

async fn commit_group_on(
    connection: &mut Tx,
    batch: &mut [Box<dyn Job>],
) -> Result<(), sqlx::Error> {
    let is_relaxed = batch.iter().all(|job| job.durability() != Durability::Full);
    let synchronous =
        if is_relaxed { "pragma synchronous = normal" } else { "pragma synchronous = full" };
    sqlx::raw_sql(synchronous).execute(&mut *connection).await?;
    let mut group = connection.begin_with("begin immediate").await?;
    if run_together(&mut group, batch).await {
        return group.commit().await;
    }
    group.rollback().await?;
    let mut group = connection.begin_with("begin immediate").await?;
    run_apart(&mut group, batch).await?;
    group.commit().await
}

/// Whether all can be kept; ends at the first that cannot.
async fn run_together(group: &mut Tx, batch: &mut [Box<dyn Job>]) -> bool {
    for job in batch {
        match job.run(group).await {
            Ran::Keep => {}
            Ran::Undo | Ran::Repeat => return false,
        }
    }
    true
}

/// Without what failed before, which may have taken all the time that a write may take.
async fn run_apart(group: &mut Tx, batch: &mut [Box<dyn Job>]) -> Result<(), sqlx::Error> {
    for job in batch.iter_mut().filter(|job| !job.has_failed()) {
        let mut savepoint = group.begin().await?;
        match job.run(&mut savepoint).await {
            Ran::Keep => savepoint.commit().await?,
            Ran::Undo | Ran::Repeat => savepoint.rollback().await?,
        }
    }
    Ok(())
}

async fn write_alone(pool: AnyPool, mut job: Box<dyn Job>, committed: Arc<Notify>) {
    let outcome = commit_alone(&pool, &mut *job).await.map_err(Arc::new);
    if job.durability() != Durability::Quiet {
        committed.notify_waiters();
    }
    job.answer(outcome);
}

async fn commit_alone(pool: &AnyPool, job: &mut dyn Job) -> Result<(), sqlx::Error> {
    let mut pause = CONFLICT_PAUSE;
    let mut attempt = 1;
    loop {
        match try_once(pool, job).await {
            Ok(Ran::Keep | Ran::Undo) => return Ok(()),
            Ok(Ran::Repeat) if attempt == CONFLICT_ATTEMPTS => return Ok(()),
            Err(error) if attempt == CONFLICT_ATTEMPTS || !is_conflict(&error) => {
                return Err(error);
            }
            Ok(Ran::Repeat) | Err(_) => {
                // The losers must not meet again: an address is as good as a die.
                tokio::time::sleep(pause + CONFLICT_PAUSE.mul_f64(uuid_fraction())).await;
                pause *= 2;
                attempt += 1;
            }
        }
    }
}

async fn try_once(pool: &AnyPool, job: &mut dyn Job) -> Result<Ran, sqlx::Error> {
    let started = Instant::now();
    let mut connection = pool.acquire().await?;
    let limited = tokio::time::timeout(ATTEMPT_TIME_LIMIT, try_once_on(&mut connection, job));
    let outcome = limited.await.unwrap_or_else(|_| Err(sqlx::Error::Io(TimedOut.into())));
    if outcome.is_err() {
        connection.close_on_drop();
    }
    measure(1, started);
    outcome
}

async fn try_once_on(connection: &mut Tx, job: &mut dyn Job) -> Result<Ran, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    if job.durability() != Durability::Full {
        sqlx::raw_sql("set local synchronous_commit = off").execute(&mut *transaction).await?;
    }
    let ran = job.run(&mut transaction).await;
    match ran {
        Ran::Keep => transaction.commit().await?,
        Ran::Undo | Ran::Repeat => transaction.rollback().await?,
    }
    Ok(ran)
}

/// Between 0 and 1, at random.
fn uuid_fraction() -> f64 {
    let [byte, ..] = uuid::Uuid::new_v4().into_bytes();
    f64::from(byte) / 256.0
}

fn measure(batch_size: usize, started: Instant) {
    let size = u32::try_from(batch_size).unwrap_or(u32::MAX);
    histogram!("database_write_batch_size").record(f64::from(size));
    histogram!("database_write_seconds").record(started.elapsed().as_secs_f64());
}
