//! The books activities: the services' records held against each other, and what becomes of what is not as it should be.
//!
//! | file | says |
//! |---|---|
//! | [`chapters`] | which lists are gone through, and how far one look goes |
//! | [`rules`] | what must hold, record by record |
//! | [`again`] | the second look |
//! | [`remedy`] | what is started again, and what a person is told |
//! | [`runs`], [`records`], [`desk`] | Temporal, the services and the stuck desk, as the books read and tell them |
//!
//! All may run any number of times: a process that is started again is protected by its receiver's unique key, and a case
//! is named by its kind and subject for ever.

#![expect(missing_docs, reason = "the macro makes markers without docs; their methods have them")]

mod again;
mod chapters;
mod desk;
mod records;
mod remedy;
mod rules;
mod runs;

pub use records::Books;
pub use runs::{Owners, Start};

use crate::attempt::Attempt;
use anyhow::Context as _;
use connections::call::Service;
use contracts::books::{
    AttendTo, Attended, AttendedTo, ConcludeBooks, ConcludedBooks, LookAgain, LookAtBooks, Looked,
    Remedy, SeenAgain, Suspect,
};
use contracts::cases::CaseKind;
use jiff::Timestamp;
use metrics::{counter, gauge};
use records::EventRecord;
use remedy::Todo;
use rules::Patience;
use runs::Started;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use temporalio_client::Client;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tracing::{info, warn};

/// How long one attempt sees to violators, the call under way apart; it is cut off after ten seconds.
const ATTEND_TIME: Duration = Duration::from_secs(4);

/// What the books activities call.
#[derive(Debug)]
pub struct BooksActivities {
    /// The services, read with the auditor's key.
    pub books: Books,
    /// Keeps the cases; told with the worker's key.
    pub desk_api: Service,
    /// How processes are called and started.
    pub owners: Owners,
}

/// Everything that one attempt reads with.
struct Reader<'a> {
    books: &'a Books,
    attempt: &'a Attempt,
    client: Client,
    task_queue: String,
    owners: Owners,
}

#[activities]
impl BooksActivities {
    /// Reads as many pages as one look may take, and names what is not as it should be.
    #[activity(definition = capabilities::books::Look)]
    pub async fn look(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: LookAtBooks,
    ) -> Result<Looked, ActivityError> {
        let attempt = Attempt::of(&ctx);
        let reader = self.reader(&ctx, &attempt);
        // Retry: reading changes nothing.
        attempt.make(chapters::look(&reader, &input)).await
    }

    /// Looks at suspects once more.
    #[activity(definition = capabilities::books::LookAgain)]
    pub async fn look_again(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: LookAgain,
    ) -> Result<SeenAgain, ActivityError> {
        let attempt = Attempt::of(&ctx);
        let reader = self.reader(&ctx, &attempt);
        let again = again::look_again(&reader, input.suspects, input.failing_attempts);
        // Retry: reading changes nothing.
        Ok(SeenAgain { violators: attempt.make(again).await? })
    }

    /// Starts the process of each violator again, or tells a person of it.
    #[activity(definition = capabilities::books::Attend)]
    pub async fn attend(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: AttendTo,
    ) -> Result<AttendedTo, ActivityError> {
        let attempt = Attempt::of(&ctx);
        let reader = self.reader(&ctx, &attempt);
        // Retry: nothing was done yet.
        attempt.make(self.attend_to_all(&reader, input.violators)).await
    }

    /// Closes cases that are none any more, and measures.
    #[activity(definition = capabilities::books::Conclude)]
    pub async fn conclude(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: ConcludeBooks,
    ) -> Result<ConcludedBooks, ActivityError> {
        let attempt = Attempt::of(&ctx);
        let reader = self.reader(&ctx, &attempt);
        // Once, also while the desk is away.
        if attempt.number == 1 {
            measure(&input);
        }
        // Retry: a case is closed once, however often it is said.
        let resolving = self.resolve(&reader, input.failing_attempts);
        Ok(ConcludedBooks { resolved: attempt.make(resolving).await? })
    }
}

impl BooksActivities {
    fn reader<'a>(&'a self, ctx: &ActivityContext, attempt: &'a Attempt) -> Reader<'a> {
        Reader {
            books: &self.books,
            attempt,
            client: ctx.client(),
            task_queue: ctx.info().task_queue.clone(),
            owners: self.owners,
        }
    }

    /// Only reading the events may fail: a retry would start again what was started a moment ago.
    async fn attend_to_all(
        &self,
        reader: &Reader<'_>,
        violators: Vec<Suspect>,
    ) -> anyhow::Result<AttendedTo> {
        let events = self.books.unsettled_events(reader.attempt).await?;
        let mut attended = Vec::new();
        let began = Instant::now();
        for violator in violators {
            // Calls that hang would together take longer than one attempt may: what is left then the next run sees again.
            let remedy = if began.elapsed() >= ATTEND_TIME {
                Remedy::Left
            } else {
                self.attend_to(reader, &violator, &events).await.unwrap_or_else(|error| {
                    warn!("{} {} is left: {error:#}", violator.kind.as_str(), violator.subject);
                    Remedy::Left
                })
            };
            attended.push(Attended { violator, remedy });
        }
        Ok(AttendedTo { attended })
    }

    async fn attend_to(
        &self,
        reader: &Reader<'_>,
        violator: &Suspect,
        events: &[EventRecord],
    ) -> anyhow::Result<Remedy> {
        let mut told = violator.clone();
        if let Some((event_type, start)) = self.process_of(reader, violator).await? {
            let is_its = |event: &&EventRecord| {
                event.subject == violator.subject && event.event_type == event_type
            };
            let standing = runs::standing(&reader.client, &start.workflow_id).await?;
            let event = events.iter().find(is_its);
            match remedy::of(violator, event, &start.workflow_id, standing) {
                Todo::StartAgain { number } => return start_again(reader, &start, number).await,
                Todo::Tell(suspect) => told = suspect,
            }
        }
        Ok(desk::report(&self.desk_api, reader.attempt, &told).await?)
    }

    /// The event whose process owes what this violator lacks, and that process.
    async fn process_of(
        &self,
        reader: &Reader<'_>,
        violator: &Suspect,
    ) -> anyhow::Result<Option<(&'static str, Start)>> {
        // Vouchers, events and runs have no order as their subject, and nothing starts them again.
        let Ok(order_id) = violator.subject.parse() else { return Ok(None) };
        let order = self.books.order(reader.attempt, order_id).await?;
        let status = order.map(|order| order.facts.status);
        let Some(event_type) = remedy::owed_by(violator.kind, status) else { return Ok(None) };
        let start = (self.owners.started_by)(event_type, order_id);
        Ok(Some((event_type, start.with_context(|| format!("nothing hears {event_type}"))?)))
    }

    async fn resolve(&self, reader: &Reader<'_>, failing_attempts: u32) -> anyhow::Result<u64> {
        let cases = desk::open_cases(&self.desk_api, reader.attempt).await?;
        let still = again::look_again(reader, cases.clone(), failing_attempts).await?;
        let still: BTreeSet<(CaseKind, &str)> =
            still.iter().map(|case| (case.kind, case.subject.as_str())).collect();
        let mut resolved: u64 = 0;
        for case in &cases {
            if !still.contains(&(case.kind, case.subject.as_str())) {
                desk::resolve(&self.desk_api, reader.attempt, case).await?;
                resolved = resolved.saturating_add(1);
            }
        }
        Ok(resolved)
    }
}

impl Reader<'_> {
    /// Held against this moment.
    fn patience(&self, patience_ms: u64) -> Patience {
        Patience { now_ms: Timestamp::now().as_millisecond(), patience_ms }
    }
}

async fn start_again(reader: &Reader<'_>, start: &Start, number: u32) -> anyhow::Result<Remedy> {
    let started = runs::start_again(&reader.client, &reader.task_queue, start, number).await?;
    let id = &start.workflow_id;
    Ok(match started {
        Started::Now => {
            info!(workflow.id = id, number, "started {id} again: what it owes is not there");
            Remedy::Redriven
        }
        // Somebody is at it.
        Started::Before => Remedy::Left,
    })
}

/// Says how the run went, for whoever watches.
fn measure(books: &ConcludeBooks) {
    let outcome = match (books.is_complete, books.tally.is_empty()) {
        (false, _) => "incomplete",
        (true, true) => "clean",
        (true, false) => "violators",
    };
    counter!("reconcile_runs_total", "outcome" => outcome).increment(1);
    gauge!("reconcile_last_run_timestamp_seconds")
        .set(Timestamp::now().as_duration().as_secs_f64());
    for kind in CaseKind::ALL {
        let of_kind = books.tally.iter().filter(|one| one.kind == kind);
        let (mut found, mut redriven) = (0_u32, 0_u32);
        for one in of_kind {
            found = found.saturating_add(one.count);
            if one.remedy == Remedy::Redriven {
                redriven = redriven.saturating_add(one.count);
            }
        }
        gauge!("reconcile_violators", "kind" => kind.as_str()).set(f64::from(found));
        counter!("reconcile_redriven_total", "kind" => kind.as_str()).increment(redriven.into());
    }
}
