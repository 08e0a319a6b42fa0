//! `GET /reservations`: reservations page by page, oldest first.
//!
//! A page ends at a place and not at a row, so that an undo of its last reservation does not break the walk.

use crate::Api;
use crate::cursor::Cursor;
use crate::reservation::{Reservation, StateName};
use crate::reservation_body::ReservationBody;
use crate::store::{self, ReservationFilter};
use axum::extract::State;
use chassis::problem::{FieldError, Json, Problem, Query};
use chassis::time::Moment;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Reservations of a page when the caller does not say.
const DEFAULT_LIMIT: i64 = 20;
/// The most reservations of a page: an answer that both sides hold in memory.
const MAX_LIMIT: i64 = 100;

/// Which reservations, and which page of them.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListReservations {
    /// Only those in this state.
    state: Option<StateName>,
    /// Only those that changed since.
    #[param(value_type = Option<String>, format = DateTime)]
    updated_since: Option<Moment>,
    /// At most so many reservations.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    starting_after: Option<Cursor>,
}

/// One page of reservations.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReservationPage {
    /// Oldest first.
    data: Vec<ReservationBody>,
    /// Whether there is another page.
    has_more: bool,
    /// What to ask the next page with; null on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// List reservations.
///
/// Oldest first, by the time at which they were made. What was undone is not there any more.
#[utoipa::path(
    get,
    path = "/reservations",
    operation_id = "list_reservations",
    tag = "reservations",
    params(ListReservations),
    responses((status = 200, description = "One page of reservations.", body = ReservationPage))
)]
pub(crate) async fn list_reservations(
    State(api): State<Api>,
    Query(asked): Query<ListReservations>,
) -> Result<Json<ReservationPage>, Problem> {
    let limit = asked.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Problem::invalid_query(vec![FieldError::new("/limit", "must be 1 to 100")]));
    }
    let filter = ReservationFilter {
        state: asked.state,
        updated_since_ms: asked.updated_since.map_or(i64::MIN, Moment::ms),
        after: asked.starting_after,
        // One more than the page has: if it is there, so is another page.
        limit: limit + 1,
    };
    let reservations = store::list(api.database.reader(), &filter).await?;
    Ok(Json(page_of(reservations, usize::try_from(limit).unwrap_or(usize::MAX))))
}

fn page_of(mut reservations: Vec<Reservation>, size: usize) -> ReservationPage {
    let has_more = reservations.len() > size;
    reservations.truncate(size);
    let place = |last: &Reservation| {
        Cursor { created_at_ms: last.created_at_ms, order_id: last.order_id }.to_string()
    };
    let next_cursor = reservations.last().filter(|_| has_more).map(place);
    let data = reservations.into_iter().map(ReservationBody::from).collect();
    ReservationPage { data, has_more, next_cursor }
}
