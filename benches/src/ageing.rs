//! A process that does nothing but run the product's activities again and again, so that a worker grows old soon: an
//! order a run, as the product has it, would take hours.

#![expect(missing_docs, reason = "the macro makes markers without docs; their methods have them")]

use crate::designs::{local, owed};
use capabilities::voucher::{Decide, Issue};
use contracts::OrderId;
use contracts::vouchers::DecideVoucher;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{WorkerOptions, WorkflowRegistrationError};
use temporalio_workflow::{WorkflowContext, WorkflowResult};
use worker::registry::{self, Activities};

/// The type name of the process.
const AGEING: &str = "Ageing";

/// Activities of one run.
pub const ACTIVITIES: usize = 40;

/// Decides and issues, again and again.
#[workflow]
#[derive(Default)]
pub struct Ageing;

#[workflow_methods]
impl Ageing {
    /// For an order that was sent and earned its voucher; it keeps that one. How many activities were run.
    #[run(name = AGEING)]
    pub async fn run(ctx: &mut WorkflowContext<Self>, order_id: OrderId) -> WorkflowResult<usize> {
        let mut activities = 0;
        for _ in 0..ACTIVITIES / 2 {
            activities += 1;
            let decided =
                ctx.execute_local_activity(Decide, DecideVoucher { order_id }, local()).await?;
            if let Some(voucher) = owed(decided) {
                activities += 1;
                ctx.execute_local_activity(Issue, voucher, local()).await?;
            }
        }
        Ok(activities)
    }
}

/// All that the product's worker runs, and [`Ageing`].
///
/// # Errors
/// When two processes have the same type.
pub fn for_work(activities: Activities) -> Result<WorkerOptions, WorkflowRegistrationError> {
    let mut options = registry::for_work(activities)?;
    options.register_workflow::<Ageing>()?;
    Ok(options)
}
