//! Which events have been postponed for how long, so that a person is told of those that wait too long.
//!
//! Kept in memory: after a restart the wait counts anew, and another worker that hears the event counts for itself.

use crate::limits::POSTPONED_ALARM;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Events that were not heard of for so long were settled elsewhere. Longer than any postponement.
const FORGET_AFTER: Duration = Duration::from_secs(30);

/// Remembers what is waiting.
#[derive(Debug, Default)]
pub struct Patience {
    waiting: Mutex<BTreeMap<String, Waiting>>,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    since: Instant,
    last_heard: Instant,
    is_told: bool,
}

/// How long an event has been waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waited {
    /// Since it was postponed for the first time.
    pub time: Duration,
    /// It just became too long: tell a person, once.
    pub is_newly_too_long: bool,
}

impl Patience {
    /// The event is postponed, again or for the first time.
    pub fn postponed(&self, event_id: &str, now: Instant) -> Waited {
        let mut waiting = self.lock();
        waiting.retain(|_, event| now.saturating_duration_since(event.last_heard) < FORGET_AFTER);
        let first = Waiting { since: now, last_heard: now, is_told: false };
        let event = waiting.entry(event_id.to_owned()).or_insert(first);
        event.last_heard = now;
        let time = now.saturating_duration_since(event.since);
        let is_newly_too_long = time >= POSTPONED_ALARM && !event.is_told;
        event.is_told |= is_newly_too_long;
        Waited { time, is_newly_too_long }
    }

    /// The event waits no longer.
    pub fn ended(&self, event_id: &str) {
        self.lock().remove(event_id);
    }

    /// How many events have been waiting too long.
    pub fn too_long(&self, now: Instant) -> usize {
        let is_too_long = |event: &&Waiting| {
            now.saturating_duration_since(event.since) >= POSTPONED_ALARM
                && now.saturating_duration_since(event.last_heard) < FORGET_AFTER
        };
        self.lock().values().filter(is_too_long).count()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Waiting>> {
        // Nothing in here can be left half done.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn an_event_that_waits_longer_than_a_minute_is_told_of_once_and_counted_until_it_ends() {
        let patience = Patience::default();
        let start = Instant::now();
        let told: Vec<u32> = (0..70)
            .filter(|second| {
                patience.postponed("evt_1", start + SECOND * *second).is_newly_too_long
            })
            .collect();

        assert_eq!(told, [60]);
        assert_eq!(patience.too_long(start + SECOND * 70), 1);
        patience.ended("evt_1");
        assert_eq!(patience.too_long(start + SECOND * 70), 0);
    }

    #[test]
    fn an_event_that_is_not_heard_of_any_more_was_settled_elsewhere() {
        let patience = Patience::default();
        let start = Instant::now();
        patience.postponed("evt_1", start);

        patience.postponed("evt_2", start + SECOND * 61);

        assert_eq!(patience.too_long(start + SECOND * 61), 0);
        assert_eq!(patience.postponed("evt_1", start + SECOND * 62).time, Duration::ZERO);
    }
}
