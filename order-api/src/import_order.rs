//! `POST /orders/import`: an order from another system, known there by a name that stays the same.
//!
//! Its total is taken as given: shipping, taxes and discounts are in it and not in its lines. Importing it twice changes
//! nothing. It arrives approved, without any credit reserved; one that was sent or cancelled over there is marked so by a second call.

use crate::api::Api;
use crate::field_checks::{check, is_plain_text};
use crate::order::{self, Line, Order, Origin, Status};
use crate::order_body::{MoneyBody, OrderBody};
use crate::place_order::total_refused;
use crate::store::audit_trail::{self, Action};
use crate::store::orders::{self, Known, Origination};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chassis::auth::{Actor, Caller};
use chassis::problem::{Json, Problem, ProblemBody};
use chassis::time::Moment;
use chassis_store::idempotency::BodyHash;
use chassis_store::{DatabaseError, Tx, now_ms};
use contracts::{CustomerId, Money, OrderId};
use serde::{Deserialize, Serialize};
use tracing::info;
use utoipa::ToSchema;

/// An order as it is known elsewhere. Its status is no part of it.
#[derive(Debug, Clone, Serialize, Deserialize, garde::Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportOrder {
    /// What it is called there, unique among all imported orders; not blank, no control characters.
    #[garde(length(chars, max = 255), custom(is_plain_text))]
    #[schema(min_length = 1, max_length = 255, example = "#1001")]
    external_ref: String,
    /// Who ordered.
    #[garde(skip)]
    #[schema(value_type = String, pattern = "^cus_[A-Za-z0-9_-]{1,60}$", example = "cus_ada")]
    customer_id: CustomerId,
    /// What it cost, taken as given.
    #[garde(dive)]
    total: MoneyBody,
    /// When the customer placed it.
    #[garde(skip)]
    #[schema(value_type = String, format = DateTime)]
    placed_at: Moment,
    /// What was ordered, in the currency of the total; may be left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[garde(length(max = order::MAX_LINES), dive)]
    #[schema(max_items = 200, required = false)]
    lines: Vec<ImportedLine>,
}

/// One line of an imported order: an article known by its number, its name or both.
#[derive(Debug, Clone, Serialize, Deserialize, garde::Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportedLine {
    /// The article's number; not blank, no control characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(length(chars, max = 255), custom(is_plain_text)), custom(is_or(&self.name)))]
    #[schema(min_length = 1, max_length = 255, example = "lamp-01")]
    sku: Option<String>,
    /// The article's name; not blank, no control characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(length(chars, max = 512), custom(is_plain_text)))]
    #[schema(min_length = 1, max_length = 512, example = "Desk lamp")]
    name: Option<String>,
    /// How many pieces.
    #[garde(range(min = 1, max = order::MAX_QUANTITY))]
    #[schema(minimum = 1, maximum = 1_000_000)]
    quantity: i64,
    /// What one piece cost.
    #[garde(dive)]
    unit_price: MoneyBody,
}

/// Everything that the transaction needs.
struct Import {
    id: OrderId,
    external_ref: String,
    customer_id: CustomerId,
    total: Money,
    placed_at: Moment,
    lines: Vec<Line>,
    contents: BodyHash,
    actor: Actor,
}

/// What importing an order came to.
enum Imported {
    Now(Order),
    Before(Order),
    Differs,
}

/// Import an order.
///
/// Repeatable: the same reference and contents give the same order, as it stands today.
#[utoipa::path(
    post,
    path = "/orders/import",
    operation_id = "import_order",
    tag = "orders",
    request_body = ImportOrder,
    responses(
        (
            status = 201, description = "The order is imported.", body = OrderBody,
            headers(("Location" = String, description = "The order."))
        ),
        (
            status = 200, description = "The order was imported before and stands like this.",
            body = OrderBody, headers(("Location" = String, description = "The order."))
        ),
        (
            status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`external_ref_differs`: an order of this reference has other contents."
        ),
        (
            status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid_body`; `mixed_currencies`: an order has one."
        ),
    )
)]
pub(crate) async fn import_order(
    State(api): State<Api>,
    caller: Caller,
    Json(request): Json<ImportOrder>,
) -> Result<Response, Problem> {
    let new = parse(caller, request)?;
    match api
        .database
        .at(&crash_points::ORDER_API_IMPORT_ORDER)
        .write(new, |tx, new| Box::pin(import(tx, new)))
        .await?
    {
        Imported::Now(order) => {
            api.counts.placed(order.origin);
            info!(order.id = %order.id, amount_minor = order.total.amount_minor,
                "imported order {}", order.id);
            Ok((StatusCode::CREATED, order.location(), Json(OrderBody::from(order)))
                .into_response())
        }
        Imported::Before(order) => {
            Ok((StatusCode::OK, order.location(), Json(OrderBody::from(order))).into_response())
        }
        Imported::Differs => Err(external_ref_differs()),
    }
}

fn parse(caller: Caller, request: ImportOrder) -> Result<Import, Problem> {
    check(&request)?;
    let contents = BodyHash::of(&request)?;
    let total = Money::from(request.total);
    let lines: Vec<Line> = request.lines.into_iter().map(Line::from).collect();
    order::check_currency(total, &lines).map_err(total_refused)?;
    Ok(Import {
        id: OrderId::make(),
        external_ref: request.external_ref,
        customer_id: request.customer_id,
        total,
        placed_at: request.placed_at,
        lines,
        contents,
        actor: Actor::of(caller),
    })
}

async fn import(tx: &mut Tx, new: &Import) -> Result<Imported, DatabaseError> {
    let now_ms = now_ms();
    let order = new.order(now_ms);
    let origination = Origination { placed_by: None, contents_hash: new.contents.as_str() };
    if orders::insert(tx, &order, origination).await? {
        let subject = order.id.to_string();
        audit_trail::record(tx, &new.actor, Action::OrderImported, &subject, now_ms).await?;
        return Ok(Imported::Now(order));
    }
    let known = orders::find_by_external_ref(tx, &new.external_ref).await?;
    let Known { order, contents_hash } =
        known.ok_or_else(|| DatabaseError::bad_row("an order in the way that has no reference"))?;
    let is_same = contents_hash == new.contents.as_str();
    Ok(if is_same { Imported::Before(order) } else { Imported::Differs })
}

impl Import {
    fn order(&self, now_ms: i64) -> Order {
        Order {
            id: self.id,
            status: Status::Approved,
            origin: Origin::Import,
            external_ref: Some(self.external_ref.clone()),
            customer_id: self.customer_id.clone(),
            lines: self.lines.clone(),
            total: self.total,
            placed_at_ms: self.placed_at.ms(),
            approved_at_ms: Some(now_ms),
            sent_at_ms: None,
            cancelled_at_ms: None,
            created_at_ms: now_ms,
            updated_at_ms: now_ms,
        }
    }
}

impl From<ImportedLine> for Line {
    fn from(line: ImportedLine) -> Self {
        Self {
            sku: line.sku,
            name: line.name,
            quantity: line.quantity,
            unit_price: line.unit_price.into(),
        }
    }
}

/// A garde rule: an article has a number, or at least the other thing.
fn is_or(other: &Option<String>) -> impl FnOnce(&Option<String>, &()) -> garde::Result + '_ {
    move |this, _context| match (this, other) {
        (None, None) => Err(garde::Error::new("give a sku, a name or both")),
        (Some(_), _) | (None, Some(_)) => Ok(()),
    }
}

fn external_ref_differs() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "external_ref_differs",
        "an order of this external_ref is here with other contents; compare the two and import this one under another \
         reference if it is another order",
    )
}
