//! `POST /outbox/events/{event_id}/release`: lets an event out of quarantine, with a clean record.
//!
//! For whoever has mended what made it fail. An event that is not in quarantine stays as it is.

use crate::api::Api;
use crate::field_checks::is_plain;
use crate::list_events::EventBody;
use crate::store::audit_trail::{self, Action};
use axum::extract::State;
use axum::http::StatusCode;
use chassis::auth::{Actor, Caller};
use chassis::problem::{Json, Path, Problem, ProblemBody};
use chassis_store::outbox::{self, Released};
use chassis_store::{DatabaseError, Tx, now_ms};
use tracing::info;

/// Release an event.
///
/// Repeatable: an event that is not in quarantine is answered as it is.
#[utoipa::path(
    post,
    path = "/outbox/events/{event_id}/release",
    operation_id = "release_event",
    tag = "outbox",
    params(("event_id" = String, Path, description = "The event's id.")),
    responses(
        (status = 200, description = "The event, in quarantine no longer.", body = EventBody),
        (
            status = 404, description = "`event_unknown`: there is no such event, or not any more.",
            body = ProblemBody, content_type = "application/problem+json"
        ),
    )
)]
pub(crate) async fn release_event(
    State(api): State<Api>,
    caller: Caller,
    Path(event_id): Path<String>,
) -> Result<Json<EventBody>, Problem> {
    // PostgreSQL cannot even look for a text that holds U+0000.
    if !is_plain(&event_id) {
        return Err(event_unknown());
    }
    let asked = (event_id, Actor::of(caller));
    match api
        .database
        .at(&crash_points::ORDER_API_RELEASE_EVENT)
        .write(asked, |tx, (id, actor)| Box::pin(release(tx, id, actor)))
        .await?
    {
        Released::Now(event) => {
            info!(
                event.id = event.event_id,
                "released event {} of {}", event.event_id, event.subject
            );
            Ok(Json(event.into()))
        }
        Released::Unchanged(event) => Ok(Json(event.into())),
        Released::Unknown => Err(event_unknown()),
    }
}

async fn release(tx: &mut Tx, event_id: &str, actor: &Actor) -> Result<Released, DatabaseError> {
    let released = outbox::release(tx, event_id).await?;
    if let Released::Now(_) = released {
        audit_trail::record(tx, actor, Action::EventReleased, event_id, now_ms()).await?;
    }
    Ok(released)
}

/// There is no such event.
pub(crate) fn event_unknown() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "event_unknown",
        "there is no such event, or it was settled long ago; list the events to find its id",
    )
}
