//! Tells the service what became of its events, many at a time: whatever is decided while one acknowledgement is on
//! its way goes with the next.
//!
//! What was settled is said until it was heard. The rest counts only under its lease and is dropped when that ends.

use super::away_log::AwayLog;
use super::outbox::{Outbox, millis};
use connections::back_off::BackOff;
use contracts::outbox::{AckEvents, ClaimedEvent, LeasedEvent, PoisonEvent, PostponedEvent};
use metrics::counter;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// More than may be in hand at once.
const BATCH: usize = 256;

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Done, or safely on its way.
    Settled,
    /// Not yet.
    Postponed(Duration),
    /// The event is at fault.
    Poison(String),
}

/// One event to acknowledge.
pub struct Ack {
    /// Which.
    pub event: ClaimedEvent,
    /// What became of it.
    pub verdict: Verdict,
    /// Until when anything but "settled" counts.
    pub leased_until: Instant,
    /// Held until the service has heard it: the relay claims no more than it can acknowledge.
    pub place: OwnedSemaphorePermit,
}

/// Acknowledges until every sender is gone and everything is said.
pub async fn run(outbox: Outbox, mut decided: mpsc::UnboundedReceiver<Ack>) {
    let mut away = AwayLog::new(outbox.service_name());
    let mut back_off = BackOff::new();
    let mut unsaid: Vec<Ack> = Vec::new();
    loop {
        if unsaid.is_empty() && decided.recv_many(&mut unsaid, BATCH).await == 0 {
            return;
        }
        while unsaid.len() < BATCH {
            let Ok(ack) = decided.try_recv() else { break };
            unsaid.push(ack);
        }
        let now = Instant::now();
        unsaid.retain(|ack| ack.verdict == Verdict::Settled || now < ack.leased_until);
        if unsaid.is_empty() {
            continue;
        }
        match outbox.acknowledge(&request(&unsaid)).await {
            Ok(_) => {
                away.answered();
                back_off.reset();
                count(&unsaid);
                unsaid.clear();
            }
            Err(error) => {
                away.failed(&error);
                tokio::time::sleep(back_off.wait()).await;
            }
        }
    }
}

fn request(acks: &[Ack]) -> AckEvents {
    let mut request = AckEvents::default();
    for ack in acks {
        let (event_id, lease_id) = (ack.event.event_id.clone(), ack.event.lease_id.clone());
        match &ack.verdict {
            Verdict::Settled => request.settled.push(LeasedEvent { event_id, lease_id }),
            Verdict::Postponed(wait) => {
                let for_ms = millis(*wait);
                request.postponed.push(PostponedEvent { event_id, lease_id, for_ms });
            }
            Verdict::Poison(reason) => {
                let reason = reason.clone();
                request.poison.push(PoisonEvent { event_id, lease_id, reason });
            }
        }
    }
    request
}

fn count(acks: &[Ack]) {
    for ack in acks {
        let verdict = match ack.verdict {
            Verdict::Settled => "settled",
            Verdict::Postponed(_) => "postponed",
            Verdict::Poison(_) => "poison",
        };
        let event_type = ack.event.event_type.clone();
        counter!("relay_events_total", "type" => event_type, "verdict" => verdict).increment(1);
    }
}
