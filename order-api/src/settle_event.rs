//! `POST /outbox/events/{event_id}/settle`: an event that is not to be heard any more, whatever it stands at.
//!
//! For whoever has decided that what it would start is not to be done, or was done by hand. It never comes back.

use crate::api::Api;
use crate::field_checks::is_plain;
use crate::list_events::EventBody;
use crate::release_event::event_unknown;
use crate::store::audit_trail::{self, Action};
use axum::extract::State;
use chassis::auth::{Actor, Caller};
use chassis::problem::{Json, Path, Problem, ProblemBody};
use chassis_store::outbox::{self, SettledByHand};
use chassis_store::{DatabaseError, Tx, now_ms};
use tracing::info;

/// Settle an event by hand.
///
/// Repeatable: an event that is settled stays settled.
#[utoipa::path(
    post,
    path = "/outbox/events/{event_id}/settle",
    operation_id = "settle_event",
    tag = "outbox",
    params(("event_id" = String, Path, description = "The event's id.")),
    responses(
        (status = 200, description = "The event, settled now or before.", body = EventBody),
        (
            status = 404, description = "`event_unknown`: there is no such event, or not any more.",
            body = ProblemBody, content_type = "application/problem+json"
        ),
    )
)]
pub(crate) async fn settle_event(
    State(api): State<Api>,
    caller: Caller,
    Path(event_id): Path<String>,
) -> Result<Json<EventBody>, Problem> {
    // PostgreSQL cannot even look for a text that holds U+0000.
    if !is_plain(&event_id) {
        return Err(event_unknown());
    }
    let asked = (event_id, Actor::of(caller));
    let settled = api
        .database
        .at(&crash_points::ORDER_API_SETTLE_EVENT)
        .write(asked, |tx, (id, actor)| Box::pin(settle(tx, id, actor)))
        .await?;
    match settled {
        SettledByHand::Now(event) => {
            info!(
                event.id = event.event_id,
                "settled event {} of {} by hand", event.event_id, event.subject
            );
            Ok(Json(event.into()))
        }
        SettledByHand::Before(event) => Ok(Json(event.into())),
        SettledByHand::Unknown => Err(event_unknown()),
    }
}

async fn settle(
    tx: &mut Tx,
    event_id: &str,
    actor: &Actor,
) -> Result<SettledByHand, DatabaseError> {
    let settled = outbox::settle_by_hand(tx, event_id).await?;
    if let SettledByHand::Now(_) = settled {
        audit_trail::record(tx, actor, Action::EventSettled, event_id, now_ms()).await?;
    }
    Ok(settled)
}
