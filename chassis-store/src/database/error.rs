//! What can go wrong with a database, and what a caller is told of it.

use chassis::problem::Problem;
use sqlx::error::ErrorKind;
use std::sync::Arc;

/// Why a read or write gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The URL is not one of the two kinds.
    #[error("the database URL is neither sqlite:///absolute/path.sqlite nor postgres://…")]
    UnknownUrl,
    /// The schema could not be brought up to date.
    #[error("cannot migrate the database: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A statement failed.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    /// The transaction was not committed, or nobody can tell whether it was.
    #[error("the transaction was not committed: {0}")]
    NotCommitted(Arc<sqlx::Error>),
    /// Too many writes are waiting.
    #[error("too many writes are waiting")]
    Busy,
    /// The database is closed: the process is stopping.
    #[error("the database is closed")]
    Closed,
    /// A write took too long and was undone.
    #[error("a write took too long and was undone")]
    TooSlow,
    /// A write panicked and was undone.
    #[error("a write panicked and was undone")]
    Panicked,
    /// A row holds what it cannot hold: somebody else wrote it, or an older version of us.
    #[error("a row cannot be understood: {0}")]
    BadRow(String),
}

impl DatabaseError {
    /// A row that does not parse.
    pub fn bad_row(cause: impl std::fmt::Display) -> Self {
        Self::BadRow(cause.to_string())
    }

    /// Whether a unique key stood in the way. On PostgreSQL the transaction is lost with it: prefer `on conflict`.
    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        let sql = self.sql().and_then(sqlx::Error::as_database_error);
        sql.is_some_and(|error| error.kind() == ErrorKind::UniqueViolation)
    }

    /// Whether the same transaction may simply be run again.
    pub(super) fn is_conflict(&self) -> bool {
        self.sql().is_some_and(is_conflict)
    }

    fn is_outage(&self) -> bool {
        match self {
            Self::UnknownUrl | Self::Migration(_) | Self::Panicked | Self::BadRow(_) => false,
            Self::Sql(error) => is_outage(error),
            Self::NotCommitted(error) => is_outage(error),
            Self::Busy | Self::Closed | Self::TooSlow => true,
        }
    }

    fn sql(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Sql(error) => Some(error),
            Self::NotCommitted(error) => Some(error),
            Self::UnknownUrl
            | Self::Migration(_)
            | Self::Busy
            | Self::Closed
            | Self::TooSlow
            | Self::Panicked
            | Self::BadRow(_) => None,
        }
    }
}

impl From<DatabaseError> for Problem {
    /// 503 for what passes, 500 for what does not. Logs the cause, which the caller does not see.
    fn from(error: DatabaseError) -> Self {
        if !error.is_outage() {
            return Self::internal(&error);
        }
        tracing::error!(%error, "the database is not available: {error}");
        let detail = "the database is not available just now; ask again, it is safe to repeat";
        Self::unavailable("database_unavailable", detail, 1)
    }
}

/// PostgreSQL aborts one of two transactions that would wait for each other or contradict each other.
pub(super) fn is_conflict(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code == "40001" || code == "40P01")
}

fn is_outage(error: &sqlx::Error) -> bool {
    let Some(database) = error.as_database_error() else {
        return matches!(
            error,
            sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
        );
    };
    let code = database.code().unwrap_or_default();
    if code.len() == 5 {
        // SQLSTATE classes: connection, rolled back by the server, resources, locks, operator, system, read-only.
        let classes = ["08", "25", "40", "53", "55", "57", "58"];
        return classes.iter().any(|class| code.starts_with(class));
    }
    // SQLite's primary codes: busy, locked, read-only, input/output, full, cannot open.
    matches!(code.parse::<u32>().map(|code| code & 0xff), Ok(5 | 6 | 8 | 10 | 13 | 14))
}
