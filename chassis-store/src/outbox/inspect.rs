//! For operators: list, release, prune, measure.

use super::{Outbox, horizon};
use crate::database::{DatabaseError, Tx, now_ms};
use metrics::gauge;
use sqlx::Row;
use sqlx::any::AnyRow;
use std::time::Duration;
use tracing::{info, warn};

/// How many settled events one transaction deletes: it holds up every other write.
const PRUNE_BATCH: i64 = 500;
/// How often settled events are looked through.
const PRUNE_EVERY: Duration = Duration::from_secs(600);
const DAY_MS: i64 = 86_400_000;

macro_rules! list_where {
    ($stored_state:literal) => {
        concat!(
            "select *
             from outbox_events
             where ",
            $stored_state,
            "
               and (cast($1 as text) is null
                    or $1 = case when state <> 'waiting' then state
                                 when due_at <= $2 or due_at > $3 then 'waiting'
                                 when lease_id is not null then 'leased'
                                 else 'postponed'
                            end)
               and (occurred_at, event_id) > ($4, $5)
             order by occurred_at, event_id
             limit $6"
        )
    };
}

/// Where an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventState {
    /// To be handed out now.
    Waiting,
    /// Handed out.
    Leased,
    /// To be handed out when it is due.
    Postponed,
    /// Done.
    Settled,
    /// Failed too often; waits for [`release`].
    Quarantined,
}

impl EventState {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Waiting, Self::Leased, Self::Postponed, Self::Settled, Self::Quarantined];

    /// As it is written: `waiting`, `leased`, `postponed`, `settled`, `quarantined`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Leased => "leased",
            Self::Postponed => "postponed",
            Self::Settled => "settled",
            Self::Quarantined => "quarantined",
        }
    }
}

/// Which events to list, oldest first.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Only those in this state.
    pub state: Option<EventState>,
    /// Only those behind this place: when an event occurred, and its id.
    pub after: Option<(i64, String)>,
    /// At most so many.
    pub limit: u32,
}

/// An event with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// Names the event for ever.
    pub event_id: String,
    /// What happened.
    pub event_type: String,
    /// The business id that it happened to.
    pub subject: String,
    /// Where it stands.
    pub state: EventState,
    /// When it happened, epoch milliseconds.
    pub occurred_at_ms: i64,
    /// When it may be handed out (again), epoch milliseconds; of no meaning once settled or quarantined.
    pub due_at_ms: i64,
    /// Who holds it.
    pub lease_owner: Option<String>,
    /// How often it was handed out.
    pub hand_outs: i64,
    /// How often it was called poison.
    pub poison_count: i64,
    /// How many leases ended without an acknowledgement since the last one.
    pub lost_count: i64,
    /// The last failure that counted.
    pub last_failure: Option<String>,
    /// When it was settled, epoch milliseconds.
    pub settled_at_ms: Option<i64>,
}

impl Outbox {
    /// Lists events by (occurred, id).
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self, filter: &EventFilter) -> Result<Vec<EventRow>, DatabaseError> {
        // The stored state as a literal: a partial index serves no parameter.
        let text = match filter.state {
            None => list_where!("1 = 1"),
            Some(EventState::Waiting | EventState::Leased | EventState::Postponed) => {
                list_where!("state = 'waiting'")
            }
            Some(EventState::Settled) => list_where!("state = 'settled'"),
            Some(EventState::Quarantined) => list_where!("state = 'quarantined'"),
        };
        let now = now_ms();
        let (occurred_at_ms, event_id) = filter.after.clone().unwrap_or((i64::MIN, String::new()));
        let rows = sqlx::query(text)
            .bind(filter.state.map(EventState::name))
            .bind(now)
            .bind(horizon(now))
            .bind(occurred_at_ms)
            .bind(event_id)
            .bind(i64::from(filter.limit))
            .fetch_all(self.database.reader())
            .await?;
        rows.iter().map(row_to_event).collect()
    }

    /// Deletes events that were settled more than `days` ago. Answers how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune(&self, days: u32) -> Result<u64, DatabaseError> {
        let before = now_ms().saturating_sub(i64::from(days).saturating_mul(DAY_MS));
        let mut pruned = 0;
        loop {
            let batch = self
                .database
                .write_quietly(before, |tx, before| Box::pin(prune_batch(tx, *before)))
                .await?;
            pruned += batch;
            if batch < PRUNE_BATCH.unsigned_abs() {
                return Ok(pruned);
            }
        }
    }

    /// Prunes from time to time until [`Outbox::stop_waiting`]. Spawn it.
    pub async fn keep_pruned(self, days: u32) {
        let pruning = async {
            loop {
                match self.prune(days).await {
                    Ok(0) => {}
                    Ok(pruned) => info!(pruned, "pruned {pruned} settled events"),
                    Err(error) => warn!(%error, "could not prune settled events"),
                }
                tokio::time::sleep(PRUNE_EVERY).await;
            }
        };
        self.stopping.run_until_cancelled(pruning).await;
    }

    /// Sets the gauges `outbox_oldest_event_age_seconds` and `outbox_events`. Give it to `App::on_scrape`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn measure(&self) -> Result<(), DatabaseError> {
        let now = now_ms();
        let row = sqlx::query(
            "select min(occurred_at),
                    count(*),
                    cast(coalesce(sum(case when lease_id is not null and due_at > $1 then 1 else 0 end), 0) as bigint)
             from outbox_events
             where state = 'waiting'",
        )
        .bind(now)
        .fetch_one(self.database.reader())
        .await?;
        let quarantined =
            sqlx::query("select count(*) from outbox_events where state = 'quarantined'")
                .fetch_one(self.database.reader())
                .await?;
        let (oldest, waiting, leased): (Option<i64>, i64, i64) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let age_ms = oldest.map_or(0, |oldest| now.saturating_sub(oldest).max(0));
        gauge!("outbox_oldest_event_age_seconds").set(number(age_ms) / 1000.0);
        gauge!("outbox_events", "state" => "waiting").set(number(waiting - leased));
        gauge!("outbox_events", "state" => "leased").set(number(leased));
        gauge!("outbox_events", "state" => "quarantined").set(number(quarantined.try_get(0)?));
        Ok(())
    }
}

/// Metrics are floats; 2^32 of anything here is beyond telling apart.
fn number(count: i64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// What releasing an event came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Released {
    /// It was in quarantine and is not any more.
    Now(EventRow),
    /// It was not in quarantine and stays as it is.
    Unchanged(EventRow),
    /// There is no such event.
    Unknown,
}

/// Lets a quarantined event be handed out now, with a clean record; in the transaction that also notes who did it.
///
/// # Errors
/// When a statement fails.
pub async fn release(tx: &mut Tx, event_id: &str) -> Result<Released, DatabaseError> {
    let changed = sqlx::query(
        "update outbox_events
         set state = 'waiting',
             due_at = $2,
             poison_count = 0,
             lost_count = 0,
             lost_alone_count = 0,
             lease_id = null,
             lease_owner = null,
             is_leased_alone = 0
         where event_id = $1
           and state = 'quarantined'",
    )
    .bind(event_id)
    .bind(now_ms())
    .execute(&mut *tx)
    .await?;
    let row = sqlx::query("select * from outbox_events where event_id = $1")
        .bind(event_id)
        .fetch_optional(&mut *tx)
        .await?;
    let Some(row) = row else { return Ok(Released::Unknown) };
    let event = row_to_event(&row)?;
    Ok(if changed.rows_affected() == 1 { Released::Now(event) } else { Released::Unchanged(event) })
}

/// What settling an event by hand came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettledByHand {
    /// It is settled now, and never handed out again.
    Now(EventRow),
    /// It was settled before.
    Before(EventRow),
    /// There is no such event.
    Unknown,
}

/// Settles an event that nobody will ever settle otherwise; in the transaction that also notes who did it.
///
/// # Errors
/// When a statement fails.
pub async fn settle_by_hand(tx: &mut Tx, event_id: &str) -> Result<SettledByHand, DatabaseError> {
    let is_changed = super::acknowledge::settle(tx, event_id, now_ms()).await? == 1;
    let row = sqlx::query("select * from outbox_events where event_id = $1")
        .bind(event_id)
        .fetch_optional(&mut *tx)
        .await?;
    let Some(row) = row else { return Ok(SettledByHand::Unknown) };
    let event = row_to_event(&row)?;
    Ok(if is_changed { SettledByHand::Now(event) } else { SettledByHand::Before(event) })
}

async fn prune_batch(tx: &mut Tx, before: i64) -> Result<u64, DatabaseError> {
    let result = sqlx::query(
        "delete from outbox_events
         where event_id in (
             select event_id
             from outbox_events
             where state = 'settled'
               and settled_at < $1
             limit $2)",
    )
    .bind(before)
    .bind(PRUNE_BATCH)
    .execute(&mut *tx)
    .await?;
    Ok(result.rows_affected())
}

fn row_to_event(row: &AnyRow) -> Result<EventRow, DatabaseError> {
    let lease_owner: Option<String> = row.try_get("lease_owner")?;
    let due_at_ms: i64 = row.try_get("due_at")?;
    let now = now_ms();
    let is_due = due_at_ms <= now || due_at_ms > horizon(now);
    let state = match row.try_get::<String, _>("state")?.as_str() {
        "settled" => EventState::Settled,
        "quarantined" => EventState::Quarantined,
        _ if is_due => EventState::Waiting,
        _ if lease_owner.is_some() => EventState::Leased,
        _ => EventState::Postponed,
    };
    Ok(EventRow {
        event_id: row.try_get("event_id")?,
        event_type: row.try_get("event_type")?,
        subject: row.try_get("subject")?,
        state,
        occurred_at_ms: row.try_get("occurred_at")?,
        due_at_ms,
        lease_owner,
        hand_outs: row.try_get("hand_outs")?,
        poison_count: row.try_get("poison_count")?,
        lost_count: row.try_get("lost_count")?,
        last_failure: row.try_get("last_failure")?,
        settled_at_ms: row.try_get("settled_at")?,
    })
}
