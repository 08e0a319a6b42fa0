//! The steps of the credit capability, each beside its undo.
//!
//! | step | kind | undone by |
//! |---|---|---|
//! | [`reserve`] | compensatable: may be given up | [`release`] |
//! | [`confirm`] | retriable: owed | – |

use super::{Limits, StepName, Tried, complete_local_first, try_local_first};
use capabilities::credit::{Confirm, Release, Reserve};
use contracts::credit::{
    ConfirmCredit, ConfirmRefusal, CreditConfirmed, CreditReleased, CreditReserved, ReleaseCredit,
    ReserveCredit, ReserveRefusal,
};
use contracts::{OrderId, Reply};
use temporalio_workflow::{ActivityExecutionError, WorkflowContext};

/// Has the order's credit reserved.
pub async fn reserve<W>(
    ctx: &WorkflowContext<W>,
    credit: ReserveCredit,
    limits: &Limits,
) -> Tried<Reply<CreditReserved, ReserveRefusal>> {
    let name = StepName {
        activity_id: "reserve",
        summary: format!("Reserve {} for order {}", credit.amount, credit.order_id),
    };
    try_local_first(ctx, || Reserve, credit, name, limits).await
}

/// Releases the order's credit, whether it was reserved or still will be; it reserves no more.
///
/// # Errors
/// When an operator fails the pending activity by hand, or its answer cannot be decoded.
pub async fn release<W>(
    ctx: &WorkflowContext<W>,
    credit: ReleaseCredit,
) -> Result<CreditReleased, ActivityExecutionError> {
    let name = StepName {
        activity_id: "release",
        summary: format!("Release the credit of order {}: {}", credit.order_id, credit.reason),
    };
    complete_local_first(ctx, || Release, credit, name).await
}

/// Lets the approved order keep its credit.
///
/// # Errors
/// When an operator fails the pending activity by hand, or its answer cannot be decoded.
pub async fn confirm<W>(
    ctx: &WorkflowContext<W>,
    order_id: OrderId,
) -> Result<Reply<CreditConfirmed, ConfirmRefusal>, ActivityExecutionError> {
    let name = StepName {
        activity_id: "confirm",
        summary: format!("Confirm the credit of order {order_id}"),
    };
    complete_local_first(ctx, || Confirm, ConfirmCredit { order_id }, name).await
}
