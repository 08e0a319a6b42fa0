//! What processes count, as they show it: read, picked apart, and waited for until it stands still.

use crate::wait::eventually;
use crate::world::{World, http_client};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Counts by name.
pub type Counts = BTreeMap<String, u64>;

/// The Temporal server publishes its counters about once a second, so they rest when they stand still for longer.
const STANDS_STILL: Duration = Duration::from_secs(3);

/// What is shown at this URL.
///
/// # Panics
/// When no answer comes.
pub async fn scrape(url: &str) -> String {
    let answer = http_client().get(url).send().await.expect("metrics");
    answer.text().await.expect("text")
}

/// The samples of one counter: labels as written, and the value.
pub fn samples<'a>(text: &'a str, metric: &'a str) -> impl Iterator<Item = (&'a str, u64)> {
    text.lines().filter_map(move |line| {
        let rest = line.strip_prefix(metric)?;
        let (labels, value) = match rest.strip_prefix('{') {
            Some(rest) => rest.split_once("} ")?,
            None => ("", rest.strip_prefix(' ')?),
        };
        // A counter is whole, and a large one is written with an exponent.
        let value: f64 = value.trim().parse().expect("a value");
        Some((labels, format!("{value:.0}").parse().expect("a count")))
    })
}

/// The value of a label; nothing where it is not there.
#[must_use]
pub fn label<'a>(labels: &'a str, name: &str) -> &'a str {
    let found = labels.split(',').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == name).then(|| value.trim_matches('"'))
    });
    found.unwrap_or_default()
}

/// Calls that the front of our Temporal server was asked and that count, by operation.
///
/// # Panics
/// When the server is not ours.
pub async fn calls_on_temporal(world: &World, counts: impl Fn(&str) -> bool) -> Counts {
    let text = scrape(world.system.temporal_metrics_url().expect("our own server")).await;
    let mut calls = Counts::new();
    for (labels, value) in samples(&text, "service_requests") {
        let operation = label(labels, "operation");
        if label(labels, "service_name") == "frontend" && counts(operation) {
            *calls.entry(operation.to_owned()).or_default() += value;
        }
    }
    calls
}

/// Counters once they stand still.
pub async fn at_rest<F: Future<Output = Counts>>(read: impl Fn() -> F) -> Counts {
    let seen = RefCell::new((read().await, Instant::now()));
    eventually("the counters stand still", || async {
        let now = read().await;
        let mut seen = seen.borrow_mut();
        if seen.0 != now {
            *seen = (now, Instant::now());
            return None;
        }
        (seen.1.elapsed() > STANDS_STILL).then_some(now)
    })
    .await
}

/// What was counted more often afterwards.
#[must_use]
pub fn difference(before: &Counts, after: &Counts) -> Counts {
    let more = |(name, count): (&String, &u64)| {
        let more = count - before.get(name).copied().unwrap_or_default();
        (more > 0).then(|| (name.clone(), more))
    };
    after.iter().filter_map(more).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_read_with_and_without_labels_and_exponents() {
        let text = "a_total{x=\"1\",y=\"/z\"} 3\na_total_more 9\na_total 1.5e+06\n";

        let read: Vec<_> = samples(text, "a_total").collect();

        assert_eq!(read, [("x=\"1\",y=\"/z\"", 3), ("", 1_500_000)]);
        assert_eq!(label(read[0].0, "y"), "/z");
    }

    #[test]
    fn only_what_grew_is_a_difference() {
        let before = Counts::from([("a".to_owned(), 1), ("b".to_owned(), 2)]);
        let after = Counts::from([("a".to_owned(), 4), ("b".to_owned(), 2), ("c".to_owned(), 1)]);

        let grown = Counts::from([("a".to_owned(), 3), ("c".to_owned(), 1)]);

        assert_eq!(difference(&before, &after), grown);
    }
}
