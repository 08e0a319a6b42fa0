//! The one list of what this worker runs. Tests loop over it: a process that can run cannot be left out.

use crate::owners::OWNERS;
use activities::books::{Books, BooksActivities};
use activities::credit::CreditActivities;
use activities::order::OrderActivities;
use activities::voucher::VoucherActivities;
use connections::call::Service;
use temporalio_sdk::workflow_replayer::WorkflowReplayerOptions;
use temporalio_sdk::{WorkerOptions, WorkflowRegistrationError};
use workflows::TASK_QUEUE;
use workflows::grant_voucher::{GRANT_VOUCHER, GrantVoucher};
use workflows::place_order::{PLACE_ORDER, PlaceOrder};
use workflows::reconcile::{RECONCILE, Reconcile};
use workflows::release_credit::{RELEASE_CREDIT, ReleaseCredit};

/// A process that this worker runs.
#[derive(Clone, Copy)]
pub struct Process {
    /// Its workflow type.
    pub workflow_type: &'static str,
    for_work: fn(&mut WorkerOptions) -> Result<(), WorkflowRegistrationError>,
    for_replay: fn(&mut WorkflowReplayerOptions) -> Result<(), WorkflowRegistrationError>,
}

/// Every process. A new one is a line here.
pub const PROCESSES: [Process; 4] = [
    Process {
        workflow_type: GRANT_VOUCHER,
        for_work: |options| options.register_workflow::<GrantVoucher>().map(drop),
        for_replay: |options| options.register_workflow::<GrantVoucher>().map(drop),
    },
    Process {
        workflow_type: PLACE_ORDER,
        for_work: |options| options.register_workflow::<PlaceOrder>().map(drop),
        for_replay: |options| options.register_workflow::<PlaceOrder>().map(drop),
    },
    Process {
        workflow_type: RECONCILE,
        for_work: |options| options.register_workflow::<Reconcile>().map(drop),
        for_replay: |options| options.register_workflow::<Reconcile>().map(drop),
    },
    Process {
        workflow_type: RELEASE_CREDIT,
        for_work: |options| options.register_workflow::<ReleaseCredit>().map(drop),
        for_replay: |options| options.register_workflow::<ReleaseCredit>().map(drop),
    },
];

/// What the activities call.
#[derive(Debug, Clone)]
pub struct Services {
    /// Keeps the orders.
    pub order_api: Service,
    /// Keeps the vouchers.
    pub voucher_api: Service,
    /// Keeps the customers' credit.
    pub risk_api: Service,
    /// Keeps what people must look at.
    pub desk_api: Service,
    /// The first three as the auditor reads them.
    pub books: Books,
}

/// Every activity, made for one generation of the SDK's worker. A new capability is a line here.
pub struct Activities {
    /// `books.look`, `books.attend`, …
    pub books: BooksActivities,
    /// `order.create`, `order.discard`, …
    pub order: OrderActivities,
    /// `credit.reserve`, `credit.release`, …
    pub credit: CreditActivities,
    /// `voucher.decide`, `voucher.issue`.
    pub voucher: VoucherActivities,
}

impl Activities {
    /// On these services.
    #[must_use]
    pub fn on(services: &Services) -> Self {
        let Services { order_api, voucher_api, risk_api, desk_api, books } = services.clone();
        Self {
            books: BooksActivities { books, desk_api, owners: OWNERS },
            order: OrderActivities { order_api: order_api.clone() },
            credit: CreditActivities { risk_api },
            voucher: VoucherActivities { order_api, voucher_api },
        }
    }

    fn register(self, options: &mut WorkerOptions) {
        options.register_activities(self.books);
        options.register_activities(self.order);
        options.register_activities(self.credit);
        options.register_activities(self.voucher);
    }
}

/// The types of every process.
pub fn workflow_types() -> impl Iterator<Item = &'static str> {
    PROCESSES.into_iter().map(|process| process.workflow_type)
}

/// What a worker runs on these activities: [`for_work`], or that and more.
pub type Runs = fn(Activities) -> Result<WorkerOptions, WorkflowRegistrationError>;

/// The options of a worker that runs everything; how it polls is for the caller to set.
///
/// # Errors
/// When two processes have the same type.
pub fn for_work(activities: Activities) -> Result<WorkerOptions, WorkflowRegistrationError> {
    let mut options = processes_for_work()?;
    activities.register(&mut options);
    Ok(options)
}

/// The options of a worker that runs every process on activities of the caller's, which it registers itself.
///
/// # Errors
/// When two processes have the same type.
pub fn processes_for_work() -> Result<WorkerOptions, WorkflowRegistrationError> {
    let mut options = WorkerOptions::new(TASK_QUEUE).build();
    for process in PROCESSES {
        (process.for_work)(&mut options)?;
    }
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
        assert_eq!(PlaceOrder::name(), PLACE_ORDER);
        assert_eq!(Reconcile::name(), RECONCILE);
        assert_eq!(ReleaseCredit::name(), RELEASE_CREDIT);
    }
}
