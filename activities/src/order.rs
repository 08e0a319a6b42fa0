//! The order activities: what a placement asks of order-api. All may run any number of times.

#![expect(missing_docs, reason = "the macro makes markers without docs; their methods have them")]

use crate::attempt::Attempt;
use connections::call::{CallError, Problem, Service};
use contracts::orders::{ORDER_UNKNOWN, OrderFacts};
use contracts::placement::{
    ApproveOrder, ApproveRefusal, ApprovedOrder, CancelRefusal, CancelledOrder, CreateOrder,
    CreateRefusal, CreatedOrder, DiscardOrder, Discarded, GiveNotice, INVALID_ORDER, NOT_APPROVED,
    NamedOrder, NoticeGiven, NoticeRefusal, ORDER_CONTENTS_DIFFER, ORDER_DISCARDED,
    ORDER_SENT_ALREADY, OrderStanding, ReadRefusal, RejectReason,
};
use contracts::{Money, Reply};
use reqwest::Method;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::sync::Arc;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

/// What the order activities call.
#[derive(Debug)]
pub struct OrderActivities {
    /// Keeps the orders.
    pub order_api: Service,
}

#[activities]
impl OrderActivities {
    /// Has the order written down as pending.
    #[activity(definition = capabilities::order::Create)]
    pub async fn create(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: CreateOrder,
    ) -> Result<Reply<CreatedOrder, CreateRefusal>, ActivityError> {
        let attempt = Attempt::of(&ctx);
        // Retry: whatever happened, the same request finds the same order.
        attempt.make(self.create_once(&input, &attempt)).await
    }

    /// Takes the order back, or learns that it is approved.
    #[activity(definition = capabilities::order::Discard)]
    pub async fn discard(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: DiscardOrder,
    ) -> Result<Discarded, ActivityError> {
        let attempt = Attempt::of(&ctx);
        // Retry: an undo is never given up, and the first reason stays.
        attempt.make(self.discard_once(&input, &attempt)).await
    }

    /// Has the order approved.
    #[activity(definition = capabilities::order::Approve)]
    pub async fn approve(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: ApproveOrder,
    ) -> Result<Reply<ApprovedOrder, ApproveRefusal>, ActivityError> {
        let attempt = Attempt::of(&ctx);
        // Retry: the pivot's answer is awaited however long it takes.
        attempt.make(self.approve_once(&input, &attempt)).await
    }

    /// Calls an approved order off.
    #[activity(definition = capabilities::order::Cancel)]
    pub async fn cancel(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: NamedOrder,
    ) -> Result<Reply<CancelledOrder, CancelRefusal>, ActivityError> {
        let attempt = Attempt::of(&ctx);
        // Retry: a cancel that was accepted is honoured.
        attempt.make(self.cancel_once(&input, &attempt)).await
    }

    /// Reads where the order stands.
    #[activity(definition = capabilities::order::Read)]
    pub async fn read(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: NamedOrder,
    ) -> Result<Reply<OrderStanding, ReadRefusal>, ActivityError> {
        let attempt = Attempt::of(&ctx);
        // Retry: a service that is away says nothing of the order.
        attempt.make(self.read_once(&input, &attempt)).await
    }

    /// Puts a notice on the customer's page.
    #[activity(definition = capabilities::order::Notify)]
    pub async fn notify(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: GiveNotice,
    ) -> Result<Reply<NoticeGiven, NoticeRefusal>, ActivityError> {
        let attempt = Attempt::of(&ctx);
        // Retry: there is one notice per order and kind, however often it is given.
        attempt.make(self.notify_once(&input, &attempt)).await
    }
}

impl OrderActivities {
    /// One attempt of `order.create`.
    ///
    /// # Errors
    /// [`CallError`]: nothing is known; the order may be there.
    pub async fn create_once(
        &self,
        order: &CreateOrder,
        attempt: &Attempt,
    ) -> Result<Reply<CreatedOrder, CreateRefusal>, CallError> {
        let id = order.order_id.to_string();
        let path = ["orders", id.as_str()];
        let call = attempt.call(Method::PUT, &path);
        let reply: Reply<WrittenOrder, _> =
            self.order_api.ask_with(call, order, create_refusal).await?;
        Ok(match reply {
            Reply::Granted(WrittenOrder { total, approved_at }) => {
                Reply::Granted(CreatedOrder { total, is_approved: approved_at.is_some() })
            }
            Reply::Refused(refusal) => Reply::Refused(refusal),
        })
    }

    /// One attempt of `order.discard`.
    ///
    /// # Errors
    /// [`CallError`]: nothing is known; the order may be discarded.
    pub async fn discard_once(
        &self,
        order: &DiscardOrder,
        attempt: &Attempt,
    ) -> Result<Discarded, CallError> {
        let id = order.order_id.to_string();
        let path = ["orders", id.as_str(), "discard"];
        let call = attempt.call(Method::POST, &path);
        // Nothing that an undo may be refused is final.
        self.order_api.granted_with(call, order).await
    }

    /// One attempt of `order.approve`.
    ///
    /// # Errors
    /// [`CallError`]: nothing is known; the order may be approved.
    pub async fn approve_once(
        &self,
        order: &ApproveOrder,
        attempt: &Attempt,
    ) -> Result<Reply<ApprovedOrder, ApproveRefusal>, CallError> {
        let id = order.order_id.to_string();
        let path = ["orders", id.as_str(), "approve"];
        let call = attempt.call(Method::POST, &path);
        self.order_api.ask(call, approve_refusal).await
    }

    /// One attempt of `order.cancel`.
    ///
    /// # Errors
    /// [`CallError`]: nothing is known; the order may be cancelled.
    pub async fn cancel_once(
        &self,
        order: &NamedOrder,
        attempt: &Attempt,
    ) -> Result<Reply<CancelledOrder, CancelRefusal>, CallError> {
        let id = order.order_id.to_string();
        let path = ["orders", id.as_str(), "cancel"];
        let call = attempt.call(Method::POST, &path);
        self.order_api.ask(call, cancel_refusal).await
    }

    /// One attempt of `order.read`.
    ///
    /// # Errors
    /// [`CallError`]: nothing is known.
    pub async fn read_once(
        &self,
        order: &NamedOrder,
        attempt: &Attempt,
    ) -> Result<Reply<OrderStanding, ReadRefusal>, CallError> {
        let id = order.order_id.to_string();
        let path = ["orders", id.as_str()];
        let call = attempt.call(Method::GET, &path);
        let unknown = |problem: &Problem| {
            (problem.code == ORDER_UNKNOWN).then_some(ReadRefusal::OrderUnknown)
        };
        let reply: Reply<OrderFacts, _> = self.order_api.ask(call, unknown).await?;
        Ok(match reply {
            Reply::Granted(OrderFacts { status, customer_id, .. }) => {
                Reply::Granted(OrderStanding { status, customer_id })
            }
            Reply::Refused(refusal) => Reply::Refused(refusal),
        })
    }

    /// One attempt of `order.notify`.
    ///
    /// # Errors
    /// [`CallError`]: nothing is known; the notice may be there.
    pub async fn notify_once(
        &self,
        notice: &GiveNotice,
        attempt: &Attempt,
    ) -> Result<Reply<NoticeGiven, NoticeRefusal>, CallError> {
        let id = notice.order_id.to_string();
        let path = ["orders", id.as_str(), "notices", notice.kind.as_str()];
        let call = attempt.call(Method::PUT, &path);
        Ok(match self.order_api.ask(call, notice_refusal).await? {
            Reply::Granted(IgnoredAny) => Reply::Granted(NoticeGiven {}),
            Reply::Refused(refusal) => Reply::Refused(refusal),
        })
    }
}

/// What is read of order-api's answer to a create.
#[derive(Debug, Deserialize)]
struct WrittenOrder {
    total: Money,
    /// Present in an order that was ever approved.
    #[serde(default)]
    approved_at: Option<String>,
}

fn create_refusal(problem: &Problem) -> Option<CreateRefusal> {
    match problem.code.as_str() {
        ORDER_DISCARDED => Some(CreateRefusal::Discarded { reason: reason_in(problem) }),
        ORDER_CONTENTS_DIFFER => Some(CreateRefusal::ContentsDiffer),
        code if INVALID_ORDER.contains(&code) => {
            Some(CreateRefusal::Invalid { code: code.to_owned() })
        }
        _ => None,
    }
}

fn approve_refusal(problem: &Problem) -> Option<ApproveRefusal> {
    match problem.code.as_str() {
        ORDER_DISCARDED => Some(ApproveRefusal::Discarded { reason: reason_in(problem) }),
        ORDER_UNKNOWN => Some(ApproveRefusal::OrderUnknown),
        _ => None,
    }
}

fn cancel_refusal(problem: &Problem) -> Option<CancelRefusal> {
    match problem.code.as_str() {
        ORDER_SENT_ALREADY => Some(CancelRefusal::OrderSent),
        ORDER_UNKNOWN => Some(CancelRefusal::OrderUnknown),
        _ => None,
    }
}

fn notice_refusal(problem: &Problem) -> Option<NoticeRefusal> {
    NOT_APPROVED.contains(&problem.code.as_str()).then_some(NoticeRefusal::NotApproved)
}

fn reason_in(problem: &Problem) -> RejectReason {
    let reason = problem.reason.as_deref().and_then(|reason| reason.parse().ok());
    reason.unwrap_or(RejectReason::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(code: &str, reason: Option<&str>) -> Problem {
        Problem { code: code.to_owned(), reason: reason.map(str::to_owned) }
    }

    #[test]
    fn an_order_that_was_discarded_is_refused_with_the_reason_from_then() {
        let discarded = problem("order_discarded", Some("risk_too_high"));
        let reason = RejectReason::RiskTooHigh;

        assert_eq!(create_refusal(&discarded), Some(CreateRefusal::Discarded { reason }));
        assert_eq!(approve_refusal(&discarded), Some(ApproveRefusal::Discarded { reason }));
    }

    #[test]
    fn what_order_api_does_not_say_for_good_is_asked_again() {
        for passing in ["not_found", "unauthenticated", "database_unavailable", "of_tomorrow"] {
            assert_eq!(notice_refusal(&problem(passing, None)), None);
            assert_eq!(create_refusal(&problem(passing, None)), None);
            assert_eq!(approve_refusal(&problem(passing, None)), None);
            assert_eq!(cancel_refusal(&problem(passing, None)), None);
        }
    }
}
