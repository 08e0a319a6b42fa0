//! The counters: read before and after, the difference is the cost.

use ::tests::{World, eventually};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Counts by name.
pub(crate) type Counts = BTreeMap<String, u64>;

/// The services; each has a database of its own.
pub(crate) const SERVICES: [&str; 3] = ["order-api", "voucher-api", "risk-api"];

/// Calls that come with time and not with work: what polls, and what looks whether all is well.
const BY_TIME: [&str; 7] = [
    "PollWorkflowTaskQueue",
    "PollActivityTaskQueue",
    "PollNexusTaskQueue",
    "DescribeTaskQueue",
    "DescribeNamespace",
    "GetSystemInfo",
    "GetClusterInfo",
];

/// The outbox is claimed by long polls: how many is a matter of time too. So are probes.
const BY_TIME_OVER_HTTP: [&str; 4] = ["/outbox/claim", "/livez", "/readyz", "/metrics"];

/// The server publishes its counters about once a second, so they rest when they stand still for longer.
const STANDS_STILL: Duration = Duration::from_millis(2500);
/// A log is written at once.
const SILENCE: Duration = Duration::from_millis(400);

/// Calls that the Temporal server's front was asked, by operation.
pub(crate) async fn grpc(world: &World) -> Counts {
    let url = world.system.temporal_metrics_url().expect("our own server");
    let text = scrape(world, url).await;
    let mut counts = Counts::new();
    for (labels, value) in samples(&text, "service_requests") {
        let operation = label(labels, "operation");
        if label(labels, "service_name") == "frontend" && !BY_TIME.contains(&operation) {
            *counts.entry(operation.to_owned()).or_default() += value;
        }
    }
    counts
}

/// Calls on every service and on the gateway, as in `order-api POST /orders/{id}/mark-sent`.
pub(crate) async fn http(world: &World) -> Counts {
    let mut counts = Counts::new();
    for service in SERVICES.into_iter().chain(["gateway"]) {
        let text = scrape(world, &metrics_of(world, service)).await;
        for (labels, value) in samples(&text, "http_requests_total") {
            let (method, route) = (label(labels, "method"), label(labels, "route"));
            if !BY_TIME_OVER_HTTP.contains(&route) {
                *counts.entry(format!("{service} {method} {route}")).or_default() += value;
            }
        }
    }
    counts
}

/// Events that the relay has had settled, by the worker's own count: nobody is asked who would count it.
pub(crate) async fn settled_events(world: &World) -> u64 {
    let text = scrape(world, &format!("{}/metrics", world.process("worker").address())).await;
    let settled = |(labels, value)| (label(labels, "verdict") == "settled").then_some(value);
    samples(&text, "relay_events_total").filter_map(settled).sum()
}

/// Counters once they stand still.
pub(crate) async fn at_rest<F: Future<Output = Counts>>(read: impl Fn() -> F) -> Counts {
    let seen = std::cell::RefCell::new((read().await, Instant::now()));
    eventually("the counters stand still", || async {
        let now = read().await;
        let mut seen = seen.borrow_mut();
        if seen.0 != now {
            *seen = (now, Instant::now());
            return None;
        }
        (seen.1.elapsed() >= STANDS_STILL).then_some(now)
    })
    .await
}

/// What was counted more often afterwards.
pub(crate) fn difference(before: &Counts, after: &Counts) -> Counts {
    let more = |(name, count): (&String, &u64)| {
        let more = count - before.get(name).copied().unwrap_or_default();
        (more > 0).then(|| (name.clone(), more))
    };
    after.iter().filter_map(more).collect()
}

/// The statements that every service's database was given since the last look, told from their logs.
pub(crate) struct Statements {
    logs: Vec<(&'static str, PathBuf, usize)>,
}

impl Statements {
    /// From now on.
    pub(crate) fn from_now(world: &World) -> Self {
        let folder = world.system.data_dir().join("logs");
        let log = |service: &'static str| {
            let path = folder.join(format!("{service}.log"));
            let length = read(&path).len();
            (service, path, length)
        };
        Self { logs: SERVICES.into_iter().map(log).collect() }
    }

    /// Once no log has grown for a while: what every service did, as in `order-api: statements`.
    pub(crate) async fn at_rest(&self) -> Counts {
        let length = || self.logs.iter().map(|(_, path, _)| read(path).len()).sum::<usize>();
        let seen = std::cell::Cell::new((length(), Instant::now()));
        eventually("the logs stand still", || async {
            let (before, since) = seen.get();
            let now = length();
            if now != before {
                seen.set((now, Instant::now()));
            }
            (now == before && since.elapsed() >= SILENCE).then_some(())
        })
        .await;
        let mut counts = Counts::new();
        for (service, path, from) in &self.logs {
            let text = read(path);
            let new = text.get(*from..).expect("a log only grows");
            for kind in new.lines().filter_map(kind_of) {
                *counts.entry(format!("{service}: {kind}")).or_default() += 1;
            }
        }
        counts
    }
}

/// What a line of a log tells of: a transaction of SQLite begins by saying how it is to be made durable.
///
/// Long polls are left out, which are asked again after every commit and after every wait, and so is the opening of a
/// connection.
fn kind_of(line: &str) -> Option<&'static str> {
    let line: Value = serde_json::from_str(line).ok()?;
    if line.get("target")? != "sqlx::query" {
        return None;
    }
    let statement = match line.get("db.statement")?.as_str()?.trim() {
        "" => line.get("summary")?.as_str()?,
        long => long,
    };
    let is_poll =
        ["select (select", "with picked", "update outbox_events\n             set lease_id"];
    match statement {
        "pragma synchronous = full" => Some("durable commits"),
        "pragma synchronous = normal" => Some("relaxed commits"),
        other if other.to_lowercase().starts_with("pragma") => None,
        other if is_poll.iter().any(|poll| other.starts_with(poll)) => None,
        _ => Some("statements"),
    }
}

fn read(path: &std::path::Path) -> String {
    std::fs::read_to_string(path).expect("a log")
}

fn metrics_of(world: &World, service: &str) -> String {
    let url = match service {
        "order-api" => world.system.order_api_url(),
        "voucher-api" => world.system.voucher_api_url(),
        "risk-api" => world.system.risk_api_url(),
        _ => world.system.gateway_url(),
    };
    format!("{url}/metrics")
}

async fn scrape(world: &World, url: &str) -> String {
    let answer = world.http().get(url).send().await.expect("metrics");
    answer.text().await.expect("text")
}

/// The samples of one metric: labels as written, and the value.
fn samples<'a>(text: &'a str, metric: &'a str) -> impl Iterator<Item = (&'a str, u64)> {
    text.lines().filter_map(move |line| {
        let rest = line.strip_prefix(metric)?;
        let (labels, value) = match rest.strip_prefix('{') {
            Some(rest) => rest.split_once("} ")?,
            None => ("", rest.strip_prefix(' ')?),
        };
        Some((labels, value.trim().parse().ok()?))
    })
}

fn label<'a>(labels: &'a str, name: &str) -> &'a str {
    let found = labels.split(',').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == name).then(|| value.trim_matches('"'))
    });
    found.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_read_with_and_without_labels() {
        let text = "a_total{x=\"1\",y=\"/z\"} 3\na_total_more 9\na_total 4\n";

        let read: Vec<_> = samples(text, "a_total").collect();

        assert_eq!(read, [("x=\"1\",y=\"/z\"", 3), ("", 4)]);
        assert_eq!(label(read[0].0, "y"), "/z");
    }

    #[test]
    fn only_what_grew_is_a_cost() {
        let before = Counts::from([("a".to_owned(), 1), ("b".to_owned(), 2)]);
        let after = Counts::from([("a".to_owned(), 4), ("b".to_owned(), 2), ("c".to_owned(), 1)]);

        let grown = Counts::from([("a".to_owned(), 3), ("c".to_owned(), 1)]);

        assert_eq!(difference(&before, &after), grown);
    }
}
