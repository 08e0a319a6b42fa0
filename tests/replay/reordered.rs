//! A voucher process whose steps changed places: it issues before it decides. No history of the real one may replay
//! against it.

use std::time::Duration;
use temporalio_common::UntypedActivity;
use temporalio_common::data_converters::RawValue;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{LocalActivityOptions, WorkflowContext, WorkflowResult};
use workflows::arg::Arg;
use workflows::grant_voucher::{GRANT_VOUCHER, GrantVoucherInput};

/// Under the real one's name.
#[workflow]
#[derive(Default)]
pub(crate) struct GrantVoucher;

#[workflow_methods]
impl GrantVoucher {
    /// Issues, then decides.
    #[run(name = GRANT_VOUCHER)]
    pub(crate) async fn run(
        ctx: &mut WorkflowContext<Self>,
        _input: Arg<GrantVoucherInput>,
    ) -> WorkflowResult<bool> {
        for (name, activity_id) in [("voucher.issue", "issue"), ("voucher.decide", "decide")] {
            // Untyped, so that a recorded answer of the other step is not what is noticed first.
            let options = LocalActivityOptions::builder()
                .activity_id(activity_id.to_owned())
                .start_to_close_timeout(Duration::from_secs(1))
                .build();
            ctx.execute_local_activity(UntypedActivity::new(name), RawValue::empty(), options)
                .await?;
        }
        Ok(true)
    }
}
