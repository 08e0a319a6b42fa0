//! `POST /orders`: the back office enters an order, once per caller and Idempotency-Key. No credit is reserved for it.
//!
//! The key stands on the row that it made, for ever, and is written in the same transaction: a caller that hears nothing
//! asks again with the same key and body and gets the same answer, whatever became of the order since.

use crate::api::Api;
use crate::field_checks::{check, is_plain_text};
use crate::order::{self, Line, Order, Origin, Status, TotalRefusal};
use crate::order_body::{MoneyBody, OrderBody};
use crate::store::audit_trail::{self, Action};
use crate::store::orders::{self, Origination};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chassis::auth::{Actor, Caller};
use chassis::problem::{FieldError, Json, Problem, ProblemBody};
use chassis_store::idempotency::{BodyHash, IDEMPOTENCY_REPLAYED, IdempotencyKey};
use chassis_store::{DatabaseError, Tx, now_ms};
use contracts::{CustomerId, Money, OrderId};
use serde::{Deserialize, Serialize};
use tracing::info;
use utoipa::ToSchema;

/// What an order is made of.
#[derive(Debug, Clone, Serialize, Deserialize, garde::Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaceOrder {
    /// Who orders.
    #[garde(skip)]
    #[schema(value_type = String, pattern = "^cus_[A-Za-z0-9_-]{1,60}$", example = "cus_ada")]
    customer_id: CustomerId,
    /// What is ordered, all in one currency.
    #[garde(length(min = 1, max = order::MAX_LINES), dive)]
    #[schema(min_items = 1, max_items = 200)]
    lines: Vec<PlacedLine>,
}

/// One line of an order to place.
#[derive(Debug, Clone, Serialize, Deserialize, garde::Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlacedLine {
    /// The article's number; not blank, no control characters.
    #[garde(length(chars, max = 255), custom(is_plain_text))]
    #[schema(min_length = 1, max_length = 255, example = "lamp-01")]
    sku: String,
    /// How many pieces.
    #[garde(range(min = 1, max = order::MAX_QUANTITY))]
    #[schema(minimum = 1, maximum = 1_000_000)]
    quantity: i64,
    /// What one piece costs.
    #[garde(dive)]
    unit_price: MoneyBody,
}

/// Everything that the transaction needs.
struct Placement {
    id: OrderId,
    customer_id: CustomerId,
    lines: Vec<Line>,
    total: Money,
    key: IdempotencyKey,
    contents: BodyHash,
    actor: Actor,
}

/// What placing an order came to.
enum Placed {
    Now(Order),
    Before { order: Order, contents_hash: String },
}

/// Place an order.
///
/// For the back office: the order is approved at once, and no credit is reserved for it. Repeatable: the same key and body give the same answer, for ever.
#[utoipa::path(
    post,
    path = "/orders",
    operation_id = "place_order",
    tag = "orders",
    params((
        "Idempotency-Key" = String, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$",
        description = "A text of the caller's own that stays the same when it repeats this request."
    )),
    request_body = PlaceOrder,
    responses(
        (
            status = 201, description = "The order is placed, now or by an earlier request with this key.",
            body = OrderBody,
            headers(
                ("Location" = String, description = "The order."),
                ("Idempotency-Replayed" = String, description = "`true`: an earlier request placed it.")
            )
        ),
        (
            status = 400, body = ProblemBody, content_type = "application/problem+json",
            description = "`malformed_body`, `idempotency_key_required`, `idempotency_key_invalid`."
        ),
        (
            status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid_body`; `mixed_currencies`: an order has one; `total_too_large`; \
                           `key_reused`: this key has placed another order."
        ),
    )
)]
pub(crate) async fn place_order(
    State(api): State<Api>,
    caller: Caller,
    key: IdempotencyKey,
    Json(request): Json<PlaceOrder>,
) -> Result<Response, Problem> {
    let placement = parse(caller, key, request)?;
    let contents = placement.contents.clone();
    match api
        .database
        .at(&crash_points::ORDER_API_PLACE_ORDER)
        .write(placement, |tx, new| Box::pin(place(tx, new)))
        .await?
    {
        Placed::Now(order) => {
            api.counts.placed(order.origin);
            info!(order.id = %order.id, amount_minor = order.total.amount_minor,
                "placed order {}", order.id);
            Ok((StatusCode::CREATED, order.location(), Json(OrderBody::from(order)))
                .into_response())
        }
        Placed::Before { order, contents_hash } => {
            contents.check_repeat(&contents_hash)?;
            let answer = (order.location(), Json(OrderBody::from(order.as_placed())));
            Ok((StatusCode::CREATED, IDEMPOTENCY_REPLAYED, answer).into_response())
        }
    }
}

fn parse(caller: Caller, key: IdempotencyKey, request: PlaceOrder) -> Result<Placement, Problem> {
    check(&request)?;
    let contents = BodyHash::of(&request)?;
    let lines: Vec<Line> = request.lines.into_iter().map(Line::from).collect();
    Ok(Placement {
        id: OrderId::make(),
        customer_id: request.customer_id,
        total: order::total_of(&lines).map_err(total_refused)?,
        lines,
        key,
        contents,
        actor: Actor::of(caller),
    })
}

async fn place(tx: &mut Tx, new: &Placement) -> Result<Placed, DatabaseError> {
    let now_ms = now_ms();
    let order = new.order(now_ms);
    let origination = Origination {
        placed_by: Some((new.actor.name(), new.key.as_str())),
        contents_hash: new.contents.as_str(),
    };
    if orders::insert(tx, &order, origination).await? {
        let subject = order.id.to_string();
        audit_trail::record(tx, &new.actor, Action::OrderPlaced, &subject, now_ms).await?;
        return Ok(Placed::Now(order));
    }
    let known = orders::find_by_key(tx, new.actor.name(), new.key.as_str()).await?;
    let known =
        known.ok_or_else(|| DatabaseError::bad_row("an order in the way that has no key"))?;
    Ok(Placed::Before { order: known.order, contents_hash: known.contents_hash })
}

impl Placement {
    fn order(&self, now_ms: i64) -> Order {
        Order {
            id: self.id,
            status: Status::Approved,
            origin: Origin::BackOffice,
            external_ref: None,
            customer_id: self.customer_id.clone(),
            lines: self.lines.clone(),
            total: self.total,
            placed_at_ms: now_ms,
            approved_at_ms: Some(now_ms),
            sent_at_ms: None,
            cancelled_at_ms: None,
            created_at_ms: now_ms,
            updated_at_ms: now_ms,
        }
    }
}

impl From<PlacedLine> for Line {
    fn from(line: PlacedLine) -> Self {
        Self {
            sku: Some(line.sku),
            name: None,
            quantity: line.quantity,
            unit_price: line.unit_price.into(),
        }
    }
}

/// What a caller is told of lines that cannot be one order.
pub(crate) fn total_refused(refusal: TotalRefusal) -> Problem {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    match refusal {
        TotalRefusal::NoLines => {
            Problem::invalid_body(vec![FieldError::new("/lines", refusal.to_string())])
        }
        TotalRefusal::MixedCurrencies { line_index, .. } => {
            let pointer = format!("/lines/{line_index}/unit_price/currency");
            Problem::new(status, "mixed_currencies", refusal.to_string())
                .with_errors(vec![FieldError::new(pointer, "another currency than the order's")])
        }
        TotalRefusal::TooLarge { line_index } => {
            let pointer = format!("/lines/{line_index}");
            Problem::new(status, "total_too_large", refusal.to_string())
                .with_errors(vec![FieldError::new(pointer, "the sum overflows here")])
        }
    }
}
