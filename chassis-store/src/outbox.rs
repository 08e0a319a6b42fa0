//! Events for other processes: written in the transaction that changes the state, handed out under leases, kept until
//! somebody says that they are settled.
//!
//! What it promises:
//! - An event is handed out to one owner at a time, and only while `now < end of lease <= now + 60 s`: a clock that was
//!   set back frees it. What is handed out to a caller who hangs up is free at once.
//! - `settled` counts whoever says it and whenever. `postponed` and `poison` count only under the current lease.
//! - Only what names the event counts against it. A lease that ended without an acknowledgement does not; after two such
//!   ends the event is handed out alone, to an owner that holds nothing else, and only ends while alone count, and only
//!   in the process of the service that handed it out: when everything restarted, nothing is counted.
//! - After five that count, the event is quarantined and never blocks the head of the queue.

mod acknowledge;
mod hand_out;
mod inspect;

pub use acknowledge::{Ack, Acked, Leased, Poison, Postponed};
pub use hand_out::{Claim, ClaimedEvent};
pub use inspect::{
    EventFilter, EventRow, EventState, Released, SettledByHand, release, settle_by_hand,
};

use crate::database::{Database, DatabaseError, Tx, now_ms};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The table. Copy it into a migration of the service; a test of the service can compare.
pub const SCHEMA: &str = include_str!("outbox/schema.sql");

/// The longest lease. Also how far ahead an event may be due: further means that the clock was set back.
pub const MAX_LEASE: Duration = Duration::from_secs(60);
/// The longest postponement.
pub const MAX_POSTPONE: Duration = MAX_LEASE;
/// The longest wait for an event. A route that claims needs a time limit above it.
pub const MAX_WAIT: Duration = Duration::from_secs(30);
/// The most events in one claim, and in one list of an acknowledgement.
pub const MAX_EVENTS: usize = 256;
/// The most event types in one claim.
pub const MAX_TYPES: usize = 8;
/// How many failures that count put an event into quarantine.
pub const QUARANTINE_AFTER: i64 = 5;

/// The outbox of one service. Clones share it.
#[derive(Clone)]
pub struct Outbox {
    database: Database,
    /// Names this process in the leases that it hands out.
    process: Arc<str>,
    stopping: CancellationToken,
}

impl Outbox {
    /// The outbox in `database`, whose migrations hold [`SCHEMA`].
    #[must_use]
    pub fn new(database: Database) -> Self {
        let process = Uuid::now_v7().to_string().into();
        Self { database, process, stopping: CancellationToken::new() }
    }

    /// Answers waiting claims at once, empty: the process is stopping. Give it to `App::on_stop`.
    pub fn stop_waiting(&self) {
        self.stopping.cancel();
    }
}

/// Writes an event in the transaction that makes it true. Answers its id.
///
/// # Errors
/// When the statement fails.
pub async fn append(tx: &mut Tx, event_type: &str, subject: &str) -> Result<String, DatabaseError> {
    let event_id = format!("evt_{}", Uuid::now_v7());
    sqlx::query(
        "insert into outbox_events (event_id, event_type, subject, occurred_at, due_at)
         values ($1, $2, $3, $4, $4)",
    )
    .bind(&event_id)
    .bind(event_type)
    .bind(subject)
    .bind(now_ms())
    .execute(&mut *tx)
    .await?;
    Ok(event_id)
}

/// Milliseconds of a limit, for a column.
fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The pause after so many failures: 1, 2, 4, 8 s.
fn back_off_ms(failures: i64) -> i64 {
    1000 << failures.saturating_sub(1).clamp(0, 3)
}

/// Nothing is due later than this: what seems to be was written by a clock that has been set back since.
fn horizon(now: i64) -> i64 {
    now.saturating_add(millis(MAX_LEASE))
}
