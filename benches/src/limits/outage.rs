//! What an outage of Temporal does: to those who mark orders sent meanwhile, and to the events that wait.

use super::{Finding, READY_WITHIN, be_quiet, send};
use crate::audit::audit_all;
use crate::statistics::Estimate;
use anyhow::{Context, ensure};
use contracts::OrderId;
use lacadon::crash::lab::{Lab, LabOptions};
use lacadon::ledger;
use lacadon::load::Latency;
use lacadon::load::drive::{Pace, Shop};
use lacadon::load::meter::{Meter, Usage};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Orders per second at which nothing waits for anything else.
const IDLE_RATE: u32 = 4;

/// Orders of the measurement of an idle system.
const IDLE_ORDERS: usize = 100;

/// Orders per second while Temporal comes and goes: less than the system takes.
const RATE: u32 = 20;

/// Orders of each phase.
const PHASE_ORDERS: usize = 300;

/// Orders of a measurement of the steady maximum.
const STEADY_ORDERS: usize = 2000;

/// As many events wait at the most while the steady maximum is measured.
const BACKLOG: usize = 96;

/// Orders that are marked at once when it is only about how many there are.
const AT_ONCE: usize = 64;

const QUIET_WITHIN: Duration = Duration::from_secs(3600);

/// Between two looks at a short backlog.
const LOOK_OFTEN: Duration = Duration::from_millis(100);

/// Between two looks at a long one, which is read as a whole.
const LOOK_RARELY: Duration = Duration::from_secs(3);

/// Measures on files, in rounds of Temporal up and down; then drains `drained` events after an outage.
///
/// # Errors
/// When the system does not work, or the audit does not hold.
pub async fn measure(
    options: LabOptions,
    rounds: usize,
    drained: usize,
) -> anyhow::Result<Vec<Finding>> {
    let lab = Lab::start(options, |system| system).await?;
    let shop = Shop::of(&lab)?;
    let recorded =
        shop.record(IDLE_ORDERS + rounds * 2 * PHASE_ORDERS + 2 * STEADY_ORDERS + drained).await?;
    let (idle, rest) = recorded.split_at(IDLE_ORDERS);
    let (phases, rest) = rest.split_at(rounds * 2 * PHASE_ORDERS);
    let (steady, backlog) = rest.split_at(2 * STEADY_ORDERS);

    let mut findings = vec![commit_to_start(&lab, &shop, idle).await?];
    findings.push(up_and_down(&lab, &shop, phases).await?);
    findings.extend(drain(&lab, &shop, steady, backlog).await?);
    audit_all(&lab, recorded.len()).await?;
    lab.stop().await?;
    Ok(findings)
}

/// How old an event is when its start is sent, on an idle system, as the worker logs it.
async fn commit_to_start(lab: &Lab, shop: &Shop, orders: &[OrderId]) -> anyhow::Result<Finding> {
    let log = lab.system.process("worker")?.log_path().to_path_buf();
    let before = std::fs::read_to_string(&log)?.len();
    send(shop, orders, Pace::Rate(IDLE_RATE)).await?;
    be_quiet(lab, QUIET_WITHIN).await?;
    let text = std::fs::read_to_string(&log)?;
    let lines = text.get(before..).context("a log only grows")?.lines();
    let started = lines.filter_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        line.get("age_ms")?.as_f64().map(|ms| Duration::from_secs_f64(ms / 1000.0))
    });
    let mut ages: Vec<Duration> = started.collect();
    ensure!(ages.len() == orders.len(), "{} starts of {} are logged", ages.len(), orders.len());
    ages.sort_unstable();
    let Latency { p50_ms, p99_ms, .. } = Latency::of(&ages).context("no start")?;
    Ok(Finding::new(
        "event committed until its start is sent, idle",
        "p50 3 ms, p99 15 ms",
        format!("p50 {p50_ms:.1} ms, p99 {p99_ms:.1} ms"),
    ))
}

/// `mark-sent` while Temporal is there and while it is away, in turn.
async fn up_and_down(lab: &Lab, shop: &Shop, orders: &[OrderId]) -> anyhow::Result<Finding> {
    let temporal = lab.system.process("temporal")?;
    let mut ratios = Vec::new();
    let mut each = Vec::new();
    for round in orders.chunks(2 * PHASE_ORDERS) {
        let (while_up, while_down) = round.split_at(PHASE_ORDERS);
        let up = send(shop, while_up, Pace::Rate(RATE)).await?;
        be_quiet(lab, QUIET_WITHIN).await?;
        temporal.stop().await?;
        let down = send(shop, while_down, Pace::Rate(RATE)).await?;
        temporal.start().await?;
        temporal.wait_until_ready(READY_WITHIN).await?;
        be_quiet(lab, QUIET_WITHIN).await?;
        ratios.push(down.p99_ms / up.p99_ms);
        each.push(format!("{:.1} and {:.1} ms", down.p99_ms, up.p99_ms));
    }
    let ratio = Estimate::of(&ratios).map(|ratio| ratio.as_ratio()).unwrap_or_default();
    let errors = shop.errors();
    let errors = if errors.is_empty() { "none".to_owned() } else { format!("{errors:?}") };
    Ok(Finding::new(
        "mark-sent p99 with Temporal down against up; errors",
        "1.1×; none",
        format!("{ratio} ({}); {errors}", each.join(", ")),
    ))
}

/// How fast a backlog is drained once Temporal is back, and what memory that takes; the steady maximum before it and after
/// it, because the machine is not the same for so long.
async fn drain(
    lab: &Lab,
    shop: &Shop,
    steady: &[OrderId],
    backlog: &[OrderId],
) -> anyhow::Result<Vec<Finding>> {
    let (before, after) = steady.split_at(STEADY_ORDERS);
    let before = steady_maximum(lab, shop, before).await?;
    let temporal = lab.system.process("temporal")?;
    temporal.stop().await?;
    send(shop, backlog, Pace::Concurrency(AT_ONCE)).await?;
    temporal.start().await?;
    temporal.wait_until_ready(READY_WITHIN).await?;
    let begun = Instant::now();
    let first_half = used_until(lab, backlog.len() / 2).await?;
    let second_half = used_until(lab, 0).await?;
    be_quiet(lab, QUIET_WITHIN).await?;
    let drained = per_second(backlog.len(), begun)?;
    let after = steady_maximum(lab, shop, after).await?;
    let memory = ["worker", "order-api", "voucher-api", "temporal"].map(|name| {
        let mib = |used: &BTreeMap<String, Usage>| used.get(name).map_or(0.0, |used| used.rss_mib);
        format!("{name} {:.0} and {:.0}", mib(&first_half), mib(&second_half))
    });
    Ok(vec![
        Finding::new(
            format!("draining {} events after an outage against the steady maximum", backlog.len()),
            "0.9×",
            format!(
                "{:.2}× ({drained:.1} per s; {before:.1} before and {after:.1} after)",
                drained / before.midpoint(after)
            ),
        ),
        Finding::new(
            "the most memory in the first half of the draining, and in the second",
            "flat",
            format!("{} MiB", memory.join(", ")),
        ),
    ])
}

/// Orders per second while there is always one to relay, and never many.
async fn steady_maximum(lab: &Lab, shop: &Shop, orders: &[OrderId]) -> anyhow::Result<f64> {
    let begun = Instant::now();
    for some in orders.chunks(BACKLOG / 2) {
        send(shop, some, Pace::Concurrency(AT_ONCE)).await?;
        until_fewer_wait(lab, BACKLOG / 2, LOOK_OFTEN).await?;
    }
    be_quiet(lab, QUIET_WITHIN).await?;
    per_second(orders.len(), begun)
}

async fn until_fewer_wait(lab: &Lab, than: usize, look_every: Duration) -> anyhow::Result<()> {
    let give_up = Instant::now() + QUIET_WITHIN;
    let orders = lab.system.order_database_url();
    while usize::try_from(ledger::count_unsettled_events(orders, None).await?)? > than {
        ensure!(Instant::now() < give_up, "more than {than} events wait for ever");
        tokio::time::sleep(look_every).await;
    }
    Ok(())
}

/// What each process uses until no more events than `left` wait.
async fn used_until(lab: &Lab, left: usize) -> anyhow::Result<BTreeMap<String, Usage>> {
    let stop = CancellationToken::new();
    let used = Meter::start(lab, &[]).watch(stop.clone());
    let waiting = async {
        let _stop = stop.drop_guard();
        until_fewer_wait(lab, left, LOOK_RARELY).await
    };
    let (used, waited) = tokio::join!(used, waiting);
    waited.map(|()| used)
}

fn per_second(orders: usize, since: Instant) -> anyhow::Result<f64> {
    Ok(f64::from(u32::try_from(orders)?) / since.elapsed().as_secs_f64())
}
