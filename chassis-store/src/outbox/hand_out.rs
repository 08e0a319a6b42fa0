//! Handing events out: a long poll that a commit wakes.

use super::{
    MAX_EVENTS, MAX_LEASE, MAX_TYPES, MAX_WAIT, Outbox, QUARANTINE_AFTER, horizon, millis,
};
use crate::database::{Backend, Database, DatabaseError, Tx, now_ms};
use sqlx::Row;
use sqlx::any::AnyRow;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// How long a waiting claim sleeps at most: another replica's commit wakes nobody here.
const RECHECK: Duration = Duration::from_secs(1);
/// How long it sleeps at least after it found nothing although something is due, which then is somebody else's turn.
const BREATH: Duration = Duration::from_millis(100);
/// After how many unacknowledged ends an event is handed out alone. Two in SQL too: a partial index serves no parameter.
const ALONE_AFTER: i64 = 2;
/// The pause after an unacknowledged end while alone: whoever died of it needs about as long to come back.
const ALONE_PAUSE: Duration = Duration::from_secs(2);

/// What is picked is picked once: PostgreSQL runs a plain subquery again, finds other rows unlocked, and exceeds the limit.
macro_rules! lease_sql {
    ($locking:literal) => {
        concat!(
            "with picked as materialized (
                 select event_id
                 from outbox_events
                 where state = 'waiting'
                   and lease_id is null
                   and event_type in ($1, $2, $3, $4, $5, $6, $7, $8)
                   and (due_at <= $9 or due_at > $10)
                   and lost_count >= $11
                 order by due_at, event_id
                 limit $12",
            $locking,
            ")
             update outbox_events
             set lease_id = $13,
                 lease_owner = $14,
                 leased_by = $15,
                 is_leased_alone = $16,
                 hand_outs = hand_outs + 1,
                 due_at = $17
             where event_id in (select event_id from picked)
               and lease_id is null
             returning event_id, event_type, subject, occurred_at"
        )
    };
}

/// Asks for events.
#[derive(Debug, Clone)]
pub struct Claim {
    /// A name that is unique per live claimer and stable over its restart.
    pub owner: String,
    /// The types to hand out, at most [`MAX_TYPES`]; others stay where they are.
    pub types: Vec<String>,
    /// At most so many, at most [`MAX_EVENTS`].
    pub limit: usize,
    /// For how long they are kept from others, at most [`MAX_LEASE`].
    pub lease: Duration,
    /// How long to wait for the first one, at most [`MAX_WAIT`].
    pub wait: Duration,
    /// The owner has just started: what it held before is free.
    pub is_first_since_start: bool,
}

/// An event under a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedEvent {
    /// Names the event for ever.
    pub event_id: String,
    /// Names this hand-out of it.
    pub lease_id: String,
    /// What happened.
    pub event_type: String,
    /// The business id that it happened to.
    pub subject: String,
    /// When, epoch milliseconds.
    pub occurred_at_ms: i64,
    /// For how long it has been waiting, milliseconds.
    pub age_ms: i64,
}

impl Outbox {
    /// Hands out events, oldest first; waits for one up to `claim.wait`. Larger wishes than the limits are cut.
    ///
    /// When this future is dropped (its caller hung up), what it was about to answer is free at once.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn claim(&self, claim: Claim) -> Result<Vec<ClaimedEvent>, DatabaseError> {
        let deadline = Instant::now() + claim.wait.min(MAX_WAIT);
        let types = padded(&claim.types);
        let mut is_first = claim.is_first_since_start;
        loop {
            // Before the query: a commit between the query and the wait must not be missed.
            let committed = self.database.committed();
            let next =
                next_due(&self.database, &types).await?.map_or(RECHECK, Duration::from_millis);
            if is_first || next.is_zero() {
                let events = self.hand_out(&claim, &types, is_first).await?;
                if !events.is_empty() {
                    return Ok(events);
                }
                is_first = false;
            }
            let wake = deadline.min(Instant::now() + next.clamp(BREATH, RECHECK));
            if Instant::now() >= deadline || self.stopping.is_cancelled() {
                return Ok(Vec::new());
            }
            tokio::select! {
                () = committed => {}
                () = tokio::time::sleep_until(wake) => {}
                () = self.stopping.cancelled() => {}
            }
        }
    }

    async fn hand_out(
        &self,
        claim: &Claim,
        types: &[String; MAX_TYPES],
        is_first: bool,
    ) -> Result<Vec<ClaimedEvent>, DatabaseError> {
        let order = Order {
            owner: claim.owner.clone(),
            types: types.clone(),
            limit: i64::try_from(claim.limit.clamp(1, MAX_EVENTS)).unwrap_or(1),
            lease_ms: millis(claim.lease.min(MAX_LEASE)),
            is_first,
            process: self.process.to_string(),
            database: self.database.clone(),
        };
        let handed =
            self.database.write_quietly(order, |tx, order| Box::pin(order.fill(tx))).await?;
        Ok(handed.keep())
    }
}

/// Always so many placeholders, so that the SQL text is one: types repeat.
fn padded(types: &[String]) -> [String; MAX_TYPES] {
    let mut given = types.iter().take(MAX_TYPES).cycle();
    std::array::from_fn(|_| given.next().cloned().unwrap_or_default())
}

/// In how many milliseconds something of these types is due; 0 also for what a clock set back has put too far ahead.
async fn next_due(
    database: &Database,
    types: &[String; MAX_TYPES],
) -> Result<Option<u64>, DatabaseError> {
    let query = sqlx::query(
        "select (select due_at
                 from outbox_events
                 where state = 'waiting'
                   and event_type in ($1, $2, $3, $4, $5, $6, $7, $8)
                 order by due_at
                 limit 1),
                (select due_at
                 from outbox_events
                 where state = 'waiting'
                   and event_type in ($1, $2, $3, $4, $5, $6, $7, $8)
                 order by due_at desc
                 limit 1)",
    );
    let query = types.iter().fold(query, sqlx::query::Query::bind);
    let row = query.fetch_one(database.reader()).await?;
    let now = now_ms();
    let (earliest, latest): (Option<i64>, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
    let is_set_back = latest.is_some_and(|latest| latest > horizon(now));
    let wait_ms = earliest.map(|due| if is_set_back { 0 } else { due.saturating_sub(now).max(0) });
    Ok(wait_ms.and_then(|ms| u64::try_from(ms).ok()))
}

/// Events that were handed out but have not reached their caller yet: dropped on the way, they are free again.
struct HandedOut {
    events: Vec<ClaimedEvent>,
    lease_id: String,
    database: Database,
}

impl HandedOut {
    fn keep(mut self) -> Vec<ClaimedEvent> {
        std::mem::take(&mut self.events)
    }
}

impl Drop for HandedOut {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if !self.events.is_empty() {
            let (database, lease_id) = (self.database.clone(), std::mem::take(&mut self.lease_id));
            runtime.spawn(async move {
                // Should this fail, the lease ends by itself.
                let _ =
                    database.write_relaxed(lease_id, |tx, id| Box::pin(give_back(tx, id))).await;
            });
        }
    }
}

async fn give_back(tx: &mut Tx, lease_id: &String) -> Result<(), DatabaseError> {
    sqlx::query(
        "update outbox_events
         set lease_id = null,
             lease_owner = null,
             is_leased_alone = 0,
             hand_outs = hand_outs - 1,
             due_at = case when occurred_at < $2 then occurred_at else $2 end
         where lease_id = $1",
    )
    .bind(lease_id)
    .bind(now_ms())
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// One claim inside its transaction.
struct Order {
    owner: String,
    types: [String; MAX_TYPES],
    limit: i64,
    lease_ms: i64,
    is_first: bool,
    process: String,
    database: Database,
}

impl Order {
    async fn fill(&self, tx: &mut Tx) -> Result<HandedOut, DatabaseError> {
        let now = now_ms();
        // Of this attempt: what an attempt that was not committed gives back is not the next one's.
        let lease_id = format!("lse_{}", Uuid::now_v7());
        self.end_leases(tx, now).await?;
        let events = match self.turn(tx, now).await? {
            Turn::Nothing => Vec::new(),
            Turn::Alone => self.lease(tx, &lease_id, now, Alone::Yes).await?,
            Turn::Oldest => self.lease(tx, &lease_id, now, Alone::No).await?,
        };
        Ok(HandedOut { events, lease_id, database: self.database.clone() })
    }

    /// Frees what is no longer leased, and counts what ended unacknowledged under this process.
    async fn end_leases(&self, tx: &mut Tx, now: i64) -> Result<(), DatabaseError> {
        sqlx::query(
            "update outbox_events
             set lease_id = null,
                 lease_owner = null,
                 is_leased_alone = 0,
                 lost_count = lost_count + (case when leased_by = $4 then 1 else 0 end),
                 lost_alone_count = lost_alone_count
                     + (case when leased_by = $4 then is_leased_alone else 0 end),
                 due_at = case
                     when leased_by = $4 and is_leased_alone = 1 then $1 + $6
                     when occurred_at < $1 then occurred_at
                     else $1
                 end,
                 last_failure = case
                     when leased_by = $4 and is_leased_alone = 1
                     then 'was handed out alone and never acknowledged'
                     else last_failure
                 end,
                 state = case
                     when leased_by = $4 and is_leased_alone = 1 and lost_alone_count + 1 >= $7
                     then 'quarantined'
                     else 'waiting'
                 end
             where state = 'waiting'
               and lease_id is not null
               and (due_at <= $1 or due_at > $2 or (lease_owner = $3 and $5 = 1))",
        )
        .bind(now)
        .bind(horizon(now))
        .bind(&self.owner)
        .bind(&self.process)
        .bind(i64::from(self.is_first))
        .bind(millis(ALONE_PAUSE))
        .bind(QUARANTINE_AFTER)
        .execute(&mut *tx)
        .await?;
        Ok(())
    }

    /// Whose turn it is. Alone means: the owner holds nothing else meanwhile, before it or beside it, so that the end of
    /// a lease says something about this one event.
    async fn turn(&self, tx: &mut Tx, now: i64) -> Result<Turn, DatabaseError> {
        let query = sqlx::query(
            "select (select count(*)
                     from outbox_events
                     where state = 'waiting'
                       and lost_count >= 2
                       and lease_id is null
                       and event_type in ($1, $2, $3, $4, $5, $6, $7, $8)
                       and (due_at <= $9 or due_at > $10)),
                    count(*),
                    coalesce(max(is_leased_alone), 0)
             from outbox_events
             where lease_owner = $11
               and lease_id is not null
               and state = 'waiting'",
        );
        let query = self.types.iter().fold(query, sqlx::query::Query::bind);
        let row = query.bind(now).bind(horizon(now)).bind(&self.owner).fetch_one(&mut *tx).await?;
        let (suspects, held): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        let holds_one_alone = row.try_get::<i64, _>(2)? == 1;
        Ok(match suspects {
            _ if holds_one_alone => Turn::Nothing,
            0 => Turn::Oldest,
            _ if held > 0 => Turn::Nothing,
            _ => Turn::Alone,
        })
    }

    async fn lease(
        &self,
        tx: &mut Tx,
        lease_id: &str,
        now: i64,
        alone: Alone,
    ) -> Result<Vec<ClaimedEvent>, DatabaseError> {
        let (lost_at_least, limit, is_alone) = match alone {
            Alone::Yes => (ALONE_AFTER, 1, 1_i64),
            Alone::No => (0, self.limit, 0),
        };
        // PostgreSQL: two claims at once take different events instead of waiting for each other.
        let text = match self.database.backend() {
            Backend::Sqlite => lease_sql!(""),
            Backend::Postgres => lease_sql!(" for update skip locked"),
        };
        let query = self.types.iter().fold(sqlx::query(text), sqlx::query::Query::bind);
        let rows = query
            .bind(now)
            .bind(horizon(now))
            .bind(lost_at_least)
            .bind(limit)
            .bind(lease_id)
            .bind(&self.owner)
            .bind(&self.process)
            .bind(is_alone)
            .bind(now.saturating_add(self.lease_ms))
            .fetch_all(&mut *tx)
            .await?;
        read(rows, lease_id, now)
    }
}

/// Oldest first: the rows of RETURNING come in no order.
fn read(rows: Vec<AnyRow>, lease_id: &str, now: i64) -> Result<Vec<ClaimedEvent>, DatabaseError> {
    let event_of = |row: AnyRow| {
        let occurred_at_ms: i64 = row.try_get("occurred_at")?;
        Ok(ClaimedEvent {
            event_id: row.try_get("event_id")?,
            lease_id: lease_id.to_owned(),
            event_type: row.try_get("event_type")?,
            subject: row.try_get("subject")?,
            occurred_at_ms,
            age_ms: now.saturating_sub(occurred_at_ms).max(0),
        })
    };
    let mut events = rows.into_iter().map(event_of).collect::<Result<Vec<_>, sqlx::Error>>()?;
    events.sort_by(|a, b| (a.occurred_at_ms, &a.event_id).cmp(&(b.occurred_at_ms, &b.event_id)));
    Ok(events)
}

enum Turn {
    Nothing,
    Alone,
    Oldest,
}

enum Alone {
    Yes,
    No,
}
