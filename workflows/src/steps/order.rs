//! The steps of the order capability, each beside its undo.
//!
//! | step | kind | undone by |
//! |---|---|---|
//! | [`create`] | compensatable: may be given up | [`discard`] |
//! | [`approve`] | the pivot: once asked, its answer is awaited | – |
//! | [`cancel`], [`notify`] | retriable: owed | – |

use super::{Limits, StepName, Tried, complete_local_first, try_local_first};
use capabilities::order::{Approve, Cancel, Create, Discard, Notify, Read};
use contracts::placement::{
    ApproveOrder, ApproveRefusal, ApprovedOrder, CancelRefusal, CancelledOrder, CreateOrder,
    CreateRefusal, CreatedOrder, DiscardOrder, Discarded, GiveNotice, NamedOrder, NoticeGiven,
    NoticeKind, NoticeRefusal, OrderStanding, ReadRefusal,
};
use contracts::{OrderId, Reply};
use temporalio_workflow::{ActivityExecutionError, WorkflowContext};

/// Has the order written down as pending.
pub async fn create<W>(
    ctx: &WorkflowContext<W>,
    order: CreateOrder,
    limits: &Limits,
) -> Tried<Reply<CreatedOrder, CreateRefusal>> {
    let name = StepName {
        activity_id: "create",
        summary: format!("Write order {} down as pending", order.order_id),
    };
    try_local_first(ctx, || Create, order, name, limits).await
}

/// Takes the order back, whether it was written down or still will be; or learns that it is approved.
///
/// # Errors
/// When an operator fails the pending activity by hand, or its answer cannot be decoded.
pub async fn discard<W>(
    ctx: &WorkflowContext<W>,
    order: DiscardOrder,
) -> Result<Discarded, ActivityExecutionError> {
    let name = StepName {
        activity_id: "discard",
        summary: format!("Discard order {}: {}", order.order_id, order.reason),
    };
    complete_local_first(ctx, || Discard, order, name).await
}

/// Has the order approved: the pivot.
///
/// # Errors
/// When an operator fails the pending activity by hand, or its answer cannot be decoded.
pub async fn approve<W>(
    ctx: &WorkflowContext<W>,
    order_id: OrderId,
) -> Result<Reply<ApprovedOrder, ApproveRefusal>, ActivityExecutionError> {
    let name = StepName { activity_id: "approve", summary: format!("Approve order {order_id}") };
    complete_local_first(ctx, || Approve, ApproveOrder { order_id }, name).await
}

/// Calls an approved order off.
///
/// # Errors
/// When an operator fails the pending activity by hand, or its answer cannot be decoded.
pub async fn cancel<W>(
    ctx: &WorkflowContext<W>,
    order_id: OrderId,
) -> Result<Reply<CancelledOrder, CancelRefusal>, ActivityExecutionError> {
    let name = StepName { activity_id: "cancel", summary: format!("Cancel order {order_id}") };
    complete_local_first(ctx, || Cancel, NamedOrder { order_id }, name).await
}

/// Reads where the order stands.
///
/// # Errors
/// When an operator fails the pending activity by hand, or its answer cannot be decoded.
pub async fn read<W>(
    ctx: &WorkflowContext<W>,
    order_id: OrderId,
) -> Result<Reply<OrderStanding, ReadRefusal>, ActivityExecutionError> {
    let name =
        StepName { activity_id: "read", summary: format!("Where does order {order_id} stand?") };
    complete_local_first(ctx, || Read, NamedOrder { order_id }, name).await
}

/// Tells the customer, once per order and kind however often this runs.
///
/// # Errors
/// When an operator fails the pending activity by hand, or its answer cannot be decoded.
pub async fn notify<W>(
    ctx: &WorkflowContext<W>,
    order_id: OrderId,
    kind: NoticeKind,
) -> Result<Reply<NoticeGiven, NoticeRefusal>, ActivityExecutionError> {
    let activity_id = match kind {
        NoticeKind::OrderApproved => "notify-approved",
        NoticeKind::OrderCancelled => "notify-cancelled",
    };
    let summary = format!("Tell the customer of order {order_id}: {}", kind.as_str());
    let name = StepName { activity_id, summary };
    complete_local_first(ctx, || Notify, GiveNotice { order_id, kind }, name).await
}
