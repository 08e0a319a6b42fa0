//! How long each fault was felt: from its end until everything was settled that had been under way or owed at that moment,
//! which is every event written before it and every run begun before it.
//!
//! Faults overlap. What a later fault does to the same event or run is part of the earlier one's time.

use super::quiet::{Looker, UnderWay};
use crate::system::System;
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Between two looks: what is measured here are seconds.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A fault that has ended.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    /// As in `kill worker` or `black-hole`.
    pub(super) kind: String,
    at: Instant,
    at_time_of_day: SystemTime,
}

impl Ended {
    pub(super) fn now(kind: String) -> Self {
        Self { kind, at: Instant::now(), at_time_of_day: SystemTime::now() }
    }
}

/// The time that each fault took, by kind.
pub(super) type Recoveries = BTreeMap<String, Vec<Duration>>;

/// Measures until told to stop, in the order in which the faults ended; what has not recovered by then has no time.
pub(super) async fn measure(
    system: &System,
    mut ended: mpsc::UnboundedReceiver<Ended>,
    stop: CancellationToken,
) -> anyhow::Result<Recoveries> {
    let looker = Looker::of(system).await?;
    let mut recoveries = Recoveries::new();
    loop {
        let next = tokio::select! {
            biased;
            next = ended.recv() => next,
            () = stop.cancelled() => None,
        };
        let Some(fault) = next else { return Ok(recoveries) };
        let is_settled = match stop.run_until_cancelled(until_settled(&looker, &fault)).await {
            Some(()) => true,
            // Told to stop: one last look at each.
            None => is_settled(&looker, &fault).await,
        };
        if is_settled {
            recoveries.entry(fault.kind).or_default().push(fault.at.elapsed());
        }
    }
}

async fn until_settled(looker: &Looker, fault: &Ended) {
    while !is_settled(looker, fault).await {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Who does not answer has not recovered.
async fn is_settled(looker: &Looker, fault: &Ended) -> bool {
    let look = looker.look(Some(fault.at_time_of_day)).await;
    matches!(look, Ok(UnderWay { events: 0, runs: 0 }))
}

/// The value below which so many of a hundred lie; `None` where there is none.
pub(crate) fn percentile(sorted: &[Duration], of_hundred: usize) -> Option<Duration> {
    let rank = (sorted.len() * of_hundred).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values_and_the_last_is_the_most() {
        let values: Vec<Duration> = (1..=200).map(Duration::from_secs).collect();

        assert_eq!(percentile(&values, 50), Some(Duration::from_secs(100)));
        assert_eq!(percentile(&values, 99), Some(Duration::from_secs(198)));
        assert_eq!(percentile(&values, 100), Some(Duration::from_secs(200)));
        assert_eq!(percentile(&[], 50), None);
    }
}
