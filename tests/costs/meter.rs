//! The counters: read before and after, the difference is the cost.

use lacadon::system::SystemOptions;
use serde_json::Value;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tests::metrics::{Counts, calls_on_temporal, label, samples, scrape};
use tests::{World, eventually};

/// The services; each has a database of its own.
pub(crate) const SERVICES: [&str; 3] = ["order-api", "voucher-api", "risk-api"];

/// Calls that come with time and not with work: what polls, what tells that it lives, what looks whether all is well.
const BY_TIME: [&str; 8] = [
    "PollWorkflowTaskQueue",
    "PollActivityTaskQueue",
    "PollNexusTaskQueue",
    "RecordWorkerHeartbeat",
    "DescribeTaskQueue",
    "DescribeNamespace",
    "GetSystemInfo",
    "GetClusterInfo",
];

/// The outbox is claimed by long polls: how many is a matter of time too. So are probes.
const BY_TIME_OVER_HTTP: [&str; 4] = ["/outbox/claim", "/livez", "/readyz", "/metrics"];

/// So are the statements of those polls, and those with which order-api measures its outbox for a scrape.
const BY_TIME_IN_SQL: [&str; 5] = [
    "select (select",
    "with picked",
    "update outbox_events\n             set lease_id",
    "select min(occurred_at)",
    "select count(*) from outbox_events where state = 'quarantined'",
];

/// How what the opening of a connection says begins.
const OPENING: [&str; 2] = ["pragma", "set statement_timeout"];

/// A log is written at once.
const SILENCE: Duration = Duration::from_millis(400);

/// What a service's database was given.
const STATEMENTS: &str = "statements";
const DURABLE: &str = "durable commits";
const RELAXED: &str = "relaxed commits";
const UNDONE: &str = "rollbacks";

/// Commits that may be of either kind: [`tell_apart`].
const COMMITS: &str = "commits";

/// Every statement is in the logs.
pub(crate) fn logging_statements(options: SystemOptions) -> SystemOptions {
    SERVICES.into_iter().fold(options, |options, service| {
        options.with_env(service, "RUST_LOG", "info,sqlx::query=debug")
    })
}

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

/// Runs that have completed, by the Temporal server's own count: nobody is asked who would count it.
pub(crate) async fn completed_runs(world: &World) -> u64 {
    let text = scrape(world.system.temporal_metrics_url().expect("our own server")).await;
    samples(&text, "workflow_success").map(|(_, value)| value).sum()
}

/// How often events were acknowledged, by order-api's own count.
pub(crate) async fn acknowledgements(world: &World) -> u64 {
    http(world).await.get("order-api POST /outbox/ack").copied().unwrap_or_default()
}

/// Transactions that every service has written, by its own count.
pub(crate) async fn transactions(world: &World) -> Counts {
    let mut counts = Counts::new();
    for service in SERVICES {
        let text = scrape(&metrics_of(world, service)).await;
        let written = samples(&text, "database_write_seconds_count").map(|(_, value)| value).sum();
        counts.insert(service.to_owned(), written);
    }
    counts
}

/// Transactions of every service that these statements tell of.
pub(crate) fn transactions_in(statements: &Counts) -> Counts {
    let mut counts = Counts::new();
    for (name, count) in statements {
        let (service, kind) = name.split_once(": ").expect("a service and what it did");
        if kind != STATEMENTS {
            *counts.entry(service.to_owned()).or_default() += count;
        }
    }
    counts
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
            tell_apart(service, &mut counts);
        }
        counts
    }
}

/// What a line of a log tells of.
///
/// A transaction of SQLite begins by saying how it is to be made durable; neither its `begin` nor its `commit` is logged. One
/// of PostgreSQL says so only if its commit need not be waited for; its `begin` is not logged, its `COMMIT` is.
///
/// Long polls are left out, which are asked again after every commit and after every wait; so are scrapes, and the opening
/// of a connection.
fn kind_of(line: &str) -> Option<&'static str> {
    let line: Value = serde_json::from_str(line).ok()?;
    if line.get("target")? != "sqlx::query" {
        return None;
    }
    let statement = match line.get("db.statement")?.as_str()?.trim() {
        "" => line.get("summary")?.as_str()?,
        long => long,
    };
    match statement {
        "pragma synchronous = full" => Some(DURABLE),
        "pragma synchronous = normal" | "set local synchronous_commit = off" => Some(RELAXED),
        "COMMIT" => Some(COMMITS),
        "ROLLBACK" => Some(UNDONE),
        other if OPENING.iter().any(|word| other.to_lowercase().starts_with(word)) => None,
        other if BY_TIME_IN_SQL.iter().any(|begin| other.starts_with(begin)) => None,
        _ => Some(STATEMENTS),
    }
}

/// Commits that were not said to be relaxed are durable.
///
/// # Panics
/// When it may have been a relaxed transaction that was undone: what was committed cannot be told then.
fn tell_apart(service: &str, counts: &mut Counts) {
    let Some(commits) = counts.remove(&format!("{service}: {COMMITS}")) else { return };
    let count = |kind: &str| counts.get(&format!("{service}: {kind}")).copied().unwrap_or_default();
    let (relaxed, undone) = (count(RELAXED), count(UNDONE));
    assert!(relaxed == 0 || undone == 0, "{service} has undone one of {counts:?}");
    let durable = commits.checked_sub(relaxed).expect("what is relaxed is committed");
    if durable > 0 {
        counts.insert(format!("{service}: {DURABLE}"), durable);
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

#[test]
fn commits_of_postgresql_are_told_apart() {
    let line = |statement: &str| {
        let fields = serde_json::json!({
            "target": "sqlx::query", "summary": statement, "db.statement": "",
        });
        fields.to_string()
    };
    let log = ["set local synchronous_commit = off", "update t", "COMMIT", "insert", "COMMIT"];

    let mut counts = Counts::new();
    for kind in log.iter().filter_map(|statement| kind_of(&line(statement))) {
        *counts.entry(format!("a: {kind}")).or_default() += 1;
    }
    tell_apart("a", &mut counts);

    let told = [("a: durable commits", 1), ("a: relaxed commits", 1), ("a: statements", 2)];
    assert_eq!(counts, told.map(|(name, count)| (name.to_owned(), count)).into());
    assert_eq!(transactions_in(&counts), Counts::from([("a".to_owned(), 2)]));
}
