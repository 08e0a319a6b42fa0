//! `GET /placements/{order_id}/events`: streams where a placement stands, as server-sent events, until it is at its end.
//!
//! Each event `placement` carries what `GET /placements/{order_id}` answers; an event `end` follows the last one, so that
//! a browser knows not to come back. A stream ends without it after five minutes, or when this process stops.

use crate::customer::Customer;
use crate::placement::{Placement, Untold, placement_of};
use crate::shop::Shop;
use crate::watching::watch;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use chassis::problem::{Path, Problem, ProblemBody};
use contracts::{CustomerId, OrderId};
use futures::{StreamExt, stream};
use std::time::Duration;
use utoipa::ToSchema;

/// Proxies cut what is silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// One server-sent event.
#[derive(ToSchema)]
#[schema(as = PlacementEvent)]
#[expect(dead_code, reason = "describes what is written as text")]
struct PlacementEventBody {
    /// `placement`, or `end` after the last one.
    #[schema(example = "placement")]
    event: String,
    /// What `GET /placements/{order_id}` answers, as JSON text.
    data: String,
}

/// Watch a placement.
///
/// Server-sent events: `placement` with the placement as JSON, then `end`.
#[utoipa::path(
    get,
    path = "/placements/{order_id}/events",
    operation_id = "watch_placement",
    tag = "placements",
    params(("order_id" = String, Path, description = "The order's id.")),
    responses(
        (
            status = 200, description = "The stream; its events.", body = PlacementEventBody,
            content_type = "text/event-stream"
        ),
        (
            status = 404, description = "`placement_unknown`: the caller has placed no such order.",
            body = ProblemBody, content_type = "application/problem+json"
        ),
        (
            status = 503, body = ProblemBody, content_type = "application/problem+json",
            description = "`too_many_streams`, `placement_not_known_now`, `timed_out`."
        ),
    )
)]
pub(crate) async fn placement_events(
    State(shop): State<Shop>,
    Customer(customer_id): Customer,
    Path(order_id): Path<String>,
) -> Result<Response, Problem> {
    let order_id: OrderId = order_id.parse().map_err(|_| Untold::Unknown)?;
    stream_of(shop, customer_id, order_id, |placement| serde_json::to_string(placement).ok()).await
}

/// The stream, each placement written as `write` does; what it leaves out is not told.
pub(crate) async fn stream_of(
    shop: Shop,
    customer_id: CustomerId,
    order_id: OrderId,
    mut write: impl FnMut(&Placement) -> Option<String> + Send + 'static,
) -> Result<Response, Problem> {
    let place = shop.stream().ok_or_else(too_many_streams)?;
    let known = placement_of(&shop, &customer_id, order_id).await?;
    let events = watch(shop, customer_id, known, place).flat_map(move |placement| {
        let told = write(&placement).map(|text| Event::default().event("placement").data(text));
        let end = placement.is_final.then(|| Event::default().event("end").data("end"));
        stream::iter([told, end].into_iter().flatten())
    });
    let events = events.map(Ok::<_, std::convert::Infallible>);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

fn too_many_streams() -> Problem {
    Problem::unavailable(
        "too_many_streams",
        "too many are watching just now; ask for the placement itself instead",
        5,
    )
}
