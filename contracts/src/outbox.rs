//! The outbox of a service, as the worker's relay speaks to it: `POST /outbox/claim` and `POST /outbox/ack`.
//!
//! An event is handed out under a lease. What the relay says of it counts only while that lease is current, except
//! `settled`, which is true whoever says it.

use serde::{Deserialize, Serialize};

/// The event that order-api writes in the transaction that marks an order sent.
pub const ORDER_SENT: &str = "order.sent";

/// The event that order-api writes beside it when the order holds credit: a subscriber of its own, an event of its own.
pub const ORDER_SENT_CREDIT: &str = "order.sent.credit";

/// The event that order-api writes in the transaction that cancels an order that holds credit.
pub const ORDER_CANCELLED: &str = "order.cancelled";

/// Asks for events; answered as soon as there is one, or empty after `wait_ms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimEvents {
    /// A name that is unique per live worker and stable over its restart.
    pub owner: String,
    /// The event types to hand out; others stay where they are.
    pub types: Vec<String>,
    /// At most so many events.
    pub limit: u32,
    /// How long they are kept from others, milliseconds.
    pub lease_ms: u64,
    /// How long to wait for the first one, milliseconds.
    #[serde(default)]
    pub wait_ms: u64,
    /// Set on the first claim after a start: leases that this owner held before are freed at once.
    #[serde(default)]
    pub is_first_since_start: bool,
}

/// The answer to [`ClaimEvents`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedEvents {
    /// Oldest first.
    pub events: Vec<ClaimedEvent>,
}

/// One event under a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedEvent {
    /// Names the event for ever.
    pub event_id: String,
    /// Names this hand-out of it.
    pub lease_id: String,
    /// What happened, as in `order.sent`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The business id that it happened to, as in `ord_…`.
    pub subject: String,
    /// When it happened, milliseconds since 1970 (UTC).
    pub occurred_at_ms: i64,
    /// For how long it has been waiting, milliseconds, by the clock of the service.
    #[serde(default)]
    pub age_ms: i64,
}

/// What became of claimed events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AckEvents {
    /// Their process is done or safely on its way: never hand them out again.
    #[serde(default)]
    pub settled: Vec<LeasedEvent>,
    /// Not yet: hand them out again after a while. Not counted against them.
    #[serde(default)]
    pub postponed: Vec<PostponedEvent>,
    /// The event itself is at fault. Counted; after several the event is quarantined.
    #[serde(default)]
    pub poison: Vec<PoisonEvent>,
}

/// Names a hand-out of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeasedEvent {
    /// The event.
    pub event_id: String,
    /// The hand-out.
    pub lease_id: String,
}

/// An event to hand out again later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostponedEvent {
    /// The event.
    pub event_id: String,
    /// The hand-out.
    pub lease_id: String,
    /// After how long, milliseconds.
    pub for_ms: u64,
}

/// An event that cannot be handled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoisonEvent {
    /// The event.
    pub event_id: String,
    /// The hand-out.
    pub lease_id: String,
    /// Why, for people; kept with the event.
    pub reason: String,
}

/// What was written of an [`AckEvents`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AckedEvents {
    /// Events now settled that were not before.
    pub settled: u64,
    /// Events postponed; those of a lease that is not current are ignored.
    pub postponed: u64,
    /// Events counted as poison; those of a lease that is not current are ignored.
    pub poison: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_of_an_older_worker_is_still_read() {
        let golden = r#"{"owner":"worker-1","types":["order.sent"],"limit":32,"lease_ms":5000}"#;

        let claim: ClaimEvents = serde_json::from_str(golden).expect("golden payload");

        assert_eq!(claim.wait_ms, 0);
        assert!(!claim.is_first_since_start);
    }

    #[test]
    fn an_acknowledgement_may_leave_parts_out() {
        let golden = r#"{"settled":[{"event_id":"evt_1","lease_id":"lse_1"}]}"#;

        let ack: AckEvents = serde_json::from_str(golden).expect("golden payload");

        assert_eq!(ack.settled.len(), 1);
        assert!(ack.postponed.is_empty() && ack.poison.is_empty());
    }
}
