//! The steps of the voucher capability. Both are owed and neither has an undo: a voucher once issued stays.

use super::{StepName, complete_local_first};
use capabilities::voucher::{Decide, Issue};
use contracts::vouchers::{
    DecideVoucher, DecisionRefusal, IssueRefusal, IssueVoucher, IssuedVoucher, VoucherDecision,
};
use contracts::{OrderId, Reply};
use temporalio_workflow::{ActivityExecutionError, WorkflowContext};

/// Asks whether the order earned a voucher.
///
/// # Errors
/// When an operator fails the pending activity by hand, or its answer cannot be decoded.
pub async fn decide<W>(
    ctx: &WorkflowContext<W>,
    order_id: OrderId,
) -> Result<Reply<VoucherDecision, DecisionRefusal>, ActivityExecutionError> {
    let name = StepName {
        activity_id: "decide",
        summary: format!("Has order {order_id} earned a voucher?"),
    };
    complete_local_first(ctx, || Decide, DecideVoucher { order_id }, name).await
}

/// Has the voucher issued, exactly once however often this runs.
///
/// # Errors
/// When an operator fails the pending activity by hand, or its answer cannot be decoded.
pub async fn issue<W>(
    ctx: &WorkflowContext<W>,
    voucher: IssueVoucher,
) -> Result<Reply<IssuedVoucher, IssueRefusal>, ActivityExecutionError> {
    let name = StepName {
        activity_id: "issue",
        summary: format!("Issue a voucher of {} for order {}", voucher.value, voucher.order_id),
    };
    complete_local_first(ctx, || Issue, voucher, name).await
}
