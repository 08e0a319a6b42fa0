//! Whether a worker grows while it runs a million activities.

use super::{Finding, be_quiet, send, used_now};
use crate::ageing::{ACTIVITIES, Ageing};
use crate::audit::audit_all;
use anyhow::Context;
use contracts::OrderId;
use futures::stream::{self, StreamExt, TryStreamExt};
use lacadon::crash::lab::{Lab, LabOptions};
use lacadon::load::drive::{Pace, Shop};
use lacadon::temporal;
use std::path::PathBuf;
use std::time::Duration;
use temporalio_client::{Client, WorkflowGetResultOptions, WorkflowStartOptions};
use workflows::TASK_QUEUE;

/// Orders whose vouchers are decided and issued all the time. The first of ten earns nothing.
const ORDERS: usize = 10;

/// Runs that are under way at once.
const AT_ONCE: usize = 32;

/// So often the memory is told.
const LOOKS: usize = 20;

const QUIET_WITHIN: Duration = Duration::from_secs(60);

/// Measures on files. `worker` is `ageing-worker`.
///
/// # Errors
/// When the system does not work, or a voucher is lost or doubled by so many activities.
pub async fn measure(
    mut options: LabOptions,
    worker: PathBuf,
    activities: usize,
) -> anyhow::Result<Vec<Finding>> {
    options.binaries.worker = worker;
    let lab = Lab::start(options, |system| system).await?;
    let shop = Shop::of(&lab)?;
    let orders = shop.record(ORDERS).await?;
    send(&shop, &orders, Pace::Concurrency(1)).await?;
    be_quiet(&lab, QUIET_WITHIN).await?;

    let client = temporal::connect(lab.system.temporal_address(), lab.system.namespace()).await?;
    let runs = activities.div_ceil(LOOKS * ACTIVITIES).max(1);
    let mut memory = vec![format!("{:.0}", worker_mib(&lab).await?)];
    let mut done = 0;
    for look in 0..LOOKS {
        // The first earns nothing.
        let earning = orders.iter().skip(1).cycle().take(runs).enumerate();
        let each = earning
            .map(|(number, order_id)| run(&client, format!("ageing-{look}-{number}"), *order_id));
        let ran: Vec<usize> = stream::iter(each).buffer_unordered(AT_ONCE).try_collect().await?;
        done += ran.into_iter().sum::<usize>();
        memory.push(format!("{:.0}", worker_mib(&lab).await?));
    }
    audit_all(&lab, orders.len()).await?;
    lab.stop().await?;
    Ok(vec![Finding::new(
        format!("memory of the worker over {done} activities, {LOOKS} looks"),
        "has not grown",
        format!("{} MiB", memory.join(", ")),
    )])
}

/// What the worker takes now.
async fn worker_mib(lab: &Lab) -> anyhow::Result<f64> {
    let used = used_now(lab).await;
    Ok(used.get("worker").context("the worker is gone")?.rss_mib)
}

async fn run(client: &Client, id: String, order_id: OrderId) -> anyhow::Result<usize> {
    let options = WorkflowStartOptions::new(TASK_QUEUE, id).build();
    let run = client.start_workflow(Ageing::run, order_id, options).await?;
    Ok(run.get_result(WorkflowGetResultOptions::default()).await?)
}
