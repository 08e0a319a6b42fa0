//! Waiting longer after each failure in a row, never in step with others.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The first wait after something failed.
pub const FIRST_BACK_OFF: Duration = Duration::from_millis(250);

/// The longest wait between two tries: how late one notices that something is back.
pub const MAX_BACK_OFF: Duration = Duration::from_secs(2);

/// Doubles from 0.25 s to 2 s; each wait is shortened by up to a half, at random.
#[derive(Debug)]
pub struct BackOff {
    next: Duration,
}

impl BackOff {
    /// As after a success.
    #[must_use]
    pub fn new() -> Self {
        Self { next: FIRST_BACK_OFF }
    }

    /// How long to wait after one more failure.
    pub fn wait(&mut self) -> Duration {
        let wait = jittered(self.next);
        self.next = self.next.saturating_mul(2).min(MAX_BACK_OFF);
        wait
    }

    /// Something went well.
    pub fn reset(&mut self) {
        *self = Self::new();
    }
}

impl Default for BackOff {
    fn default() -> Self {
        Self::new()
    }
}

/// A wait of about a quarter of what was waited already, within the limits.
#[must_use]
pub fn in_proportion_to(waited: Duration) -> Duration {
    jittered(waited.checked_div(4).unwrap_or_default().clamp(FIRST_BACK_OFF, MAX_BACK_OFF))
}

/// Between half of `wait` and all of it.
fn jittered(wait: Duration) -> Duration {
    // The keys of a fresh `RandomState` are random; nothing here needs more than that.
    let random = RandomState::new().hash_one(0_u8);
    let per_mille = u32::try_from(random % 501).unwrap_or(0);
    wait.saturating_mul(500_u32.saturating_add(per_mille)).checked_div(1000).unwrap_or(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_two_seconds_and_start_over_after_a_success() {
        let mut back_off = BackOff::new();
        let waits: Vec<_> = (0..6).map(|_| back_off.wait()).collect();

        assert!(waits[0] >= FIRST_BACK_OFF / 2 && waits[0] <= FIRST_BACK_OFF);
        assert!(waits[5] >= MAX_BACK_OFF / 2 && waits[5] <= MAX_BACK_OFF);
        back_off.reset();
        assert!(back_off.wait() <= FIRST_BACK_OFF);
    }

    #[test]
    fn waits_are_not_in_step() {
        let waits: std::collections::BTreeSet<_> =
            (0..20).map(|_| in_proportion_to(Duration::from_secs(60))).collect();

        assert!(waits.len() > 1);
        assert!(waits.iter().all(|wait| *wait <= MAX_BACK_OFF));
    }
}
