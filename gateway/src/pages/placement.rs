//! `/page/placements/{id}`: watches one placement; and calls an order off.

use super::outcome::{Outcome, Place, ResultBox, as_sentence};
use super::parts::OrdersPart;
use super::{Person, message};
use crate::cancel_order::{Cancelled, cancel};
use crate::placement::{Placement, Untold, placement_of};
use crate::placement_events::stream_of;
use crate::shop::Shop;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use contracts::{CustomerId, OrderId};
use serde::Deserialize;

/// Which part of the page htmx is about to replace.
const HX_TARGET: HeaderName = HeaderName::from_static("hx-target");

/// Where on the page the outcome stands.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Where {
    #[serde(default)]
    place: Place,
    /// The state that is shown already.
    #[serde(default)]
    shown: String,
}

/// `GET /page/placements/{id}`.
pub(crate) async fn placement(
    State(shop): State<Shop>,
    person: Person,
    Path(id): Path<String>,
) -> Response {
    show(&shop, &person, &id, Place::Own, "").await
}

/// `GET /page/placements/{id}/events`: the same box whenever it looks different, as server-sent events. What is shown
/// already is not sent again: it would take the button away from under the finger.
pub(crate) async fn events(
    State(shop): State<Shop>,
    person: Person,
    Path(id): Path<String>,
    Query(Where { place, mut shown }): Query<Where>,
) -> Response {
    let Ok(order_id) = id.parse::<OrderId>() else {
        return untold(&person.customer_id, Untold::Unknown);
    };
    let box_of = move |placement: &Placement| {
        let outcome = Outcome::of_placement(placement, place);
        let is_news = placement.is_final || outcome.state != shown;
        outcome.state.clone_into(&mut shown);
        if is_news { outcome.render().ok() } else { None }
    };
    match stream_of(shop, person.customer_id, order_id, box_of).await {
        Ok(stream) => stream,
        Err(problem) => problem.into_response(),
    }
}

/// `POST /page/orders/{id}/cancel`.
pub(crate) async fn cancel_order(
    State(shop): State<Shop>,
    person: Person,
    Path(id): Path<String>,
    Query(Where { place, .. }): Query<Where>,
    headers: HeaderMap,
) -> Response {
    let Ok(order_id) = id.parse::<OrderId>() else {
        return untold(&person.customer_id, Untold::Unknown);
    };
    let note = match cancel(&shop, &person.customer_id, order_id).await {
        Ok(Cancelled::Asked) => "We are calling this order off.".to_owned(),
        Ok(Cancelled::Now(_)) => "This order is cancelled.".to_owned(),
        Err(refusal) => as_sentence(refusal.sentence()),
    };
    if headers.get(HX_TARGET).is_some_and(|target| target == "orders") {
        let part = OrdersPart::of(&shop, &person.customer_id, &note).await;
        return person.show(StatusCode::OK, "Your orders", &part);
    }
    show(&shop, &person, &id, place, &note).await
}

async fn show(shop: &Shop, person: &Person, id: &str, place: Place, note: &str) -> Response {
    let Ok(order_id) = id.parse::<OrderId>() else {
        return untold(&person.customer_id, Untold::Unknown);
    };
    match placement_of(shop, &person.customer_id, order_id).await {
        Ok(placement) => {
            let outcome = Outcome::of_placement(&placement, place).with_note(note);
            person.show(StatusCode::OK, "Your order", &ResultBox { outcome: &outcome })
        }
        Err(why) => untold(&person.customer_id, why),
    }
}

/// Why nothing is told, as a page.
pub(super) fn untold(customer_id: &CustomerId, why: Untold) -> Response {
    match why {
        Untold::Unknown => message(
            StatusCode::NOT_FOUND,
            Some(customer_id),
            "No such order",
            "You have placed no such order.",
        ),
        Untold::NotNow => message(
            StatusCode::SERVICE_UNAVAILABLE,
            Some(customer_id),
            "Not just now",
            "What became of this order cannot be said just now. Please look again in a moment.",
        ),
    }
}
