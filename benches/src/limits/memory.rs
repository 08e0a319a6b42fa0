//! What the processes take of the machine's memory, and how soon order-api serves.

use super::{Finding, READY_WITHIN, send, used_now};
use crate::statistics::median;
use anyhow::{Context, ensure};
use lacadon::crash::lab::{Lab, LabOptions};
use lacadon::crash::quiet::Looker;
use lacadon::load::drive::{Pace, Shop};
use std::time::{Duration, Instant};

/// Runs that the worker keeps at once.
const RUNS: usize = 1000;

/// Orders that are marked at once.
const AT_ONCE: usize = 16;

/// order-api is started so often.
const STARTS: usize = 5;

const RUNS_WITHIN: Duration = Duration::from_secs(300);
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Measures on files: voucher-api is taken away, so that the runs stay, waiting for it.
///
/// # Errors
/// When the system does not work.
pub async fn measure(options: LabOptions) -> anyhow::Result<Vec<Finding>> {
    let lab = Lab::start(options, |system| system).await?;
    let shop = Shop::of(&lab)?;
    // One of ten earns nothing and does not wait.
    let orders = shop.record(RUNS * 10 / 9 + STARTS + 1).await?;
    let (orders, for_starts) = orders.split_at(RUNS * 10 / 9 + 1);
    lab.system.process("voucher-api")?.stop().await?;
    send(&shop, orders, Pace::Concurrency(AT_ONCE)).await?;
    let looker = Looker::of(&lab.system).await?;
    let give_up = Instant::now() + RUNS_WITHIN;
    while looker.look(None).await?.runs < u64::try_from(RUNS)? {
        ensure!(Instant::now() < give_up, "the runs do not come up");
        tokio::time::sleep(LOOK_EVERY).await;
    }
    lab.system.process("voucher-api")?.start().await?;
    lab.system.process("voucher-api")?.wait_until_ready(READY_WITHIN).await?;
    let used = used_now(&lab).await;
    let mib = |name: &str| used.get(name).map_or(0.0, |used| used.rss_mib);

    let order_api = lab.system.process("order-api")?;
    let mut starts = Vec::new();
    for order_id in for_starts {
        order_api.stop().await?;
        let begun = Instant::now();
        order_api.start().await?;
        order_api.wait_until_ready(READY_WITHIN).await?;
        shop.mark_sent(*order_id).await?;
        starts.push(begun.elapsed().as_secs_f64());
    }
    let first = median(&starts).context("no start")?;
    lab.stop().await?;
    let services = ["order-api", "voucher-api", "risk-api", "desk-api", "gateway"];
    let services = services.map(|name| format!("{name} {:.0}", mib(name)));
    Ok(vec![
        Finding::new(
            "memory of each service, after 1,000 orders",
            "40 MiB",
            format!("{} MiB", services.join(", ")),
        ),
        Finding::new(
            format!("memory of the worker while it keeps {RUNS} runs that wait"),
            "60 MiB",
            format!("{:.0} MiB", mib("worker")),
        ),
        Finding::new(
            "order-api, from its start until the first order is served",
            "1 s",
            format!("{first:.2} s"),
        ),
    ])
}
