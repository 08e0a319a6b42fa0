//! `PUT /reservations/{order_id}`: an order takes its part of the customer's credit, or is refused and leaves nothing.
//!
//! Whoever asks again gets what was reserved before: an order never counts against itself. An order that was released,
//! also before it ever reserved, reserves no more. Nothing is put on record yet: an undo leaves what was there before.
//! Fields that this service does not know are ignored: the worker may be newer.

use crate::account::Reserving;
use crate::reservation::{Reservation, State as Credit};
use crate::reservation_body::ReservationBody;
use crate::{Api, store};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::problem::{FieldError, Json, Path, Problem, ProblemBody, request_id};
use chassis_store::{DatabaseError, Tx, now_ms};
use contracts::{CustomerId, Money, OrderId, Reason};
use metrics::counter;
use serde::{Deserialize, Serialize};
use tracing::info;
use utoipa::ToSchema;

/// Asks for credit. Other fields are ignored.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct ReserveCredit {
    /// Whose credit.
    #[schema(value_type = String, pattern = "^cus_[A-Za-z0-9_-]{1,60}$")]
    customer_id: CustomerId,
    /// What the order costs.
    #[schema(value_type = crate::reservation_body::MoneyBody)]
    amount: Money,
}

/// Reserve credit for an order.
///
/// One reservation per order; asking again answers it. A refusal writes nothing.
#[utoipa::path(
    put,
    path = "/reservations/{order_id}",
    operation_id = "reserve_credit",
    tag = "reservations",
    params(("order_id" = String, Path, description = "The order's id.")),
    request_body = ReserveCredit,
    responses(
        (status = 201, description = "Reserved now.", body = ReservationBody),
        (status = 200, description = "Reserved before, as it stands.", body = ReservationBody),
        (
            status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`not_found`: the id is not one that an order can have."
        ),
        (
            status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`insufficient_credit`: more than what is left of the limit. `risk_too_high`: it would leave \
                too low a score. `unknown_customer`: there is no account. `currency_differs`: the account is kept in \
                another currency. `released`: this order was released before, for the `reason` that the problem names."
        ),
        (
            status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid_body`: a field that does not fit. `contents_differ`: this order has a reservation \
                of another customer or amount."
        ),
    )
)]
pub(crate) async fn reserve_credit(
    State(api): State<Api>,
    Path(order_id): Path<String>,
    Json(asked): Json<ReserveCredit>,
) -> Result<Response, Problem> {
    let order_id: OrderId = order_id.parse().map_err(|_| Problem::not_found())?;
    if asked.amount.amount_minor <= 0 {
        let error = FieldError::new("/amount/amount", "must be more than nothing");
        return Err(Problem::invalid_body(vec![error]));
    }
    let reserved = api
        .database
        .at(&crash_points::RISK_API_RESERVE_CREDIT)
        .write((order_id, asked), |tx, (order_id, asked)| Box::pin(reserve(tx, *order_id, asked)))
        .await?;
    match reserved {
        Ok((status, reservation)) => {
            if status == StatusCode::CREATED {
                counter!("reservations_made_total").increment(1);
                let amount_minor = reservation.amount.amount_minor;
                info!(order.id = %order_id, amount_minor, "reserved credit for order {order_id}");
            }
            Ok((status, Json(ReservationBody::from(reservation))).into_response())
        }
        Err(refusal) => {
            counter!("reservations_refused_total").increment(1);
            info!(order.id = %order_id, ?refusal, "refused credit for order {order_id}");
            Ok(refusal.into_response())
        }
    }
}

/// Why an order was refused its credit.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Refusal {
    Released(Reason),
    ContentsDiffer,
    UnknownCustomer,
    CurrencyDiffers,
    InsufficientCredit,
    RiskTooHigh,
}

/// Locks the order, then the account, then counts: in this order nothing that was counted can change before the commit.
async fn reserve(
    tx: &mut Tx,
    order_id: OrderId,
    asked: &ReserveCredit,
) -> Result<Result<(StatusCode, Reservation), Refusal>, DatabaseError> {
    if let Some(reason) = store::lock_order(tx, order_id).await? {
        return Ok(Err(Refusal::Released(reason)));
    }
    if let Some(before) = store::reservation(tx, order_id).await? {
        let is_repeat = before.has_contents(&asked.customer_id, asked.amount);
        return Ok(if is_repeat {
            Ok((StatusCode::OK, before))
        } else {
            Err(Refusal::ContentsDiffer)
        });
    }
    let score_delta = match granted(tx, asked).await? {
        Ok(score_delta) => score_delta,
        Err(refusal) => {
            store::forget_order(tx, order_id).await?;
            return Ok(Err(refusal));
        }
    };
    let at_ms = now_ms();
    let reservation = Reservation {
        order_id,
        customer_id: asked.customer_id.clone(),
        amount: asked.amount,
        score_delta,
        state: Credit::Reserved,
        created_at_ms: at_ms,
        updated_at_ms: at_ms,
    };
    store::insert(tx, &reservation).await?;
    Ok(Ok((StatusCode::CREATED, reservation)))
}

/// The points that it takes, the account being locked.
async fn granted(
    tx: &mut Tx,
    asked: &ReserveCredit,
) -> Result<Result<i64, Refusal>, DatabaseError> {
    let Some(account) = store::lock_account(tx, &asked.customer_id).await? else {
        return Ok(Err(Refusal::UnknownCustomer));
    };
    Ok(match account.reserving(asked.amount) {
        Reserving::Granted { score_delta } => Ok(score_delta),
        Reserving::CurrencyDiffers => Err(Refusal::CurrencyDiffers),
        Reserving::InsufficientCredit => Err(Refusal::InsufficientCredit),
        Reserving::RiskTooHigh => Err(Refusal::RiskTooHigh),
    })
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Released(reason) => released(&reason),
            Self::ContentsDiffer => Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "contents_differ",
                "this order has a reservation of another customer or amount; find out which is right",
            )
            .into_response(),
            Self::UnknownCustomer => Problem::new(
                StatusCode::CONFLICT,
                "unknown_customer",
                "this customer has no account; have the back office open one",
            )
            .into_response(),
            Self::CurrencyDiffers => Problem::new(
                StatusCode::CONFLICT,
                "currency_differs",
                "the customer's account is kept in another currency; order in that one",
            )
            .into_response(),
            Self::InsufficientCredit => Problem::new(
                StatusCode::CONFLICT,
                "insufficient_credit",
                "this is more than what is left of the customer's limit; order less, or wait for another order",
            )
            .into_response(),
            Self::RiskTooHigh => Problem::new(
                StatusCode::CONFLICT,
                "risk_too_high",
                "this would leave the customer too low a score; order less, or wait for another order",
            )
            .into_response(),
        }
    }
}

/// A problem, and the reason beside it: whoever asks too late learns why.
#[derive(Serialize)]
struct ReleasedBody {
    #[serde(flatten)]
    problem: ProblemBody,
    reason: String,
}

fn released(reason: &Reason) -> Response {
    let status = StatusCode::CONFLICT;
    let problem = ProblemBody {
        problem_type: "urn:lacadon:problem:released".to_owned(),
        title: "Released".to_owned(),
        status: status.as_u16(),
        detail: format!("this order was released ({reason}) and reserves no more; place a new one"),
        request_id: request_id(),
        errors: Vec::new(),
    };
    let body = axum::Json(ReleasedBody { problem, reason: reason.to_string() });
    (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
}
