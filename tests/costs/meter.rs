//! The counters: read before and after, the difference is the cost.

use serde_json::Value;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tests::metrics::{Counts, calls_on_temporal, label, samples, scrape};
use tests::{World, eventually};

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

/// A log is written at once.
const SILENCE: Duration = Duration::from_millis(400);

/// Calls that the Temporal server's front was asked, by operation.
pub(crate) async fn grpc(world: &World) -> Counts {
    calls_on_temporal(world, |operation| !BY_TIME.contains(&operation)).await
}

/// Calls on every service and on the gateway, as in `order-api POST /orders/{id}/mark-sent`.
pub(crate) async fn http(world: &World) -> Counts {
    let mut counts = Counts::new();
    for service in SERVICES.into_iter().chain(["gateway"]) {
        let text = scrape(&metrics_of(world, service)).await;
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
    let text = scrape(&format!("{}/metrics", world.process("worker").address())).await;
    let settled = |(labels, value)| (label(labels, "verdict") == "settled").then_some(value);
    samples(&text, "relay_events_total").filter_map(settled).sum()
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
