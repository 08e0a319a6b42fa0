//! The one list of what this worker runs. Tests loop over it: a process that can run cannot be left out.

use activities::voucher::VoucherActivities;
use temporalio_sdk::workflow_replayer::WorkflowReplayerOptions;
use temporalio_sdk::{WorkerOptions, WorkflowRegistrationError};
use workflows::TASK_QUEUE;
use workflows::grant_voucher::{GRANT_VOUCHER, GrantVoucher};

/// A process that this worker runs.
#[derive(Clone, Copy)]
pub struct Process {
    /// Its workflow type.
    pub workflow_type: &'static str,
    for_work: fn(&mut WorkerOptions) -> Result<(), WorkflowRegistrationError>,
    for_replay: fn(&mut WorkflowReplayerOptions) -> Result<(), WorkflowRegistrationError>,
}

/// Every process. A new one is a line here.
pub const PROCESSES: [Process; 1] = [Process {
    workflow_type: GRANT_VOUCHER,
    for_work: |options| options.register_workflow::<GrantVoucher>().map(drop),
    for_replay: |options| options.register_workflow::<GrantVoucher>().map(drop),
}];

/// Every activity, made for one generation of the SDK's worker. A new capability is a line here.
pub struct Activities {
    /// `voucher.decide`, `voucher.issue`.
    pub voucher: VoucherActivities,
}

impl Activities {
    fn register(self, options: &mut WorkerOptions) {
        options.register_activities(self.voucher);
    }
}

/// The types of every process.
pub fn workflow_types() -> impl Iterator<Item = &'static str> {
    PROCESSES.into_iter().map(|process| process.workflow_type)
}

/// The options of a worker that runs everything; how it polls is for the caller to set.
///
/// # Errors
/// When two processes have the same type.
pub fn for_work(activities: Activities) -> Result<WorkerOptions, WorkflowRegistrationError> {
    let mut options = WorkerOptions::new(TASK_QUEUE).build();
    for process in PROCESSES {
        (process.for_work)(&mut options)?;
    }
    activities.register(&mut options);
    Ok(options)
}

/// The options of a replayer that knows every process.
///
/// # Errors
/// When two processes have the same type.
pub fn for_replay() -> Result<WorkflowReplayerOptions, WorkflowRegistrationError> {
    let mut options = WorkflowReplayerOptions::new().task_queue(TASK_QUEUE.to_owned()).build();
    for process in PROCESSES {
        (process.for_replay)(&mut options)?;
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_process_is_listed_once_and_under_its_own_name() {
        let options = for_replay().expect("no two of one type");
        drop(options);

        assert_eq!(workflow_types().collect::<BTreeSet<_>>().len(), PROCESSES.len());
        assert_eq!(GrantVoucher::name(), GRANT_VOUCHER);
    }
}
