//! What was decided of an order, as callers read it: the answer to a decision, and the refusals that follow from one.

use crate::order::NotApproved;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::problem::{Problem, ProblemBody, request_id};
use contracts::OrderId;
use contracts::Reason;
use contracts::placement::ORDER_DISCARDED;
use serde::Serialize;
use utoipa::ToSchema;

/// What was decided of an order, now or before.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderDecision)]
pub(crate) struct DecisionBody {
    /// The order.
    #[schema(value_type = String, example = "ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01")]
    order_id: OrderId,
    /// What was decided, whatever became of the order since.
    state: Decision,
    /// Why it was discarded, as it was said first; absent if it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, pattern = "^[a-z0-9_]{1,64}$", example = "risk_too_high")]
    reason: Option<String>,
}

/// What was decided.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Decision {
    /// The order was approved; it may have been sent or cancelled since.
    Approved,
    /// There is no such order, now and for ever.
    Discarded,
    /// Another request has used this id.
    ContentsDiffer,
}

impl DecisionBody {
    /// The order was approved.
    pub(crate) const fn approved(order_id: OrderId) -> Self {
        Self { order_id, state: Decision::Approved, reason: None }
    }

    /// The id is another request's.
    pub(crate) const fn contents_differ(order_id: OrderId) -> Self {
        Self { order_id, state: Decision::ContentsDiffer, reason: None }
    }

    /// There is no such order, for this reason.
    pub(crate) fn discarded(order_id: OrderId, reason: &Reason) -> Self {
        Self { order_id, state: Decision::Discarded, reason: Some(reason.to_string()) }
    }
}

/// A problem, and the reason beside it: whoever asks too late learns why.
#[derive(Serialize)]
struct DiscardedBody {
    #[serde(flatten)]
    problem: ProblemBody,
    reason: String,
}

/// 409 `order_discarded`, with the reason beside the problem's own fields.
pub(crate) fn order_discarded(reason: &Reason) -> Response {
    let status = StatusCode::CONFLICT;
    let problem = ProblemBody {
        problem_type: format!("urn:lacadon:problem:{ORDER_DISCARDED}"),
        title: "Order discarded".to_owned(),
        status: status.as_u16(),
        detail: format!("this order was discarded ({reason}) and stays so; place a new one"),
        request_id: request_id(),
        errors: Vec::new(),
    };
    let body = axum::Json(DiscardedBody { problem, reason: reason.to_string() });
    (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
}

/// What a caller is told of an order that was never approved.
pub(crate) fn not_approved(why: NotApproved) -> Problem {
    match why {
        NotApproved::Pending => Problem::new(
            StatusCode::CONFLICT,
            "order_pending",
            "this order is not decided yet; ask again when it is",
        ),
        NotApproved::Rejected => Problem::new(
            StatusCode::CONFLICT,
            "order_rejected",
            "this order was decided against and stays so; place a new one",
        ),
    }
}
