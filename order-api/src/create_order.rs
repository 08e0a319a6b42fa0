//! `PUT /orders/{id}`: writes an order of the shop down as pending, under an id that the caller derived.
//!
//! Whoever asks again gets the order as it stands; an order that was discarded, also before it was ever written down, is
//! not written down any more. It leaves no trace but the order itself, so that a discard leaves nothing. Fields that this
//! service does not know are ignored: the worker may be newer.

use crate::api::Api;
use crate::contents_hash::ContentsHash;
use crate::decision_body::order_discarded;
use crate::field_checks::{check, is_plain_text};
use crate::order::{self, Line, Order, Origin, Status};
use crate::order_body::OrderBody;
use crate::place_order::total_refused;
use crate::store::orders::{self, Origination};
use crate::store::tombstones;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chassis::problem::{FieldError, Json, Path, Problem, ProblemBody};
use chassis_store::{DatabaseError, Tx, now_ms};
use contracts::Reason;
use contracts::placement::ORDER_CONTENTS_DIFFER;
use contracts::{Currency, CustomerId, Money, OrderId};
use serde::Deserialize;
use tracing::info;
use utoipa::ToSchema;

/// What an order is made of, and the hash of it. Other fields are ignored.
#[derive(Debug, Clone, Deserialize, garde::Validate, ToSchema)]
pub(crate) struct CreateOrder {
    /// Who orders.
    #[garde(skip)]
    #[schema(value_type = String, pattern = "^cus_[A-Za-z0-9_-]{1,60}$", example = "cus_ada")]
    customer_id: CustomerId,
    /// What is ordered, all in one currency.
    #[garde(length(min = 1, max = order::MAX_LINES), dive)]
    #[schema(min_items = 1, max_items = 200)]
    lines: Vec<CreatedLine>,
    /// The SHA-256 of the request, 64 lower-case hexadecimal digits; another one under this id is another order.
    #[garde(skip)]
    #[schema(value_type = String, pattern = "^[0-9a-f]{64}$")]
    contents_hash: ContentsHash,
}

/// One line of an order to write down.
#[derive(Debug, Clone, Deserialize, garde::Validate, ToSchema)]
pub(crate) struct CreatedLine {
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
    unit_price: UnitPrice,
}

/// What one piece costs: `{"amount": 1999, "currency": "EUR"}` is 19.99 euro.
#[derive(Debug, Clone, Copy, Deserialize, garde::Validate, ToSchema)]
pub(crate) struct UnitPrice {
    /// Minor units, as in cents.
    #[garde(range(min = 0))]
    #[schema(minimum = 0, example = 1999)]
    amount: i64,
    /// ISO 4217, three capital letters.
    #[garde(skip)]
    #[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "EUR")]
    currency: Currency,
}

/// Everything that the transaction needs.
struct Creation {
    id: OrderId,
    customer_id: CustomerId,
    lines: Vec<Line>,
    total: Money,
    contents_hash: ContentsHash,
}

/// What writing an order down came to.
enum Created {
    Now(Order),
    Before(Order),
    Refused(Refusal),
}

/// Why an order was not written down.
enum Refusal {
    Discarded(Reason),
    ContentsDiffer,
}

/// Write an order down as pending.
///
/// One order per id; asking again answers it as it stands, with `approved_at` if it was ever approved. A refusal writes
/// nothing.
#[utoipa::path(
    put,
    path = "/orders/{id}",
    operation_id = "create_order",
    tag = "placement",
    params(("id" = String, Path, description = "The order's id, derived by the caller.")),
    request_body = CreateOrder,
    responses(
        (
            status = 201, description = "The order is written down as pending.", body = OrderBody,
            headers(("Location" = String, description = "The order."))
        ),
        (
            status = 200, description = "The order was written down before and stands like this.",
            body = OrderBody, headers(("Location" = String, description = "The order."))
        ),
        (
            status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`not_found`: the id is not one that an order can have."
        ),
        (
            status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`order_discarded`: this order was discarded before, for the `reason` that the problem names."
        ),
        (
            status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid_body`; `mixed_currencies`: an order has one; `total_too_large`; `nothing_to_pay`: \
                the total is 0; `contents_differ`: another request has used this id."
        ),
    )
)]
pub(crate) async fn create_order(
    State(api): State<Api>,
    Path(id): Path<String>,
    Json(request): Json<CreateOrder>,
) -> Result<Response, Problem> {
    let id: OrderId = id.parse().map_err(|_| Problem::not_found())?;
    let creation = parse(id, request)?;
    match api
        .database
        .at(&crash_points::ORDER_API_CREATE_ORDER)
        .write(creation, |tx, new| Box::pin(create(tx, new)))
        .await?
    {
        Created::Now(order) => {
            info!(order.id = %id, amount_minor = order.total.amount_minor,
                "wrote order {id} down as pending");
            Ok((StatusCode::CREATED, order.location(), Json(OrderBody::from(order)))
                .into_response())
        }
        Created::Before(order) => {
            Ok((StatusCode::OK, order.location(), Json(OrderBody::from(order))).into_response())
        }
        Created::Refused(refusal) => Ok(refusal.into_response()),
    }
}

fn parse(id: OrderId, request: CreateOrder) -> Result<Creation, Problem> {
    check(&request)?;
    let CreateOrder { customer_id, lines, contents_hash } = request;
    let lines: Vec<Line> = lines.into_iter().map(Line::from).collect();
    let total = order::total_of(&lines).map_err(total_refused)?;
    if total.amount_minor == 0 {
        return Err(nothing_to_pay());
    }
    Ok(Creation { id, customer_id, lines, total, contents_hash })
}

/// Locks the order first: a discard that comes at the same time is over, or will find what is written here.
async fn create(tx: &mut Tx, new: &Creation) -> Result<Created, DatabaseError> {
    if let Some(tombstone) = tombstones::lock_order(tx, new.id).await? {
        let is_same = tombstone.contents_hash == new.contents_hash;
        return Ok(Created::Refused(if is_same {
            Refusal::Discarded(tombstone.reason)
        } else {
            Refusal::ContentsDiffer
        }));
    }
    if let Some(known) = orders::find_known(tx, new.id).await? {
        let is_same = known.contents_hash == new.contents_hash.as_str();
        return Ok(if is_same {
            Created::Before(known.order)
        } else {
            Created::Refused(Refusal::ContentsDiffer)
        });
    }
    let order = new.order(now_ms());
    let origination = Origination { placed_by: None, contents_hash: new.contents_hash.as_str() };
    if !orders::insert(tx, &order, origination).await? {
        return Err(DatabaseError::bad_row("an order in the way that has another id"));
    }
    Ok(Created::Now(order))
}

impl Creation {
    fn order(&self, now_ms: i64) -> Order {
        Order {
            id: self.id,
            status: Status::Pending,
            origin: Origin::Shop,
            external_ref: None,
            customer_id: self.customer_id.clone(),
            lines: self.lines.clone(),
            total: self.total,
            placed_at_ms: now_ms,
            approved_at_ms: None,
            sent_at_ms: None,
            cancelled_at_ms: None,
            created_at_ms: now_ms,
            updated_at_ms: now_ms,
        }
    }
}

impl From<CreatedLine> for Line {
    fn from(line: CreatedLine) -> Self {
        let UnitPrice { amount, currency } = line.unit_price;
        Self {
            sku: Some(line.sku),
            name: None,
            quantity: line.quantity,
            unit_price: Money::of_minor(amount, currency),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Discarded(reason) => order_discarded(&reason),
            Self::ContentsDiffer => Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                ORDER_CONTENTS_DIFFER,
                "another request has used this order id; place this one under another id",
            )
            .into_response(),
        }
    }
}

fn nothing_to_pay() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "nothing_to_pay",
        "this order costs nothing, and there is no credit to reserve for it; have the back office enter it",
    )
    .with_errors(vec![FieldError::new("/lines", "they cost nothing together")])
}
