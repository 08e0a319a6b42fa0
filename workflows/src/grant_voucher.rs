//! `GrantVoucher`: an order that was sent and costs more than the limit earns its customer exactly one voucher.
//!
//! Started by the event `order.sent`, or by anybody: the input only names the order, and what follows is decided on
//! the facts at their source of truth. The run's id is `voucher-<order id>`.
//!
//! Promises:
//! - It ends `granted` with the one voucher of this order, or `not_qualified`, both *completed*; or it *fails* with
//!   [`FailureKind`] `OrderNotSent`, `OrderUnknown`, `ContentsDiffer` or `InvalidInput`, no voucher came of it, and
//!   its id is free again.
//! - Run again, replayed, reset or doubled, there is still one voucher: voucher-api has a permanent unique key.
//! - A cancel request is noted and what is owed is completed; only *terminate* stops a run.
//! - Without trouble the history has eight events.

#![expect(
    missing_docs,
    reason = "the macro makes markers without docs; their methods below have them"
)]

use crate::arg::Arg;
use crate::failure::{Failed, FailureKind};
use crate::run_id::input_of;
use crate::search_attributes::{CUSTOMER_ID, ORDER_ID, VOUCHER_OUTCOME};
use crate::{owed, steps};
use contracts::vouchers::{
    DecisionRefusal, IssueRefusal, IssueVoucher, VoucherDecision, VoucherVerdict,
};
use contracts::{CustomerId, Money, OrderId, Reply, VoucherId};
use serde::{Deserialize, Serialize};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{
    WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination,
};

// Limits: each step's time-outs stand beside it, in `steps`. The run itself has none, because it owes something.

/// The type name of this process: in the history, the Web UI and the CLI.
pub const GRANT_VOUCHER: &str = "GrantVoucher";

/// The id of the run for this order.
#[must_use]
pub fn workflow_id(order_id: OrderId) -> String {
    format!("voucher-{order_id}")
}

/// Names the order. Nothing else: everything that decides is read where it is true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantVoucherInput {
    /// The order.
    pub order_id: OrderId,
}

/// How the run completed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum GrantVoucherOutcome {
    /// The customer has the one voucher of this order.
    Granted {
        /// Which.
        voucher_id: VoucherId,
    },
    /// None is owed.
    NotQualified {
        /// Why not, for people.
        reason: String,
    },
}

/// Where the run stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantVoucherState {
    /// Reading its input.
    #[default]
    Started,
    /// Asking whether the order earned a voucher.
    Deciding,
    /// Having the voucher issued.
    Issuing,
    /// Completed; see the outcome.
    Completed,
    /// Failed; see the failure.
    Failed,
}

/// The answer to the query `status`, and all that the run remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantVoucherStatus {
    /// Where the run stands.
    pub state: GrantVoucherState,
    /// The order, once the input was read.
    pub order_id: Option<OrderId>,
    /// The customer, once decided.
    pub customer_id: Option<CustomerId>,
    /// What the order cost, once decided.
    pub total: Option<Money>,
    /// Which version of the rule decided.
    pub rule_version: Option<u32>,
    /// How the run completed.
    pub outcome: Option<GrantVoucherOutcome>,
    /// Which kind of failure ended the run.
    pub failure: Option<String>,
    /// Somebody asked to cancel; noted, and what is owed is completed.
    pub is_cancel_requested: bool,
}

/// The process.
#[workflow]
#[derive(Default)]
pub struct GrantVoucher {
    status: GrantVoucherStatus,
}

#[workflow_methods]
impl GrantVoucher {
    /// Decides, issues, says how it ended.
    #[run(name = GRANT_VOUCHER)]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        input: Arg<GrantVoucherInput>,
    ) -> WorkflowResult<GrantVoucherOutcome> {
        let order_id = match order_named_by(input, ctx.workflow_id()) {
            Ok(order_id) => order_id,
            Err(failed) => return Err(Self::fail(ctx, failed)),
        };
        ctx.state_mut(|run| run.status.order_id = Some(order_id));
        match owed::complete(ctx, Self::grant(ctx, order_id), Self::note_cancel_request).await? {
            Ok(outcome) => Ok(Self::end(ctx, outcome)),
            Err(failed) => {
                Self::index(ctx, failed.kind.name());
                Err(Self::fail(ctx, failed))
            }
        }
    }

    /// Where the run stands. Any argument is accepted and ignored: tools differ in what they send for "none".
    #[query(name = "status")]
    pub fn status(
        &self,
        _ctx: &WorkflowContextView,
        _ignored: Arg<serde_json::Value>,
    ) -> GrantVoucherStatus {
        self.status.clone()
    }

    /// The rule of this process: who decided that a voucher is owed has it issued; otherwise there is none.
    async fn grant(
        ctx: &WorkflowContext<Self>,
        order_id: OrderId,
    ) -> Result<Result<GrantVoucherOutcome, Failed>, WorkflowTermination> {
        Self::enter(
            ctx,
            GrantVoucherState::Deciding,
            "Deciding whether the order earned a voucher.",
        );
        let decision = match steps::voucher::decide(ctx, order_id).await? {
            Reply::Granted(decision) => decision,
            Reply::Refused(refusal) => return Ok(Err(not_decided(refusal, order_id))),
        };
        Self::remember(ctx, &decision);
        let voucher = match voucher_owed(decision) {
            Ok(voucher) => voucher,
            Err(reason) => return Ok(Ok(GrantVoucherOutcome::NotQualified { reason })),
        };
        Self::enter(ctx, GrantVoucherState::Issuing, "A voucher is owed. Having it issued.");
        match steps::voucher::issue(ctx, voucher).await? {
            Reply::Granted(issued) => {
                Ok(Ok(GrantVoucherOutcome::Granted { voucher_id: issued.voucher_id }))
            }
            Reply::Refused(refusal) => Ok(Err(not_issued(refusal, order_id))),
        }
    }

    fn enter(ctx: &WorkflowContext<Self>, state: GrantVoucherState, details: &str) {
        ctx.state_mut(|run| run.status.state = state);
        ctx.set_current_details(details);
    }

    fn remember(ctx: &WorkflowContext<Self>, decision: &VoucherDecision) {
        ctx.state_mut(|run| {
            run.status.customer_id = Some(decision.customer_id.clone());
            run.status.total = Some(decision.total);
            run.status.rule_version = Some(decision.rule_version);
        });
    }

    fn note_cancel_request(ctx: &WorkflowContext<Self>) {
        ctx.state_mut(|run| run.status.is_cancel_requested = true);
        ctx.set_current_details("A cancel request was noted; what is owed is completed first.");
    }

    fn end(ctx: &WorkflowContext<Self>, outcome: GrantVoucherOutcome) -> GrantVoucherOutcome {
        let (name, details) = match &outcome {
            GrantVoucherOutcome::Granted { voucher_id } => {
                ("granted", format!("**Granted**: voucher `{voucher_id}`."))
            }
            GrantVoucherOutcome::NotQualified { reason } => {
                ("not_qualified", format!("**Not qualified**: {reason}."))
            }
        };
        Self::index(ctx, name);
        Self::enter(ctx, GrantVoucherState::Completed, &details);
        ctx.state_mut(|run| run.status.outcome = Some(outcome.clone()));
        outcome
    }

    fn fail(ctx: &WorkflowContext<Self>, failed: Failed) -> WorkflowTermination {
        let details = format!("**{}**: {}", failed.kind, failed.why);
        Self::enter(ctx, GrantVoucherState::Failed, &details);
        ctx.state_mut(|run| run.status.failure = Some(failed.kind.name().to_owned()));
        failed.into()
    }

    /// The one upsert of a run, at its end: an open run is found by its id.
    fn index(ctx: &WorkflowContext<Self>, outcome: &str) {
        let status = ctx.state(|run| run.status.clone());
        let order_id = status.order_id.map(|id| ORDER_ID.value_set(id.to_string()));
        let customer_id = status.customer_id.map(|id| CUSTOMER_ID.value_set(id.to_string()));
        let outcome = Some(VOUCHER_OUTCOME.value_set(outcome.to_owned()));
        ctx.upsert_search_attributes([order_id, customer_id, outcome].into_iter().flatten());
    }
}

/// The order that this run is about.
fn order_named_by(input: Arg<GrantVoucherInput>, run_id: &str) -> Result<OrderId, Failed> {
    let shape = r#"{"order_id": "ord_<uuid>"}"#;
    input_of(input, shape, run_id, |input| workflow_id(input.order_id)).map(|input| input.order_id)
}

/// What to ask voucher-api for, or why nothing is owed.
fn voucher_owed(decision: VoucherDecision) -> Result<IssueVoucher, String> {
    match decision.verdict {
        VoucherVerdict::Qualified { value } => Ok(IssueVoucher {
            order_id: decision.order_id,
            customer_id: decision.customer_id,
            rule: decision.rule,
            rule_version: decision.rule_version,
            value,
        }),
        VoucherVerdict::NotQualified { reason } => Err(reason),
    }
}

fn not_decided(refusal: DecisionRefusal, order_id: OrderId) -> Failed {
    match refusal {
        DecisionRefusal::OrderNotSent => FailureKind::OrderNotSent.because(format!(
            "order {order_id} is not marked sent; a run starts by itself when it is"
        )),
        DecisionRefusal::OrderUnknown => FailureKind::OrderUnknown
            .because(format!("order-api knows no order {order_id}; check the id")),
    }
}

fn not_issued(refusal: IssueRefusal, order_id: OrderId) -> Failed {
    match refusal {
        IssueRefusal::ContentsDiffer => FailureKind::ContentsDiffer.because(format!(
            "order {order_id} has a voucher already, for another customer; compare both services"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::vouchers::SENT_ORDER_RULE;
    use proptest::prelude::*;

    const ORDER: &str = "ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01";

    fn order_id() -> OrderId {
        ORDER.parse().expect("an order id")
    }

    fn decision(verdict: VoucherVerdict) -> VoucherDecision {
        VoucherDecision {
            order_id: order_id(),
            customer_id: "cus_ada".parse().expect("a customer id"),
            total: Money::eur_cents(100_01),
            rule: SENT_ORDER_RULE.to_owned(),
            rule_version: 1,
            verdict,
        }
    }

    #[test]
    fn a_run_is_called_after_the_order_it_is_about() {
        let input = Arg::from(GrantVoucherInput { order_id: order_id() });

        assert_eq!(order_named_by(input, &format!("voucher-{ORDER}")), Ok(order_id()));
    }

    #[test]
    fn a_run_called_after_another_order_is_refused() {
        let input = Arg::from(GrantVoucherInput { order_id: order_id() });
        let other = "voucher-ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a02";

        let failed = order_named_by(input, other).expect_err("another order's id");

        assert_eq!(failed.kind, FailureKind::InvalidInput);
        assert!(failed.why.contains(&format!("voucher-{ORDER}")), "{}", failed.why);
    }

    #[test]
    fn input_that_cannot_be_read_is_refused_in_words() {
        let failed = order_named_by(Arg(Err("expected a map".to_owned())), "voucher-x")
            .expect_err("bad input");

        assert_eq!(failed.kind, FailureKind::InvalidInput);
        assert!(failed.why.ends_with("expected a map"), "{}", failed.why);
    }

    #[test]
    fn what_was_decided_is_what_is_issued() {
        let value = Money::eur_cents(5_00);

        let voucher = voucher_owed(decision(VoucherVerdict::Qualified { value })).expect("owed");

        assert_eq!(voucher.order_id, order_id());
        assert_eq!(voucher.value, value);
        assert_eq!((voucher.rule.as_str(), voucher.rule_version), (SENT_ORDER_RULE, 1));
    }

    #[test]
    fn the_outcome_keeps_its_shape() {
        let voucher_id: VoucherId =
            "vch_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a09".parse().expect("a voucher id");
        let granted = GrantVoucherOutcome::Granted { voucher_id };
        let not_qualified =
            GrantVoucherOutcome::NotQualified { reason: "100.00 EUR is not more".to_owned() };

        assert_eq!(
            serde_json::to_string(&granted).expect("json"),
            format!(r#"{{"outcome":"granted","voucher_id":"{voucher_id}"}}"#)
        );
        assert_eq!(
            serde_json::to_string(&not_qualified).expect("json"),
            r#"{"outcome":"not_qualified","reason":"100.00 EUR is not more"}"#
        );
    }

    proptest! {
        #[test]
        fn only_its_own_name_starts_a_run(run_id in ".{0,80}") {
            let input = Arg::from(GrantVoucherInput { order_id: order_id() });

            prop_assert_eq!(
                order_named_by(input, &run_id).is_ok(),
                run_id == format!("voucher-{ORDER}")
            );
        }
    }
}
