//! What became of events that were handed out.

use super::{MAX_POSTPONE, Outbox, QUARANTINE_AFTER, back_off_ms, millis};
use crate::database::{DatabaseError, Tx, now_ms};
use metrics::counter;
use sqlx::Row;
use std::time::Duration;

/// The longest reason that is kept, characters.
const REASON_LIMIT: usize = 500;

/// What became of events.
#[derive(Debug, Clone, Default)]
pub struct Ack {
    /// Done, or safely on their way.
    pub settled: Vec<Leased>,
    /// Not yet; not counted against them.
    pub postponed: Vec<Postponed>,
    /// At fault themselves; counted.
    pub poison: Vec<Poison>,
}

/// A hand-out of an event.
#[derive(Debug, Clone)]
pub struct Leased {
    /// The event.
    pub event_id: String,
    /// The hand-out.
    pub lease_id: String,
}

/// An event to hand out again later.
#[derive(Debug, Clone)]
pub struct Postponed {
    /// The event.
    pub event_id: String,
    /// The hand-out.
    pub lease_id: String,
    /// After how long, at most [`MAX_POSTPONE`].
    pub pause: Duration,
}

/// An event that cannot be handled.
#[derive(Debug, Clone)]
pub struct Poison {
    /// The event.
    pub event_id: String,
    /// The hand-out.
    pub lease_id: String,
    /// Why, for people.
    pub reason: String,
}

/// What was written of an [`Ack`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Acked {
    /// Events now settled that were not before.
    pub settled: u64,
    /// Events postponed.
    pub postponed: u64,
    /// Events counted as poison.
    pub poison: u64,
}

impl Outbox {
    /// Records what became of events. Repeating it changes nothing.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn ack(&self, ack: Ack) -> Result<Acked, DatabaseError> {
        let acked = self.database.write_relaxed(ack, |tx, ack| Box::pin(record(tx, ack))).await?;
        counter!("outbox_settled_total").increment(acked.settled);
        counter!("outbox_postponed_total").increment(acked.postponed);
        counter!("outbox_poison_total").increment(acked.poison);
        Ok(acked)
    }
}

async fn record(tx: &mut Tx, ack: &Ack) -> Result<Acked, DatabaseError> {
    let now = now_ms();
    let mut acked = Acked::default();
    // In the order of their ids, so that two acknowledgements never wait for each other.
    for leased in in_order(&ack.settled, |leased| &leased.event_id) {
        acked.settled += settle(tx, &leased.event_id, now).await?;
    }
    for postponed in in_order(&ack.postponed, |postponed| &postponed.event_id) {
        acked.postponed += postpone(tx, postponed, now).await?;
    }
    for poison in in_order(&ack.poison, |poison| &poison.event_id) {
        acked.poison += count_poison(tx, poison, now).await?;
    }
    Ok(acked)
}

fn in_order<T>(items: &[T], id: impl Fn(&T) -> &String) -> Vec<&T> {
    let mut items: Vec<&T> = items.iter().collect();
    items.sort_by(|a, b| id(a).cmp(id(b)));
    items
}

/// True whoever says it, also late and of an event in quarantine.
pub(super) async fn settle(tx: &mut Tx, event_id: &str, now: i64) -> Result<u64, DatabaseError> {
    let result = sqlx::query(
        "update outbox_events
         set state = 'settled',
             settled_at = $2,
             lease_id = null,
             lease_owner = null,
             is_leased_alone = 0
         where event_id = $1
           and state <> 'settled'",
    )
    .bind(event_id)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    Ok(result.rows_affected())
}

/// An answer shows that the event harms nobody: what was lost before is forgotten.
async fn postpone(tx: &mut Tx, postponed: &Postponed, now: i64) -> Result<u64, DatabaseError> {
    let result = sqlx::query(
        "update outbox_events
         set due_at = $3 + $4,
             lost_count = 0,
             lost_alone_count = 0,
             lease_id = null,
             lease_owner = null,
             is_leased_alone = 0
         where event_id = $1
           and lease_id = $2
           and state = 'waiting'
           and due_at > $3
           and due_at <= $5",
    )
    .bind(&postponed.event_id)
    .bind(&postponed.lease_id)
    .bind(now)
    .bind(millis(postponed.pause.min(MAX_POSTPONE)))
    .bind(now.saturating_add(millis(super::MAX_LEASE)))
    .execute(&mut *tx)
    .await?;
    Ok(result.rows_affected())
}

async fn count_poison(tx: &mut Tx, poison: &Poison, now: i64) -> Result<u64, DatabaseError> {
    let reason: String = poison.reason.chars().take(REASON_LIMIT).collect();
    let counted = sqlx::query(
        "update outbox_events
         set poison_count = poison_count + 1,
             last_failure = $5,
             lost_count = 0,
             lost_alone_count = 0,
             lease_id = null,
             lease_owner = null,
             is_leased_alone = 0
         where event_id = $1
           and lease_id = $2
           and state = 'waiting'
           and due_at > $3
           and due_at <= $4
         returning poison_count",
    )
    .bind(&poison.event_id)
    .bind(&poison.lease_id)
    .bind(now)
    .bind(now.saturating_add(millis(super::MAX_LEASE)))
    .bind(reason)
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = counted else { return Ok(0) };
    let failures: i64 = row.try_get(0)?;
    sqlx::query(
        "update outbox_events
         set due_at = $2,
             state = case when poison_count >= $3 then 'quarantined' else 'waiting' end
         where event_id = $1",
    )
    .bind(&poison.event_id)
    .bind(now.saturating_add(back_off_ms(failures)))
    .bind(QUARANTINE_AFTER)
    .execute(&mut *tx)
    .await?;
    Ok(1)
}
