//! `ReleaseCredit`: an order that was sent or cancelled holds no credit any more.
//!
//! Started by the events `order.sent.credit` and `order.cancelled`, or by anybody: the order is read first, where it is
//! true. The run's id is `credit-<order id>`. What is owed after dispatch is no longer a matter of this reservation.
//!
//! Promises:
//! - It *completes* with the credit released, for good; or it *fails* with [`FailureKind`] `OrderIsLive`,
//!   `OrderUnknown` or `InvalidInput`, nothing was released, and its id is free again.
//! - Run again, replayed, reset or doubled, it changes nothing more: the first release decides.
//! - A cancel request is noted and what is owed is completed; only *terminate* stops a run.

#![expect(
    missing_docs,
    reason = "the macro makes markers without docs; their methods below have them"
)]

use crate::arg::Arg;
use crate::failure::{Failed, FailureKind};
use crate::run_id::input_of;
use crate::search_attributes::{CUSTOMER_ID, ORDER_ID};
use crate::{owed, steps};
use contracts::credit::{ReleaseCredit as Release, ReleaseKind};
use contracts::orders::OrderStatus;
use contracts::placement::ReadRefusal;
use contracts::{CustomerId, OrderId, Reply};
use serde::{Deserialize, Serialize};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{
    WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination,
};

// Limits: each step's time-outs stand beside it, in `steps`. The run itself has none, because it owes something.

/// The type name of this process: in the history, the Web UI and the CLI.
pub const RELEASE_CREDIT: &str = "ReleaseCredit";

/// The id of the run for this order.
#[must_use]
pub fn workflow_id(order_id: OrderId) -> String {
    format!("credit-{order_id}")
}

/// Names the order. Nothing else: everything that decides is read where it is true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseCreditInput {
    /// The order.
    pub order_id: OrderId,
}

/// How the run completed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum ReleaseCreditOutcome {
    /// The order holds no credit.
    Released {
        /// Why not: `order_sent` or `order_cancelled`.
        reason: String,
    },
}

/// The answer to the query `status`, and all that the run remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseCreditStatus {
    /// The order, once the input was read.
    pub order_id: Option<OrderId>,
    /// The customer, once the order was read.
    pub customer_id: Option<CustomerId>,
    /// How the run completed.
    pub outcome: Option<ReleaseCreditOutcome>,
    /// Which kind of failure ended the run.
    pub failure: Option<String>,
    /// Somebody asked to cancel; noted, and what is owed is completed.
    pub is_cancel_requested: bool,
}

/// The process.
#[workflow]
#[derive(Default)]
pub struct ReleaseCredit {
    status: ReleaseCreditStatus,
}

#[workflow_methods]
impl ReleaseCredit {
    /// Reads the order, releases its credit, says how it ended.
    #[run(name = RELEASE_CREDIT)]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        input: Arg<ReleaseCreditInput>,
    ) -> WorkflowResult<ReleaseCreditOutcome> {
        let order_id = match order_named_by(input, ctx.workflow_id()) {
            Ok(order_id) => order_id,
            Err(failed) => return Err(Self::fail(ctx, failed)),
        };
        ctx.state_mut(|run| run.status.order_id = Some(order_id));
        let released = Self::release(ctx, order_id);
        match owed::complete(ctx, released, Self::note_cancel_request).await? {
            Ok(outcome) => Ok(Self::end(ctx, outcome)),
            Err(failed) => Err(Self::fail(ctx, failed)),
        }
    }

    /// Where the run stands. Any argument is accepted and ignored: tools differ in what they send for "none".
    #[query(name = "status")]
    pub fn status(
        &self,
        _ctx: &WorkflowContextView,
        _ignored: Arg<serde_json::Value>,
    ) -> ReleaseCreditStatus {
        self.status.clone()
    }

    /// The rule of this process: an order that is neither sent nor cancelled keeps its credit, whoever asks.
    async fn release(
        ctx: &WorkflowContext<Self>,
        order_id: OrderId,
    ) -> Result<Result<ReleaseCreditOutcome, Failed>, WorkflowTermination> {
        ctx.set_current_details("Reading where the order stands.");
        let order = match steps::order::read(ctx, order_id).await? {
            Reply::Granted(order) => order,
            Reply::Refused(ReadRefusal::OrderUnknown) => {
                let why = format!("order-api knows no order {order_id}; check the id");
                return Ok(Err(FailureKind::OrderUnknown.because(why)));
            }
        };
        ctx.state_mut(|run| run.status.customer_id = Some(order.customer_id));
        let reason = match reason_to_release(order.status, order_id) {
            Ok(reason) => reason.to_owned(),
            Err(failed) => return Ok(Err(failed)),
        };
        ctx.set_current_details("Releasing the order's credit.");
        let credit = Release { order_id, kind: ReleaseKind::Close, reason: reason.clone() };
        steps::credit::release(ctx, credit).await?;
        Ok(Ok(ReleaseCreditOutcome::Released { reason }))
    }

    fn note_cancel_request(ctx: &WorkflowContext<Self>) {
        ctx.state_mut(|run| run.status.is_cancel_requested = true);
        ctx.set_current_details("A cancel request was noted; what is owed is completed first.");
    }

    fn end(ctx: &WorkflowContext<Self>, outcome: ReleaseCreditOutcome) -> ReleaseCreditOutcome {
        let ReleaseCreditOutcome::Released { reason } = &outcome;
        ctx.set_current_details(format!("**Released**: {reason}."));
        ctx.state_mut(|run| run.status.outcome = Some(outcome.clone()));
        Self::index(ctx);
        outcome
    }

    fn fail(ctx: &WorkflowContext<Self>, failed: Failed) -> WorkflowTermination {
        ctx.set_current_details(format!("**{}**: {}", failed.kind, failed.why));
        ctx.state_mut(|run| run.status.failure = Some(failed.kind.name().to_owned()));
        Self::index(ctx);
        failed.into()
    }

    /// The one upsert of a run, at its end: an open run is found by its id.
    fn index(ctx: &WorkflowContext<Self>) {
        let status = ctx.state(|run| run.status.clone());
        let order_id = status.order_id.map(|id| ORDER_ID.value_set(id.to_string()));
        let customer_id = status.customer_id.map(|id| CUSTOMER_ID.value_set(id.to_string()));
        // Of input that could not be read there is nothing to find a run by.
        if order_id.is_some() {
            ctx.upsert_search_attributes([order_id, customer_id].into_iter().flatten());
        }
    }
}

/// The order that this run is about.
fn order_named_by(input: Arg<ReleaseCreditInput>, run_id: &str) -> Result<OrderId, Failed> {
    let shape = r#"{"order_id": "ord_<uuid>"}"#;
    input_of(input, shape, run_id, |input| workflow_id(input.order_id)).map(|input| input.order_id)
}

fn reason_to_release(status: OrderStatus, order_id: OrderId) -> Result<&'static str, Failed> {
    match status {
        OrderStatus::Sent => Ok("order_sent"),
        OrderStatus::Cancelled => Ok("order_cancelled"),
        OrderStatus::Pending
        | OrderStatus::Approved
        | OrderStatus::Rejected
        | OrderStatus::Unknown => Err(FailureKind::OrderIsLive.because(format!(
            "order {order_id} is neither sent nor cancelled; a run starts by itself when it is"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &str = "ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01";

    fn order_id() -> OrderId {
        ORDER.parse().expect("an order id")
    }

    #[test]
    fn a_run_is_called_after_the_order_it_is_about() {
        let input = || Arg::from(ReleaseCreditInput { order_id: order_id() });

        assert_eq!(order_named_by(input(), &format!("credit-{ORDER}")), Ok(order_id()));
        let failed = order_named_by(input(), "credit-x").expect_err("another id");
        assert_eq!(failed.kind, FailureKind::InvalidInput);
    }

    #[test]
    fn only_an_order_that_was_sent_or_cancelled_gives_its_credit_back() {
        assert_eq!(reason_to_release(OrderStatus::Sent, order_id()), Ok("order_sent"));
        assert_eq!(reason_to_release(OrderStatus::Cancelled, order_id()), Ok("order_cancelled"));
        for live in [
            OrderStatus::Pending,
            OrderStatus::Approved,
            OrderStatus::Rejected,
            OrderStatus::Unknown,
        ] {
            let failed = reason_to_release(live, order_id()).expect_err("it needs its credit");
            assert_eq!(failed.kind, FailureKind::OrderIsLive, "{live:?}");
        }
    }

    #[test]
    fn the_outcome_keeps_its_shape() {
        let released = ReleaseCreditOutcome::Released { reason: "order_sent".to_owned() };

        assert_eq!(
            serde_json::to_string(&released).expect("json"),
            r#"{"outcome":"released","reason":"order_sent"}"#
        );
    }
}
