//! How many short histories are replayed in a second of one core.

use super::Finding;
use anyhow::Context;
use std::path::Path;
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};
use temporalio_client::WorkflowHistory;
use temporalio_sdk::workflow_replayer::WorkflowReplayer;
use worker::replay::read_history;

/// Histories that are replayed.
const HISTORIES: u32 = 4000;

/// A voucher that was granted at once: 8 events.
const HISTORY: &str = "tests/replay/GrantVoucher/granted.v1.json";

/// Replays the same history again and again, as one batch.
///
/// # Errors
/// When it does not replay.
pub async fn measure(workspace: &Path) -> anyhow::Result<Vec<Finding>> {
    let text = std::fs::read_to_string(workspace.join(HISTORY)).context(HISTORY)?;
    let history = read_history(&text)?;
    let replayer = WorkflowReplayer::new(worker::registry::for_replay()?)?;
    let histories = (0..HISTORIES).map(|_| WorkflowHistory::from(history.clone()));
    let before = processor_time()?;
    let results = replayer.replay_workflows(histories).await?;
    let spent = (processor_time()? - before).as_secs_f64();
    let failed = results.iter().filter(|result| result.replay_failure.is_some()).count();
    anyhow::ensure!(failed == 0, "{failed} histories did not replay");
    Ok(vec![Finding::new(
        "short histories replayed in one second of one core",
        "2,000",
        format!("{:.0} (8 events each)", f64::from(HISTORIES) / spent),
    )])
}

/// What this process has used of any core.
fn processor_time() -> anyhow::Result<std::time::Duration> {
    let own = sysinfo::get_current_pid().map_err(anyhow::Error::msg)?;
    let mut machine = System::new();
    let kind = ProcessRefreshKind::nothing().with_cpu();
    machine.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), true, kind);
    let process = machine.process(own).context("this process is not there")?;
    Ok(std::time::Duration::from_millis(process.accumulated_cpu_time()))
}
