//! The reconciler's schedule stays paused during a campaign. Where there is no such schedule yet, it is waited for.

use crate::system::System;
use crate::temporal;
use std::time::Duration;
use temporalio_client::schedules::PauseScheduleOptions;

/// The id of the schedule.
const SCHEDULE: &str = "reconcile";

/// Between two tries.
const TRY_EVERY: Duration = Duration::from_millis(500);

/// Pauses it as soon as it is there. A schedule that was paused once stays so through every crash.
pub(super) async fn keep_paused(system: &System) {
    loop {
        if let Ok(client) = temporal::connect(system.temporal_address(), system.namespace()).await {
            let schedule = client.get_schedule_handle(SCHEDULE);
            let note = Some("a crash campaign: what it would mend is a loss");
            if schedule.pause(note, PauseScheduleOptions::default()).await.is_ok() {
                return;
            }
        }
        tokio::time::sleep(TRY_EVERY).await;
    }
}
