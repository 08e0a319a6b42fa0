//! `POST /orders`: places an order, once per customer and Idempotency-Key, and answers what is known in time.
//!
//! Promises: 201 only for an order that is approved, 409 only for one that does not exist and never will under this key,
//! 202 only when a run is there that will decide. Anything else is 503: whoever repeats with the same key makes no second
//! order, whatever happened to the first request.

use crate::cart::Cart;
use crate::customer::Customer;
use crate::decision::Answer;
use crate::idempotency_key::IdempotencyKey;
use crate::money_body::MoneyBody;
use crate::placing::{self, Placed};
use crate::shop::Shop;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::problem::{Json, Problem, ProblemBody, request_id};
use contracts::OrderId;
use contracts::placement::RejectReason;
use serde::Serialize;
use std::hash::{BuildHasher, RandomState};
use utoipa::ToSchema;

/// The longest that a customer is asked to wait before the next try, seconds.
const MAX_RETRY_AFTER_S: u64 = 5;

/// An order that is approved, or not decided yet.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlacedOrder {
    /// The order.
    #[schema(value_type = String, example = "ord_019a9f0c-52d1-8c3e-9d2b-6f1f0f6f7a01")]
    order_id: OrderId,
    /// Where it stands.
    state: PlacedState,
    /// What it costs; absent while nothing is decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    total: Option<MoneyBody>,
}

/// Where a placed order stands.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PlacedState {
    /// It is accepted.
    Approved,
    /// Nothing is decided yet.
    Pending,
}

/// A rejection (RFC 9457): the problem's code is the reason's.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rejection {
    #[serde(flatten)]
    problem: ProblemBody,
    /// Why: stable, the same as the last segment of `type`.
    #[schema(value_type = String, example = "insufficient_credit")]
    reason: RejectReason,
    /// The order that does not exist.
    #[schema(value_type = String, example = "ord_019a9f0c-52d1-8c3e-9d2b-6f1f0f6f7a01")]
    order_id: OrderId,
}

/// Place an order.
///
/// Repeatable: the same key and cart give the same answer, and never a second order.
#[utoipa::path(
    post,
    path = "/orders",
    operation_id = "place_order",
    tag = "orders",
    params((
        "Idempotency-Key" = String, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$",
        description = "A text of the customer's own that stays the same when this request is repeated."
    )),
    request_body = Cart,
    responses(
        (
            status = 201, description = "The order is approved.", body = PlacedOrder,
            headers(("Location" = String, description = "The order."))
        ),
        (
            status = 202, description = "Not decided yet: look at Location.", body = PlacedOrder,
            headers(("Location" = String, description = "The placement."))
        ),
        (
            status = 400, body = ProblemBody, content_type = "application/problem+json",
            description = "`malformed_body`, `idempotency_key_required`, `idempotency_key_invalid`."
        ),
        (
            status = 409, body = Rejection, content_type = "application/problem+json",
            description = "The order is rejected, for good under this key; the code is the reason."
        ),
        (
            status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid_body`; `key_reused`: this key has placed another cart."
        ),
        (
            status = 500, body = ProblemBody, content_type = "application/problem+json",
            description = "`placement_failed`: a person must look; `internal`."
        ),
        (
            status = 503, body = ProblemBody, content_type = "application/problem+json",
            description = "`not_confirmed`: repeat with the same key, it makes no second order; `timed_out`.",
            headers(("Retry-After" = u32, description = "Seconds."))
        ),
    )
)]
pub(crate) async fn place_order(
    State(shop): State<Shop>,
    Customer(customer_id): Customer,
    key: IdempotencyKey,
    Json(cart): Json<Cart>,
) -> Result<Response, Problem> {
    let wanted = cart.wanted_by(customer_id).map_err(Problem::invalid_body)?;
    let Placed { order_id, answer } = placing::place(&shop, &key, wanted).await?;
    Ok(match answer {
        Answer::Approved { total } => {
            let body =
                PlacedOrder { order_id, state: PlacedState::Approved, total: Some(total.into()) };
            let location = [(header::LOCATION, format!("/orders/{order_id}"))];
            (StatusCode::CREATED, location, Json(body)).into_response()
        }
        Answer::Pending => {
            let body = PlacedOrder { order_id, state: PlacedState::Pending, total: None };
            let location = [(header::LOCATION, format!("/placements/{order_id}"))];
            (StatusCode::ACCEPTED, location, Json(body)).into_response()
        }
        Answer::Rejected { reason } => rejected(order_id, reason),
        Answer::KeyReused => return Err(key_reused()),
        Answer::Failed { .. } => return Err(placement_failed()),
        Answer::NotConfirmed => return Err(not_confirmed()),
    })
}

fn rejected(order_id: OrderId, reason: RejectReason) -> Response {
    let status = StatusCode::CONFLICT;
    let problem = ProblemBody {
        problem_type: format!("urn:lacadon:problem:{reason}"),
        title: "Order rejected".to_owned(),
        status: status.as_u16(),
        detail: reason.sentence().to_owned(),
        request_id: request_id(),
        errors: Vec::new(),
    };
    let content_type = HeaderValue::from_static("application/problem+json");
    let body = axum::Json(Rejection { problem, reason, order_id });
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}

fn key_reused() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "key_reused",
        "this Idempotency-Key has placed another cart; use a new key for this one",
    )
}

fn placement_failed() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "placement_failed",
        "something failed on our side and a person must look; quote the request id when you report it",
    )
}

fn not_confirmed() -> Problem {
    // Not everybody at once, when whatever was away is back.
    let wait_s = 1 + RandomState::new().hash_one(0_u8) % MAX_RETRY_AFTER_S;
    Problem::unavailable(
        "not_confirmed",
        "we cannot say yet whether this order was placed; repeat with the same Idempotency-Key, it makes no second order",
        u32::try_from(wait_s).unwrap_or(1),
    )
}
