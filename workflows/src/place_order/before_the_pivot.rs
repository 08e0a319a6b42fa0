//! The steps of a placement up to its pivot. Each may be given up, because its undo follows; the pivot may not.

use super::{PlaceOrder, PlaceOrderInput, PlacementState, contents_hash};
use crate::failure::{Failed, FailureKind};
use crate::steps::{self, Limits, Tried};
use contracts::credit::{ReserveCredit, ReserveRefusal};
use contracts::placement::{
    ApproveRefusal, CreateOrder, CreateRefusal, CreatedOrder, RejectReason,
};
use contracts::{Money, OrderId, Reply};
use futures::FutureExt;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;
use temporalio_workflow::{
    ActivityExecutionError, WorkflowCancellationToken, WorkflowContext, select,
};

/// How long order-api may be away until the order is rejected for it: about as long as a customer waits.
pub const ORDER_PATIENCE: Duration = Duration::from_secs(30);

/// The same of the risk service, unless the input says otherwise.
pub const RISK_PATIENCE: Duration = Duration::from_secs(30);

/// Time for one attempt. With none, the server would refuse the step, and the run would hang instead of giving up.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);

/// Whoever waits longer than this does not wait any more.
const LONGEST_PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// What the steps before the pivot came to.
pub(super) enum Decided {
    Approved,
    Rejected(RejectReason),
    /// Nothing of this id is ours to undo.
    NotOurs(Failed),
}

impl PlaceOrder {
    /// The steps up to the pivot. Each may be given up, because its undo follows; the pivot may not.
    pub(super) async fn decide(
        ctx: &WorkflowContext<Self>,
        input: &PlaceOrderInput,
    ) -> Result<Decided, ActivityExecutionError> {
        Self::enter(ctx, PlacementState::Creating, "Having the order written down as pending.");
        let created = match Self::create(ctx, input).await {
            Ok(created) if created.is_approved => return Ok(Decided::Approved),
            Ok(created) => created,
            Err(decided) => return Ok(decided),
        };
        Self::enter(ctx, PlacementState::Reserving, "Having its credit reserved.");
        if let Err(reason) = Self::reserve(ctx, input, created.total).await {
            return Ok(Decided::Rejected(reason));
        }
        if let Some(reason) = ctx.state(|run| run.status.cancel_requested) {
            return Ok(Decided::Rejected(reason));
        }
        Self::enter(ctx, PlacementState::Approving, "Having the order approved.");
        Ok(match steps::order::approve(ctx, input.order_id).await? {
            Reply::Granted(_) => Decided::Approved,
            Reply::Refused(ApproveRefusal::Discarded { reason }) => Decided::Rejected(reason),
            // It was pending a moment ago: the order store has lost it.
            Reply::Refused(ApproveRefusal::OrderUnknown) => {
                Decided::Rejected(RejectReason::OrderStoreFailed)
            }
        })
    }

    async fn create(
        ctx: &WorkflowContext<Self>,
        input: &PlaceOrderInput,
    ) -> Result<CreatedOrder, Decided> {
        let PlaceOrderInput { order_id, request, .. } = input.clone();
        let contents_hash = contents_hash(&request);
        let order = CreateOrder { order_id, request, contents_hash };
        let limits = limits(ORDER_PATIENCE);
        let step = steps::order::create(ctx, order, &limits);
        let reason = match Self::unless_called_off(ctx, step, &limits).await {
            Ok(Tried::Answered(Reply::Granted(created))) => {
                ctx.state_mut(|run| run.status.total = Some(created.total));
                return Ok(created);
            }
            Ok(Tried::Answered(Reply::Refused(CreateRefusal::ContentsDiffer))) => {
                return Err(Decided::NotOurs(another_request(order_id)));
            }
            Ok(Tried::Answered(Reply::Refused(CreateRefusal::Discarded { reason }))) => reason,
            Ok(Tried::Answered(Reply::Refused(CreateRefusal::Invalid { .. }))) => {
                RejectReason::InvalidOrder
            }
            Ok(Tried::InVain) => RejectReason::OrderStoreFailed,
            Err(called_off) => called_off,
        };
        Err(Decided::Rejected(reason))
    }

    async fn reserve(
        ctx: &WorkflowContext<Self>,
        input: &PlaceOrderInput,
        amount: Money,
    ) -> Result<(), RejectReason> {
        let PlaceOrderInput { order_id, request, risk_patience_ms, .. } = input;
        let customer_id = request.customer_id.clone();
        let credit = ReserveCredit { order_id: *order_id, customer_id, amount };
        let limits = limits(risk_patience_ms.map_or(RISK_PATIENCE, Duration::from_millis));
        let step = steps::credit::reserve(ctx, credit, &limits);
        match Self::unless_called_off(ctx, step, &limits).await {
            Ok(Tried::Answered(Reply::Granted(_))) => Ok(()),
            Ok(Tried::Answered(Reply::Refused(refusal))) => Err(reason_to_reject(refusal)),
            Ok(Tried::InVain) => Err(RejectReason::RiskUnavailable),
            Err(called_off) => Err(called_off),
        }
    }

    /// Goes on with a step before the pivot until it is answered or somebody calls the placement off.
    async fn unless_called_off<T>(
        ctx: &WorkflowContext<Self>,
        step: impl Future<Output = Tried<T>>,
        limits: &Limits,
    ) -> Result<Tried<T>, RejectReason> {
        let mut step = pin!(step.fuse());
        let called_off = Self::wait_until(ctx, |status| status.cancel_requested.is_some());
        let mut called_off = pin!(called_off.fuse());
        select! {
            () = called_off => limits.token.cancel(),
            tried = step => return Ok(tried),
        }
        // The attempt under way may still land; its undo's tombstone is for that.
        Err(ctx.state(|run| run.status.cancel_requested).unwrap_or(RejectReason::Other))
    }
}

fn limits(patience: Duration) -> Limits {
    let patience = patience.clamp(LEAST_PATIENCE, LONGEST_PATIENCE);
    Limits { token: WorkflowCancellationToken::new(), patience }
}

pub(super) fn another_request(order_id: OrderId) -> Failed {
    FailureKind::ContentsDiffer.because(format!(
        "order {order_id} belongs to another request; use another idempotency key"
    ))
}

fn reason_to_reject(refusal: ReserveRefusal) -> RejectReason {
    match refusal {
        ReserveRefusal::InsufficientCredit => RejectReason::InsufficientCredit,
        ReserveRefusal::RiskTooHigh => RejectReason::RiskTooHigh,
        ReserveRefusal::UnknownCustomer => RejectReason::UnknownCustomer,
        ReserveRefusal::CurrencyDiffers => RejectReason::CurrencyDiffers,
        // Another run was here before: discard knows what it came to.
        ReserveRefusal::Released | ReserveRefusal::ContentsDiffer => RejectReason::Other,
    }
}
