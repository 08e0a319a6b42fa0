//! One SQL text on SQLite and PostgreSQL, reads from a pool, writes as closures that run inside a transaction.
//!
//! SQL rules that both accept: `$1` placeholders; columns only TEXT, BIGINT, DOUBLE PRECISION and BYTEA/BLOB (booleans
//! are 0/1, times are epoch milliseconds, ids are text); `cast(sum(x) as bigint)`; `insert … on conflict do nothing` and
//! the count of rows instead of catching a unique violation, because PostgreSQL abandons a transaction in which any
//! statement failed; every state change conditional, its count of rows looked at.

mod error;
mod write;

pub use error::DatabaseError;

use crash_points::Step;
use sqlx::AnyPool;
use sqlx::any::AnyPoolOptions;
use sqlx::migrate::Migrator;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tracing::{info, warn};
use write::{Durability, Writer};

/// A connection inside a transaction: `.execute(&mut *tx)`.
pub type Tx = sqlx::AnyConnection;
/// What a write's closure returns: `Box::pin(async move { … })`.
pub type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, DatabaseError>> + Send + 'a>>;

/// How long to wait for a free connection: shorter than a request may take, so that the caller hears why.
const ACQUIRE_TIME_LIMIT: Duration = Duration::from_secs(5);
/// How long closing may take.
const CLOSE_TIME_LIMIT: Duration = Duration::from_secs(5);
/// SQLite reads in the pool's threads; more than the machine has cores gains nothing.
const SQLITE_READERS: u32 = 4;
/// PostgreSQL's default maximum is 100 connections for everybody.
const POSTGRES_CONNECTIONS: u32 = 16;

/// `full` is what durable means: a commit survives a power cut.
const SQLITE_WRITER: &str = "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; \
    pragma busy_timeout = 5000; pragma journal_size_limit = 67108864;";
const SQLITE_READER: &str =
    "pragma query_only = on; pragma foreign_keys = on; pragma busy_timeout = 5000;";
/// Every wait ends, also those inside the server.
const POSTGRES_SESSION: &str = "set statement_timeout = '8s'; set lock_timeout = '5s'; \
    set idle_in_transaction_session_timeout = '15s';";

/// Which database is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A file of this process.
    Sqlite,
    /// A server.
    Postgres,
}

/// A service's migrations, one list per backend with the same numbers. Embed them with `sqlx::migrate!`.
#[derive(Debug)]
pub struct Migrations {
    /// `migrations/sqlite`.
    pub sqlite: Migrator,
    /// `migrations/postgres`.
    pub postgres: Migrator,
}

/// A service's own database. Clones share it.
#[derive(Clone)]
pub struct Database {
    backend: Backend,
    reader: AnyPool,
    writer: Writer,
    committed: Arc<Notify>,
}

impl Database {
    /// Connects, creates the file if it is one, and brings the schema up to date.
    ///
    /// `url` is `sqlite:///absolute/path.sqlite` or `postgres://…`.
    ///
    /// # Errors
    /// When the URL is neither, the database cannot be reached or a migration fails.
    pub async fn connect(url: &str, migrations: &Migrations) -> Result<Self, DatabaseError> {
        sqlx::any::install_default_drivers();
        if url.starts_with("sqlite://") && url != "sqlite://:memory:" {
            Self::connect_sqlite(url, &migrations.sqlite).await
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Self::connect_postgres(url, &migrations.postgres).await
        } else {
            Err(DatabaseError::UnknownUrl)
        }
    }

    async fn connect_sqlite(url: &str, migrations: &Migrator) -> Result<Self, DatabaseError> {
        let creating = if url.contains('?') { url.to_owned() } else { format!("{url}?mode=rwc") };
        // One connection, never checked, idled out or aged: it is the only writer for the life of the process.
        let writing = session(AnyPoolOptions::new(), SQLITE_WRITER)
            .max_connections(1)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect(&creating)
            .await?;
        migrations.run(&writing).await?;
        let reader = session(AnyPoolOptions::new(), SQLITE_READER)
            .max_connections(SQLITE_READERS)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect(&creating)
            .await?;
        let committed = Arc::new(Notify::new());
        let writer = Writer::grouping(writing, committed.clone());
        Ok(Self { backend: Backend::Sqlite, reader, writer, committed })
    }

    async fn connect_postgres(url: &str, migrations: &Migrator) -> Result<Self, DatabaseError> {
        let pool = session(AnyPoolOptions::new(), POSTGRES_SESSION)
            .max_connections(POSTGRES_CONNECTIONS)
            .test_before_acquire(true)
            .connect(url)
            .await?;
        migrations.run(&pool).await?;
        let committed = Arc::new(Notify::new());
        let writer = Writer::one_by_one(pool.clone(), committed.clone());
        Ok(Self { backend: Backend::Postgres, reader: pool, writer, committed })
    }

    /// Which database is behind.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// For reads outside a transaction: `.fetch_all(database.reader())`. On SQLite it refuses writes.
    #[must_use]
    pub fn reader(&self) -> &AnyPool {
        &self.reader
    }

    /// Runs `work` in a transaction and answers when that is durable. `Err` undoes it.
    ///
    /// ```text
    /// database.write(order, |tx, order| Box::pin(async move { insert(tx, order).await })).await?
    /// ```
    ///
    /// `work` may run more than once (PostgreSQL aborts one of two transactions that wait for each other) and shares its
    /// transaction with others on SQLite, so it does nothing but SQL. Once begun it ends, also when the caller hangs up:
    /// a caller that was not answered must ask again, and find what it did.
    ///
    /// # Errors
    /// What `work` returned, or why it could not be committed.
    pub async fn write<I, T, F>(&self, input: I, work: F) -> Result<T, DatabaseError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Tx, &'a I) -> Work<'a, T> + Send + Sync + 'static,
    {
        self.writer.write(Durability::Full, input, work).await
    }

    /// For [`Write::write`]: the write is this step, and the process can be made to die beside it.
    #[must_use]
    pub fn at(&self, step: &'static Step) -> Write<'_> {
        Write { database: self, step }
    }

    /// As [`Database::write`], for what may be lost in a power cut because it will be repeated: survives kill -9.
    ///
    /// # Errors
    /// What `work` returned, or why it could not be committed.
    pub async fn write_relaxed<I, T, F>(&self, input: I, work: F) -> Result<T, DatabaseError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Tx, &'a I) -> Work<'a, T> + Send + Sync + 'static,
    {
        self.writer.write(Durability::Relaxed, input, work).await
    }

    /// As [`Database::write_relaxed`], without waking those who wait for a commit.
    pub(crate) async fn write_quietly<I, T, F>(&self, input: I, work: F) -> Result<T, DatabaseError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Tx, &'a I) -> Work<'a, T> + Send + Sync + 'static,
    {
        self.writer.write(Durability::Quiet, input, work).await
    }

    /// Ends at the next commit of this process after this call. Call it *before* the query that may find nothing.
    pub fn committed(&self) -> Notified<'_> {
        self.committed.notified()
    }

    /// Whether reads and writes are answered, for `/readyz`.
    pub async fn is_ready(&self) -> bool {
        let read = sqlx::query("select 1").execute(&self.reader).await.map_err(DatabaseError::from);
        let answered = match read {
            Ok(_) => self.write_quietly((), |tx, ()| Box::pin(select_one(tx))).await,
            Err(error) => Err(error),
        };
        answered.inspect_err(|error| warn!(%error, "the database does not answer: {error}")).is_ok()
    }

    /// Finishes the writes that were asked for, empties the write-ahead log into the file, closes.
    pub async fn close(&self) {
        let closing = async {
            self.writer.close().await;
            self.reader.close().await;
        };
        match tokio::time::timeout(CLOSE_TIME_LIMIT, closing).await {
            Ok(()) => info!("closed the database"),
            Err(_) => warn!("the database did not close in time; nothing committed is lost"),
        }
    }
}

/// A write with a name, beside which the crash lab can end the process.
pub struct Write<'a> {
    database: &'a Database,
    step: &'static Step,
}

impl Write<'_> {
    /// As [`Database::write`].
    ///
    /// # Errors
    /// As there.
    pub async fn write<I, T, F>(self, input: I, work: F) -> Result<T, DatabaseError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Tx, &'a I) -> Work<'a, T> + Send + Sync + 'static,
    {
        let step = self.step;
        let written = self.database.write(input, move |tx, input| {
            let work = work(tx, input);
            Box::pin(async move {
                let written = work.await?;
                // As late as it gets: nothing but the commit is missing.
                step.before();
                Ok(written)
            })
        });
        let written = written.await?;
        step.after(|| DatabaseError::Closed)?;
        Ok(written)
    }
}

async fn select_one(tx: &mut Tx) -> Result<(), DatabaseError> {
    sqlx::query("select 1").execute(&mut *tx).await?;
    Ok(())
}

fn session(options: AnyPoolOptions, settings: &'static str) -> AnyPoolOptions {
    options.acquire_timeout(ACQUIRE_TIME_LIMIT).after_connect(move |connection, _| {
        Box::pin(async move { sqlx::raw_sql(settings).execute(connection).await.map(|_| ()) })
    })
}

/// Milliseconds since 1970 by the wall clock, which may be wrong: nothing may rest on it alone.
#[must_use]
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
