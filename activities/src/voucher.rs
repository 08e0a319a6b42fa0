//! `voucher.decide` and `voucher.issue`: the rule applied to what order-api says, and the voucher that voucher-api
//! issues. Both may run any number of times.

#![expect(missing_docs, reason = "the macro makes markers without docs; their methods have them")]

use crate::attempt::Attempt;
use crate::voucher_rule::{self, UnreadableOrder};
use connections::call::{CallError, Problem, Service};
use contracts::orders::{ORDER_UNKNOWN, OrderFacts};
use contracts::vouchers::{
    CONTENTS_DIFFER, DecideVoucher, DecisionRefusal, IssueRefusal, IssueVoucher, IssuedVoucher,
    VoucherDecision,
};
use contracts::{OrderId, Reply, VoucherId};
use reqwest::Method;
use serde::Deserialize;
use std::sync::Arc;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tracing::info;

/// What the voucher activities call.
#[derive(Debug)]
pub struct VoucherActivities {
    /// Knows the orders.
    pub order_api: Service,
    /// Keeps the vouchers.
    pub voucher_api: Service,
}

#[activities]
impl VoucherActivities {
    /// Reads the order where it is true and applies the rule to it.
    #[activity(definition = capabilities::voucher::Decide)]
    pub async fn decide(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: DecideVoucher,
    ) -> Result<Reply<VoucherDecision, DecisionRefusal>, ActivityError> {
        let attempt = Attempt::of(&ctx);
        // Retry: every error, also facts that contradict themselves, may be mended at the service.
        attempt.make(self.decide_for(input.order_id, &attempt)).await
    }

    /// Asks voucher-api for the one voucher of this order and rule; it answers the one it has, if it has one.
    #[activity(definition = capabilities::voucher::Issue)]
    pub async fn issue(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: IssueVoucher,
    ) -> Result<Reply<IssuedVoucher, IssueRefusal>, ActivityError> {
        let attempt = Attempt::of(&ctx);
        // Retry: whatever happened, the same request gets the same voucher.
        attempt.make(self.issue_for(&input, &attempt)).await
    }
}

/// Why nothing was decided this time.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// order-api gave no final answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Whoever answered is not order-api, or it is broken.
    #[error("order-api was asked for {asked} and answered {answered}")]
    AnotherOrder {
        /// The order that was asked for.
        asked: OrderId,
        /// The one that came.
        answered: OrderId,
    },
    /// The rule cannot be applied to what order-api says.
    #[error(transparent)]
    Unreadable(#[from] UnreadableOrder),
}

impl VoucherActivities {
    /// One attempt of `voucher.decide`.
    ///
    /// # Errors
    /// [`DecideError`]: nothing is decided yet.
    pub async fn decide_for(
        &self,
        order_id: OrderId,
        attempt: &Attempt,
    ) -> Result<Reply<VoucherDecision, DecisionRefusal>, DecideError> {
        let id = order_id.to_string();
        let path = ["orders", id.as_str()];
        let call = attempt.call(Method::GET, &path);
        let unknown = |problem: &Problem| {
            (problem.code == ORDER_UNKNOWN).then_some(DecisionRefusal::OrderUnknown)
        };
        let order: OrderFacts = match self.order_api.ask(call, unknown).await? {
            Reply::Granted(order) => order,
            Reply::Refused(refusal) => return Ok(Reply::Refused(refusal)),
        };
        if order.id != order_id {
            return Err(DecideError::AnotherOrder { asked: order_id, answered: order.id });
        }
        Ok(voucher_rule::decide(&order)?)
    }

    /// One attempt of `voucher.issue`.
    ///
    /// # Errors
    /// [`CallError`]: nothing is known; the voucher may exist.
    pub async fn issue_for(
        &self,
        voucher: &IssueVoucher,
        attempt: &Attempt,
    ) -> Result<Reply<IssuedVoucher, IssueRefusal>, CallError> {
        let call = attempt.call(Method::POST, &["vouchers"]);
        let differ = |problem: &Problem| {
            (problem.code == CONTENTS_DIFFER).then_some(IssueRefusal::ContentsDiffer)
        };
        let reply: Reply<Issued, _> = self.voucher_api.ask_with(call, voucher, differ).await?;
        Ok(match reply {
            Reply::Granted(Issued { id }) => {
                let order_id = voucher.order_id;
                info!(voucher.id = %id, order.id = %order_id, "order {order_id} has voucher {id}");
                Reply::Granted(IssuedVoucher { voucher_id: id })
            }
            Reply::Refused(refusal) => Reply::Refused(refusal),
        })
    }
}

/// What is read of voucher-api's answer. The voucher's code stays there: a history is no place for a secret.
#[derive(Debug, Deserialize)]
struct Issued {
    id: VoucherId,
}
