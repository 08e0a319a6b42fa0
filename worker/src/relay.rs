//! The relay: hears a service's events and starts their processes, eagerly, in this very process.
//!
//! Its promises, in the order of its files:
//! - [`outbox`]: events are claimed under a lease, many at a time, and never more than can be acknowledged.
//! - [`start`]: every start has a limit of ours, and is given up before its event's lease ends.
//! - [`settle`]: a start of ours settles; "already started" settles only if that run has completed and is of the
//!   subscribed type; until then the event is postponed, which never counts against it.
//! - [`patience`]: whoever waits too long is told of.
//! - [`acks`]: what was settled is said until it was heard.
//!
//! While Temporal is away nothing is claimed, and what was claimed is handed back. When it is back, one event tries
//! first. Any number of workers may relay; a lease, the run's id and the receiver's unique key keep them apart.

pub mod acks;
pub mod away_log;
pub mod outbox;
pub mod patience;
pub mod settle;
pub mod start;

use crate::limits::{
    CLAIM_LIMIT, CLAIM_ROOM, IN_HAND_LIMIT, LEASE, LEASE_MARGIN, SHORTEST_START, START_LIMIT,
    STARTS_IN_FLIGHT,
};
use crate::subscriptions::{self, ProcessStart};
use crate::temporal_watch::TemporalWatch;
use acks::{Ack, Verdict};
use anyhow::{Context as _, bail};
use away_log::AwayLog;
use connections::back_off::{self, BackOff};
use contracts::outbox::ClaimedEvent;
use metrics::{counter, gauge, histogram};
use outbox::Outbox;
use patience::Patience;
use settle::{Decision, StartAnswer, Why};
use start::{After, Starter};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

/// The relay of one service's outbox.
#[derive(Clone)]
pub struct Relay {
    outbox: Outbox,
    starter: Starter,
    temporal: TemporalWatch,
    patience: Arc<Patience>,
    in_hand: Arc<Semaphore>,
    in_flight: Arc<Semaphore>,
    /// Temporal was away: the next event goes alone, and all follow once it went well.
    is_on_probation: Arc<AtomicBool>,
}

impl Relay {
    /// Relays from `outbox` through `starter`.
    #[must_use]
    pub fn new(outbox: Outbox, starter: Starter, temporal: TemporalWatch) -> Self {
        let permits = usize::try_from(IN_HAND_LIMIT).unwrap_or(usize::MAX);
        Self {
            outbox,
            starter,
            temporal,
            patience: Arc::new(Patience::default()),
            in_hand: Arc::new(Semaphore::new(permits)),
            in_flight: Arc::new(Semaphore::new(STARTS_IN_FLIGHT)),
            is_on_probation: Arc::new(AtomicBool::new(true)),
        }
    }

    /// Relays until asked to stop; then finishes what is in hand and acknowledges it.
    ///
    /// # Errors
    /// When nothing is acknowledged any more, which only a defect can do: events would come back for ever.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let (decided, to_acknowledge) = mpsc::unbounded_channel();
        let mut acknowledging = tokio::spawn(acks::run(self.outbox.clone(), to_acknowledge));
        let under_way = TaskTracker::new();
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.claim_for_ever(&under_way, decided, &stop) => {}
            ended = &mut acknowledging => bail!("acknowledging events ended by itself: {ended:?}"),
        }
        under_way.close();
        under_way.wait().await;
        // Every sender is gone by now: what is still unsaid is said, then it ends. Once its leases have ended it may as
        // well be handed out again: the worker beside us has work to finish too.
        match tokio::time::timeout(LEASE, acknowledging).await {
            Ok(ended) => ended.context("acknowledging events panicked"),
            Err(_) => {
                warn!(
                    "{} did not hear of every event; they come again",
                    self.outbox.service_name()
                );
                Ok(())
            }
        }
    }

    async fn claim_for_ever(
        &self,
        under_way: &TaskTracker,
        decided: mpsc::UnboundedSender<Ack>,
        stop: &CancellationToken,
    ) {
        let mut is_first_since_start = true;
        let mut away = AwayLog::new(self.outbox.service_name());
        let mut back_off = BackOff::new();
        loop {
            let mut places = self.places_for_a_claim().await;
            let limit = u32::try_from(places.num_permits()).unwrap_or(CLAIM_LIMIT);
            match self.outbox.claim(limit, is_first_since_start).await {
                Ok(events) => {
                    away.answered();
                    back_off.reset();
                    is_first_since_start = false;
                    // The lease is a little older than its answer; the margin is for that. An answer that comes
                    // later than the lease ends costs a needless start, which is refused or the first.
                    let leased_until = Instant::now().checked_add(LEASE);
                    for event in events {
                        // More than asked for, or a clock at its end: their leases run out by themselves.
                        let (Some(place), Some(leased_until)) = (places.split(1), leased_until)
                        else {
                            break;
                        };
                        let in_hand = InHand { event, leased_until, place };
                        let relay = self.clone();
                        under_way.spawn(relay.relay(in_hand, decided.clone(), stop.clone()));
                    }
                }
                Err(error) => {
                    away.failed(&error);
                    drop(places);
                    tokio::time::sleep(back_off.wait()).await;
                }
            }
        }
    }

    /// Waits until Temporal is there and there is room for a claim; one place only while on probation.
    async fn places_for_a_claim(&self) -> OwnedSemaphorePermit {
        loop {
            self.temporal.wait_until_there().await;
            let is_alone = self.is_on_probation.load(Ordering::Acquire);
            let room = if is_alone { IN_HAND_LIMIT } else { CLAIM_ROOM };
            // The semaphore is never closed.
            let Ok(mut places) = self.in_hand.clone().acquire_many_owned(room).await else {
                std::future::pending().await
            };
            // Much may have happened while waiting for room.
            if !self.temporal.seen().is_there
                || self.is_on_probation.load(Ordering::Acquire) != is_alone
            {
                continue;
            }
            if is_alone && let Some(one) = places.split(1) {
                return one;
            }
            let more = CLAIM_LIMIT.saturating_sub(room);
            if let Ok(more) = self.in_hand.clone().try_acquire_many_owned(more) {
                places.merge(more);
            }
            return places;
        }
    }

    async fn relay(
        self,
        in_hand: InHand,
        decided: mpsc::UnboundedSender<Ack>,
        stop: CancellationToken,
    ) {
        let verdict = match subscriptions::to(&in_hand.event.event_type) {
            Some(subscription) => match subscription.start_for(&in_hand.event.subject) {
                Ok(process) => self.decide(&in_hand, &process, &stop).await,
                Err(error) => Verdict::Poison(format!("its subject starts nothing: {error}")),
            },
            None => {
                error!("{} handed out an event type nobody asked for", self.outbox.service_name());
                Verdict::Postponed(crate::limits::MAX_BACK_OFF)
            }
        };
        if let Verdict::Poison(reason) = &verdict {
            let InHand { event, .. } = &in_hand;
            warn!(event.id = event.event_id, "event {} is at fault: {reason}", event.event_id);
        }
        if !matches!(verdict, Verdict::Postponed(_)) {
            self.patience.ended(&in_hand.event.event_id);
        }
        let too_long = u32::try_from(self.patience.too_long(Instant::now())).unwrap_or(u32::MAX);
        gauge!("relay_events_postponed_too_long").set(f64::from(too_long));
        let InHand { event, leased_until, place } = in_hand;
        // Only a relay that is gone hears no more; then nobody needs the answer.
        let _ = decided.send(Ack { event, verdict, leased_until, place });
    }

    async fn decide(
        &self,
        in_hand: &InHand,
        process: &ProcessStart,
        stop: &CancellationToken,
    ) -> Verdict {
        // The semaphore is never closed.
        let Ok(_flight) = self.in_flight.acquire().await else { return hand_back() };
        let limit = in_hand.time_for_a_start();
        let can_be_tried = self.temporal.seen().is_there && !stop.is_cancelled();
        if limit < SHORTEST_START || !can_be_tried {
            return hand_back();
        }
        let decision = self.start(in_hand, process, limit).await;
        if let Decision::HandBack(why) = &decision {
            self.found_away(why);
        } else {
            self.is_on_probation.store(false, Ordering::Release);
        }
        match decision {
            Decision::Settle => Verdict::Settled,
            Decision::Poison(reason) => Verdict::Poison(reason),
            // Starting over is decided, and done, in `start`.
            Decision::HandBack(_) | Decision::StartOver => hand_back(),
            Decision::Postpone(why) => Verdict::Postponed(self.postpone(in_hand, process, &why)),
        }
    }

    async fn start(&self, in_hand: &InHand, process: &ProcessStart, limit: Duration) -> Decision {
        let answer = self.start_once(in_hand, process, After::Failure, limit).await;
        let Some(decision) = settle::by_answer(answer) else {
            let limit = in_hand.time_for_a_start();
            let run = self.starter.look_at(&process.workflow_id, limit).await;
            return match settle::by_standing_run(run, process.workflow_type) {
                Decision::StartOver => self.start_over(in_hand, process).await,
                decision => decision,
            };
        };
        decision
    }

    async fn start_over(&self, in_hand: &InHand, process: &ProcessStart) -> Decision {
        let workflow_id = &process.workflow_id;
        warn!(workflow.id = workflow_id, "a run of another type has completed as {workflow_id}");
        let limit = in_hand.time_for_a_start();
        let answer = self.start_once(in_hand, process, After::AnotherType, limit).await;
        settle::by_second_answer(answer)
    }

    async fn start_once(
        &self,
        in_hand: &InHand,
        process: &ProcessStart,
        after: After,
        limit: Duration,
    ) -> StartAnswer {
        let started = Instant::now();
        let age = in_hand.age_at(started);
        let answer = self.starter.start(process, after, limit).await;
        let name = match &answer {
            StartAnswer::Accepted => "accepted",
            StartAnswer::AlreadyStarted => "already_started",
            StartAnswer::Refused(_) => "refused",
            StartAnswer::Away(_) => "away",
        };
        counter!("relay_starts_total", "answer" => name).increment(1);
        histogram!("relay_start_duration_seconds").record(started.elapsed().as_secs_f64());
        if answer == StartAnswer::Accepted {
            let (workflow_id, age_ms) = (&process.workflow_id, age.as_secs_f64() * 1000.0);
            info!(workflow.id = workflow_id, age_ms, "started {workflow_id}");
        }
        answer
    }

    fn found_away(&self, why: &str) {
        if !self.is_on_probation.swap(true, Ordering::AcqRel) {
            warn!("a start failed, nothing is claimed until Temporal is back: {why}");
        }
        self.temporal.found_away();
    }

    /// How long the event waits until it is looked at again. Says so when it has been waiting too long.
    fn postpone(&self, in_hand: &InHand, process: &ProcessStart, why: &Why) -> Duration {
        let event_id = &in_hand.event.event_id;
        let waited = self.patience.postponed(event_id, Instant::now());
        if waited.is_newly_too_long {
            tell_a_person(event_id, &process.workflow_id, why, waited.time);
        }
        back_off::in_proportion_to(waited.time)
    }
}

/// Names the event, what it waits for, and the command that looks or mends.
fn tell_a_person(event_id: &str, workflow_id: &str, why: &Why, waited: Duration) {
    let (what, verbs) = match why {
        Why::RunIsOpen => ("its run is still open", "describe (or, if unwanted, terminate)"),
        Why::IdIsFree => ("its run keeps ending without completing", "show"),
    };
    let (event, id, seconds) = (event_id, workflow_id, waited.as_secs());
    warn!(
        event.id = event,
        workflow.id = id,
        "event {event} has been postponed for {seconds} s: {what}: temporal workflow {verbs} --workflow-id {id}"
    );
}

fn hand_back() -> Verdict {
    Verdict::Postponed(back_off::in_proportion_to(Duration::ZERO))
}

/// A claimed event.
struct InHand {
    event: ClaimedEvent,
    leased_until: Instant,
    place: OwnedSemaphorePermit,
}

impl InHand {
    /// How old the event is: what the service said when it handed it out, and what has passed since.
    fn age_at(&self, now: Instant) -> Duration {
        let handed_out = Duration::from_millis(self.event.age_ms.try_into().unwrap_or_default());
        let since = LEASE.saturating_sub(self.leased_until.saturating_duration_since(now));
        handed_out.saturating_add(since)
    }

    /// What is left for a start before it must be given up.
    fn time_for_a_start(&self) -> Duration {
        let left = self.leased_until.saturating_duration_since(Instant::now());
        left.saturating_sub(LEASE_MARGIN).min(START_LIMIT)
    }
}
