//! `POST /page/orders`: places what the form holds. The key stays while a repeat must be safe, and is renewed after each
//! final answer, so that the next order is another one.

use super::Person;
use super::form::{Filled, FilledLine, ShopForm, sentence};
use super::outcome::Outcome;
use crate::decision::Answer;
use crate::idempotency_key::IdempotencyKey;
use crate::placing;
use crate::shop::Shop;
use axum::Form;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chassis::problem::FieldError;

/// Tells the other parts of the page to show themselves anew.
const HX_TRIGGER: HeaderName = HeaderName::from_static("hx-trigger");

/// `POST /page/orders`.
pub(crate) async fn place(
    State(shop): State<Shop>,
    person: Person,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let filled = Filled::read(fields);
    if filled.adds_line {
        return person.show(StatusCode::OK, "Place an order", &with_another_line(filled));
    }
    let cart = filled.cart();
    let wanted = match cart.and_then(|cart| cart.wanted_by(person.customer_id.clone())) {
        Ok(wanted) => wanted,
        Err(errors) => {
            let form = refused(filled, &errors);
            return person.show(StatusCode::UNPROCESSABLE_ENTITY, "Place an order", &form);
        }
    };
    match placing::place(&shop, &filled.key, wanted).await {
        Ok(placed) => {
            let status = status_of(&placed.answer);
            let form = answered(filled, &placed);
            let placed = [(HX_TRIGGER, HeaderValue::from_static("placed"))];
            (placed, person.show(status, "Place an order", &form)).into_response()
        }
        Err(problem) => super::message(
            problem.status(),
            Some(&person.customer_id),
            "Something went wrong on our side",
            "Go back and place your order once more: it makes no second order.",
        ),
    }
}

fn with_another_line(mut filled: Filled) -> ShopForm {
    filled.lines.push(FilledLine { quantity: "1".to_owned(), ..FilledLine::default() });
    ShopForm { key: filled.key, lines: filled.lines, errors: Vec::new(), outcome: Outcome::none() }
}

fn refused(filled: Filled, errors: &[FieldError]) -> ShopForm {
    let errors = errors.iter().map(sentence).collect();
    ShopForm { key: filled.key, lines: filled.lines, errors, outcome: Outcome::invalid() }
}

fn answered(filled: Filled, placed: &placing::Placed) -> ShopForm {
    let outcome = Outcome::of_placed(placed);
    let key = if placed.answer.is_final() { IdempotencyKey::make() } else { filled.key };
    match placed.answer {
        // What was ordered is ordered: the next order begins with an empty line.
        Answer::Approved { .. } => ShopForm { key, outcome, ..ShopForm::empty() },
        _ => ShopForm { key, lines: filled.lines, errors: Vec::new(), outcome },
    }
}

fn status_of(answer: &Answer) -> StatusCode {
    match answer {
        Answer::Approved { .. } => StatusCode::CREATED,
        Answer::Pending => StatusCode::ACCEPTED,
        Answer::Rejected { .. } => StatusCode::CONFLICT,
        Answer::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        Answer::Failed { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        Answer::NotConfirmed => StatusCode::SERVICE_UNAVAILABLE,
    }
}
