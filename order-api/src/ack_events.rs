//! `POST /outbox/ack`: what became of events that were handed out.
//!
//! `settled` is true whoever says it and whenever. `postponed` and `poison` count only under the lease that is current:
//! whoever lost it must not speak for the one who has it now.

use crate::api::Api;
use crate::field_checks::is_plain;
use axum::extract::State;
use chassis::problem::{FieldError, Json, Problem};
use chassis_store::DatabaseError;
use chassis_store::outbox::{Ack, Leased, MAX_EVENTS, Poison, Postponed};
use contracts::outbox as wire;
use std::time::Duration;
use utoipa::ToSchema;

/// What became of claimed events. Fields that are not known here are ignored: a worker may be newer than this service.
#[derive(ToSchema)]
#[schema(as = AckEvents)]
#[expect(dead_code, reason = "describes contracts::outbox::AckEvents, which knows no OpenAPI")]
struct AckEventsBody {
    /// Done or safely on their way: never handed out again.
    #[schema(required = false, max_items = 256)]
    settled: Vec<LeasedEventBody>,
    /// Not yet: handed out again after a while, not counted against them.
    #[schema(required = false, max_items = 256)]
    postponed: Vec<PostponedEventBody>,
    /// At fault themselves: counted; after several the event is quarantined.
    #[schema(required = false, max_items = 256)]
    poison: Vec<PoisonEventBody>,
}

/// Names a hand-out of an event.
#[derive(ToSchema)]
#[schema(as = LeasedEvent)]
#[expect(dead_code, reason = "describes contracts::outbox::LeasedEvent, which knows no OpenAPI")]
struct LeasedEventBody {
    /// The event.
    event_id: String,
    /// The hand-out.
    lease_id: String,
}

/// An event to hand out again later.
#[derive(ToSchema)]
#[schema(as = PostponedEvent)]
#[expect(dead_code, reason = "describes contracts::outbox::PostponedEvent, which knows no OpenAPI")]
struct PostponedEventBody {
    /// The event.
    event_id: String,
    /// The hand-out.
    lease_id: String,
    /// After how long, milliseconds; a minute is never exceeded.
    for_ms: u64,
}

/// An event that cannot be handled.
#[derive(ToSchema)]
#[schema(as = PoisonEvent)]
#[expect(dead_code, reason = "describes contracts::outbox::PoisonEvent, which knows no OpenAPI")]
struct PoisonEventBody {
    /// The event.
    event_id: String,
    /// The hand-out.
    lease_id: String,
    /// Why, for people; kept with the event.
    reason: String,
}

/// What was written.
#[derive(ToSchema)]
#[schema(as = AckedEvents)]
#[expect(dead_code, reason = "describes contracts::outbox::AckedEvents, which knows no OpenAPI")]
struct AckedEventsBody {
    /// Events now settled that were not before.
    settled: u64,
    /// Events postponed; those of a lease that is not current are ignored.
    postponed: u64,
    /// Events counted as poison; those of a lease that is not current are ignored.
    poison: u64,
}

/// Acknowledge events.
///
/// Repeatable: an event that is settled stays settled.
#[utoipa::path(
    post,
    path = "/outbox/ack",
    operation_id = "ack_events",
    tag = "outbox",
    request_body = AckEventsBody,
    responses((status = 200, description = "What was written.", body = AckedEventsBody))
)]
pub(crate) async fn ack_events(
    State(api): State<Api>,
    Json(asked): Json<wire::AckEvents>,
) -> Result<Json<wire::AckedEvents>, Problem> {
    check("/settled", asked.settled.len())?;
    check("/postponed", asked.postponed.len())?;
    check("/poison", asked.poison.len())?;
    let acking = api.outbox.ack(read(asked));
    let acked = crash_points::ORDER_API_ACK_EVENTS.around(acking, || DatabaseError::Closed).await?;
    Ok(Json(wire::AckedEvents {
        settled: acked.settled,
        postponed: acked.postponed,
        poison: acked.poison,
    }))
}

fn check(pointer: &str, length: usize) -> Result<(), Problem> {
    if length <= MAX_EVENTS {
        return Ok(());
    }
    let error = FieldError::new(pointer, format!("must hold at most {MAX_EVENTS} events"));
    Err(Problem::invalid_body(vec![error]))
}

/// An id that no event can have is passed over like one that no event has.
fn read(asked: wire::AckEvents) -> Ack {
    let is_id = |event_id: &str, lease_id: &str| is_plain(event_id) && is_plain(lease_id);
    let settled = asked.settled.into_iter().filter(|event| is_id(&event.event_id, &event.lease_id));
    let postponed =
        asked.postponed.into_iter().filter(|event| is_id(&event.event_id, &event.lease_id));
    let poison = asked.poison.into_iter().filter(|event| is_id(&event.event_id, &event.lease_id));
    Ack {
        settled: settled
            .map(|event| Leased { event_id: event.event_id, lease_id: event.lease_id })
            .collect(),
        postponed: postponed
            .map(|event| Postponed {
                event_id: event.event_id,
                lease_id: event.lease_id,
                pause: Duration::from_millis(event.for_ms),
            })
            .collect(),
        poison: poison
            .map(|event| Poison {
                event_id: event.event_id,
                lease_id: event.lease_id,
                // A reason is text from anywhere, and PostgreSQL cannot store U+0000.
                reason: event.reason.replace(char::is_control, " "),
            })
            .collect(),
    }
}
