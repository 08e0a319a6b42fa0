//! `PlaceOrder`: an order is approved and its customer's credit reserved, or neither; and the customer is told.
//!
//! Create pending (undo: discard) → reserve credit (undo: release) → **approve = pivot** → confirm credit, notify. The
//! run's id is `place-<order id>`. Its history is the memory of the placement: no service holds a lock or waits.
//!
//! Promises:
//! - It *completes* `approved`, `cancelled` (approved, then called off) or `rejected` with a reason; or it *fails* with
//!   [`FailureKind`] `InvalidInput`, `ContentsDiffer` or `ReservationUnknown`, and a person must look.
//! - Rejected leaves nothing in either database but the tombstones, which refuse what is still on its way.
//! - Unwinding begins with `discard` and awaits its answer: "already approved" turns the run forward, whichever
//!   execution or run had it approved. Only then is credit released, and only then is the customer told.
//! - Once approve was asked its answer is awaited, and what lies behind it is completed, whoever cancels.
//! - A cancel that is accepted is honoured: before approve was asked it unwinds, afterwards the order is cancelled.
//! - Run again, replayed, reset or doubled, it comes to the same: do and undo meet in one row of each service.

#![expect(
    missing_docs,
    reason = "the macro makes markers without docs; their methods below have them"
)]

mod before_the_pivot;
mod messages;

pub use before_the_pivot::{ORDER_PATIENCE, RISK_PATIENCE};
pub use messages::{
    CancelPlacement, Decision, Ending, PlaceAnswer, PlaceOrderInput, PlaceOrderOutcome,
    PlaceOrderStatus, PlacementState, contents_hash,
};

use crate::arg::Arg;
use crate::failure::{Failed, FailureKind};
use crate::run_id::input_of;
use crate::saga::Saga;
use crate::search_attributes::{CUSTOMER_ID, ORDER_ID, PLACEMENT_OUTCOME};
use crate::{owed, steps};
use before_the_pivot::{Decided, another_request};
use contracts::credit::{ConfirmRefusal, ReleaseCredit, ReleaseKind};
use contracts::placement::{
    CancelRefusal, DiscardOrder, Discarded, NoticeKind, OrderRequest, RejectReason,
};
use contracts::{OrderId, Reply};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{
    ActivityExecutionError, SyncWorkflowContext, WaitConditionOptions, WorkflowCancellationToken,
    WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination,
};

/// The type name of this process: in the history, the Web UI and the CLI.
pub const PLACE_ORDER: &str = "PlaceOrder";

/// Unreadable signals that are remembered; a longer list helps nobody.
const UNREADABLE_SIGNALS_KEPT: usize = 5;

/// The id of the run for this order.
#[must_use]
pub fn workflow_id(order_id: OrderId) -> String {
    format!("place-{order_id}")
}

/// The process.
#[workflow]
#[derive(Default)]
pub struct PlaceOrder {
    status: PlaceOrderStatus,
}

#[workflow_methods]
impl PlaceOrder {
    /// Decides, then goes on behind the pivot or unwinds, and says how it ended.
    #[run(name = PLACE_ORDER)]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        input: Arg<PlaceOrderInput>,
    ) -> WorkflowResult<PlaceOrderOutcome> {
        let input = match read(input, ctx.workflow_id()) {
            Ok(input) => input,
            Err(failed) => return Self::fail(ctx, failed).await,
        };
        ctx.state_mut(|run| {
            run.status.order_id = Some(input.order_id);
            run.status.customer_id = Some(input.request.customer_id.clone());
            run.status.contents_hash = Some(contents_hash(&input.request));
        });
        let placed = Self::place_or_unwind(ctx, &input);
        match owed::complete(ctx, placed, Self::note_cancel_request).await? {
            Ok(ending) => Ok(Self::end(ctx, &input, ending)),
            Err(failed) => Self::fail(ctx, failed).await,
        }
    }

    /// Waits until the placement is decided and answers it. Another request under the same order id is told so.
    #[update(name = "place")]
    pub async fn place(ctx: &mut WorkflowContext<Self>, request: Arg<OrderRequest>) -> PlaceAnswer {
        let Ok(request) = request.0 else {
            return PlaceAnswer::Failed { kind: FailureKind::InvalidInput.name().to_owned() };
        };
        let hash = contents_hash(&request);
        Self::wait_until(ctx, |status| status.contents_hash.is_some() || status.failure.is_some())
            .await;
        if ctx.state(|run| run.status.contents_hash.as_ref().is_some_and(|ours| *ours != hash)) {
            return PlaceAnswer::KeyReused;
        }
        Self::wait_until(ctx, |status| status.decision.is_some() || status.failure.is_some()).await;
        ctx.state(|run| answer(&run.status))
    }

    /// Calls the placement off. What cannot be read is noted and changes nothing.
    #[signal(name = "cancel")]
    pub fn cancel(&mut self, _ctx: &mut SyncWorkflowContext<Self>, cancel: Arg<CancelPlacement>) {
        let unreadable = &mut self.status.unreadable_signals;
        match cancel.0 {
            Ok(cancel) => drop(self.status.cancel_requested.get_or_insert(cancel.reason)),
            Err(why) if unreadable.len() < UNREADABLE_SIGNALS_KEPT => unreadable.push(why),
            Err(_) => {}
        }
    }

    /// Where the run stands. Any argument is accepted and ignored: tools differ in what they send for "none".
    #[query(name = "status")]
    pub fn status(
        &self,
        _ctx: &WorkflowContextView,
        _ignored: Arg<serde_json::Value>,
    ) -> PlaceOrderStatus {
        self.status.clone()
    }

    /// The rule of this process: approved goes on, whatever else happens; anything else is taken back.
    async fn place_or_unwind(
        ctx: &WorkflowContext<Self>,
        input: &PlaceOrderInput,
    ) -> Result<Result<Ending, Failed>, WorkflowTermination> {
        // Registered before any step, and not one by one: an execution before this one may have gone further.
        let mut saga = Saga::new();
        let (release_ctx, order_id) = (ctx.clone(), input.order_id);
        saga.will_undo(move || async move {
            let reason = release_ctx.state(|run| run.status.reject_reason);
            let reason = reason.unwrap_or(RejectReason::Other).to_string();
            let credit = ReleaseCredit { order_id, kind: ReleaseKind::Undo, reason };
            steps::credit::release(&release_ctx, credit).await.map(drop)
        });
        let decided = match Self::decide(ctx, input).await? {
            Decided::Rejected(reason) => Self::unwind(ctx, input, reason, saga).await?,
            decided => decided,
        };
        match decided {
            Decided::Approved => Self::finish(ctx, input.order_id).await,
            Decided::Rejected(reason) => Ok(Ok(Ending::Rejected { reason })),
            Decided::NotOurs(failed) => Ok(Err(failed)),
        }
    }

    /// Takes back what any execution of any run may have done, unless the order is approved.
    async fn unwind(
        ctx: &WorkflowContext<Self>,
        input: &PlaceOrderInput,
        reason: RejectReason,
        saga: Saga,
    ) -> Result<Decided, ActivityExecutionError> {
        Self::enter(ctx, PlacementState::Unwinding, &format!("Taking everything back: {reason}."));
        let order = DiscardOrder {
            order_id: input.order_id,
            customer_id: input.request.customer_id.clone(),
            contents_hash: contents_hash(&input.request),
            reason,
            keep_rejected: input.keep_rejected,
        };
        let reason = match steps::order::discard(ctx, order).await? {
            Discarded::Approved => return Ok(Decided::Approved),
            // Only its tombstone and its reservation have this id: they are another request's, and stay.
            Discarded::ContentsDiffer => {
                return Ok(Decided::NotOurs(another_request(input.order_id)));
            }
            // An earlier run may have given another reason, and told it.
            Discarded::Discarded { reason } => reason,
        };
        ctx.state_mut(|run| run.status.reject_reason = Some(reason));
        let decision = Decision::Rejected { reason };
        if reason == RejectReason::RiskUnavailable {
            // Told before the credit is back, knowingly: the customer would wait for the very service that is away.
            ctx.state_mut(|run| run.status.decision = Some(decision));
        }
        saga.unwind(ctx).await?;
        ctx.state_mut(|run| run.status.decision = Some(decision));
        Self::wait_for_handlers(ctx).await;
        Ok(Decided::Rejected(reason))
    }

    /// Behind the pivot: what is owed is completed, and a cancel that came meanwhile cancels the order.
    async fn finish(
        ctx: &WorkflowContext<Self>,
        order_id: OrderId,
    ) -> Result<Result<Ending, Failed>, WorkflowTermination> {
        ctx.state_mut(|run| run.status.decision = Some(Decision::Approved));
        Self::enter(ctx, PlacementState::Confirming, "**Approved.** Having its credit confirmed.");
        let confirmed = steps::credit::confirm(ctx, order_id).await?;
        Self::enter(ctx, PlacementState::Notifying, "**Approved.** Telling the customer.");
        steps::order::notify(ctx, order_id, NoticeKind::OrderApproved).await?;
        Self::wait_for_handlers(ctx).await;
        // Nothing is awaited between this look and the end: a cancel that comes later finds no open run.
        let ending = if ctx.state(|run| run.status.cancel_requested).is_some() {
            Self::cancel_order(ctx, order_id).await?
        } else {
            Ending::Approved
        };
        Ok(match confirmed {
            Reply::Granted(_) => Ok(ending),
            Reply::Refused(ConfirmRefusal::ReservationUnknown) => {
                Err(FailureKind::ReservationUnknown.because(format!(
                    "order {order_id} is approved and risk-api knows no reservation of it; compare both services"
                )))
            }
        })
    }

    /// The order's own cancellation: its event frees the credit.
    async fn cancel_order(
        ctx: &WorkflowContext<Self>,
        order_id: OrderId,
    ) -> Result<Ending, ActivityExecutionError> {
        let details = "**Approved**, and called off: having the order cancelled.";
        Self::enter(ctx, PlacementState::CancellingOrder, details);
        let ending = match steps::order::cancel(ctx, order_id).await? {
            Reply::Granted(_) => {
                steps::order::notify(ctx, order_id, NoticeKind::OrderCancelled).await?;
                Ending::Cancelled
            }
            // It was sent meanwhile, or the order store has lost it: nothing is left to call off.
            Reply::Refused(CancelRefusal::OrderSent | CancelRefusal::OrderUnknown) => {
                Ending::Approved
            }
        };
        Self::wait_for_handlers(ctx).await;
        Ok(ending)
    }

    fn note_cancel_request(ctx: &WorkflowContext<Self>) {
        ctx.state_mut(|run| {
            run.status.cancel_requested.get_or_insert(RejectReason::CancelledByOperator);
        });
    }

    async fn wait_until(
        ctx: &WorkflowContext<Self>,
        is_so: impl Fn(&PlaceOrderStatus) -> bool + 'static,
    ) {
        let _ = ctx.wait_condition_with_options(move |run| is_so(&run.status), detached()).await;
    }

    /// Whoever waits for the decision is answered before the run ends.
    async fn wait_for_handlers(ctx: &WorkflowContext<Self>) {
        let asked = ctx.clone();
        let is_done = move |_: &Self| asked.all_handlers_finished();
        let _ = ctx.wait_condition_with_options(is_done, detached()).await;
    }

    fn enter(ctx: &WorkflowContext<Self>, state: PlacementState, details: &str) {
        ctx.state_mut(|run| run.status.state = state);
        ctx.set_current_details(details);
    }

    fn end(
        ctx: &WorkflowContext<Self>,
        input: &PlaceOrderInput,
        ending: Ending,
    ) -> PlaceOrderOutcome {
        Self::enter(ctx, PlacementState::Completed, &format!("**{}**", ending.word()));
        Self::index(ctx, ending.word());
        PlaceOrderOutcome {
            order_id: input.order_id,
            customer_id: input.request.customer_id.clone(),
            contents_hash: contents_hash(&input.request),
            total: ctx.state(|run| run.status.total),
            ending,
        }
    }

    async fn fail(
        ctx: &WorkflowContext<Self>,
        failed: Failed,
    ) -> WorkflowResult<PlaceOrderOutcome> {
        let details = format!("**{}**: {}", failed.kind, failed.why);
        Self::enter(ctx, PlacementState::Failed, &details);
        ctx.state_mut(|run| run.status.failure = Some(failed.kind.name().to_owned()));
        Self::wait_for_handlers(ctx).await;
        Self::index(ctx, failed.kind.name());
        Err(failed.into())
    }

    /// The one upsert of a run, at its end: an open run is found by its id.
    fn index(ctx: &WorkflowContext<Self>, outcome: &str) {
        let status = ctx.state(|run| run.status.clone());
        let order_id = status.order_id.map(|id| ORDER_ID.value_set(id.to_string()));
        let customer_id = status.customer_id.map(|id| CUSTOMER_ID.value_set(id.to_string()));
        let outcome = Some(PLACEMENT_OUTCOME.value_set(outcome.to_owned()));
        ctx.upsert_search_attributes([order_id, customer_id, outcome].into_iter().flatten());
    }
}

/// For a wait that no cancel request of the run may end.
fn detached() -> WaitConditionOptions {
    WaitConditionOptions::builder().cancellation_token(WorkflowCancellationToken::new()).build()
}

/// What this run is about.
fn read(input: Arg<PlaceOrderInput>, run_id: &str) -> Result<PlaceOrderInput, Failed> {
    let shape = r#"{"order_id", "customer_id", "lines": [{"sku", "quantity", "unit_price"}]}"#;
    input_of(input, shape, run_id, |input| workflow_id(input.order_id))
}

fn answer(status: &PlaceOrderStatus) -> PlaceAnswer {
    match (status.decision, status.total, &status.failure) {
        (Some(Decision::Approved), total, _) => PlaceAnswer::Approved { total },
        (Some(Decision::Rejected { reason }), _, _) => PlaceAnswer::Rejected { reason },
        (_, _, Some(kind)) if kind == FailureKind::ContentsDiffer.name() => PlaceAnswer::KeyReused,
        (_, _, kind) => PlaceAnswer::Failed { kind: kind.clone().unwrap_or_default() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::Money;

    const ORDER: &str = "ord_019a9f0c-52d1-8c3e-9d2b-6f1f0f6f7a01";

    fn input() -> PlaceOrderInput {
        serde_json::from_value(serde_json::json!({
            "order_id": ORDER,
            "customer_id": "cus_ada",
            "lines": [{"sku": "DUCK", "quantity": 1, "unit_price": {"amount": 12050, "currency": "EUR"}}],
        }))
        .expect("the input as people write it")
    }

    #[test]
    fn a_run_is_called_after_the_order_it_places() {
        let read_as = |run_id: &str| read(Arg::from(input()), run_id).map_err(|failed| failed.kind);

        assert_eq!(read_as(&format!("place-{ORDER}")), Ok(input()));
        assert_eq!(read_as("place-another"), Err(FailureKind::InvalidInput));
    }

    #[test]
    fn whoever_waits_is_told_what_was_decided_and_nothing_before() {
        let total = Some(Money::eur_cents(120_50));
        let decided =
            |decision| PlaceOrderStatus { decision, total, ..PlaceOrderStatus::default() };
        let failed = |kind: FailureKind| PlaceOrderStatus {
            failure: Some(kind.name().to_owned()),
            ..PlaceOrderStatus::default()
        };
        let reason = RejectReason::RiskTooHigh;

        assert_eq!(
            answer(&decided(Some(Decision::Approved))),
            PlaceAnswer::Approved { total: Some(Money::eur_cents(120_50)) }
        );
        assert_eq!(
            answer(&decided(Some(Decision::Rejected { reason }))),
            PlaceAnswer::Rejected { reason }
        );
        assert_eq!(answer(&failed(FailureKind::ContentsDiffer)), PlaceAnswer::KeyReused);
        assert_eq!(
            answer(&failed(FailureKind::InvalidInput)),
            PlaceAnswer::Failed { kind: "InvalidInput".to_owned() }
        );
    }
}
