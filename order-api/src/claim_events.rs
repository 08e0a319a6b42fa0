//! `POST /outbox/claim`: hands out events under a lease, waiting for the first one if asked to.
//!
//! A caller that hangs up holds nothing: what it was about to be handed is free at once.

use crate::api::Api;
use crate::field_checks::is_plain;
use axum::extract::State;
use chassis::problem::{FieldError, Json, Problem};
use chassis_store::DatabaseError;
use chassis_store::outbox::{Claim, ClaimedEvent, MAX_EVENTS, MAX_LEASE, MAX_TYPES, MAX_WAIT};
use contracts::outbox as wire;
use std::time::Duration;
use utoipa::ToSchema;

/// The longest name of an owner or event type, bytes.
const NAME_LIMIT: usize = 100;

/// Asks for events. Fields that are not known here are ignored: a worker may be newer than this service.
#[derive(ToSchema)]
#[schema(as = ClaimEvents)]
#[expect(dead_code, reason = "describes contracts::outbox::ClaimEvents, which knows no OpenAPI")]
struct ClaimEventsBody {
    /// A name that is unique per live worker and stable over its restart.
    #[schema(min_length = 1, max_length = 100, example = "worker-1")]
    owner: String,
    /// The event types to hand out; others stay where they are.
    #[schema(min_items = 1, max_items = 8, example = json!(["order.sent"]))]
    types: Vec<String>,
    /// At most so many events.
    #[schema(minimum = 1, maximum = 256)]
    limit: u32,
    /// How long they are kept from others, milliseconds.
    #[schema(minimum = 1, maximum = 60_000)]
    lease_ms: u64,
    /// How long to wait for the first one, milliseconds.
    #[schema(default = 0, required = false, maximum = 30_000)]
    wait_ms: u64,
    /// Set on the first claim after a start: leases that this owner held before are freed at once.
    #[schema(default = false, required = false)]
    is_first_since_start: bool,
}

/// Events handed out.
#[derive(ToSchema)]
#[schema(as = ClaimedEvents)]
#[expect(dead_code, reason = "describes contracts::outbox::ClaimedEvents, which knows no OpenAPI")]
struct ClaimedEventsBody {
    /// Oldest first; empty when none came in time.
    events: Vec<ClaimedEventBody>,
}

/// One event under a lease.
#[derive(ToSchema)]
#[schema(as = ClaimedEvent)]
#[expect(dead_code, reason = "describes contracts::outbox::ClaimedEvent, which knows no OpenAPI")]
struct ClaimedEventBody {
    /// Names the event for ever.
    event_id: String,
    /// Names this hand-out of it.
    lease_id: String,
    /// What happened.
    #[schema(example = "order.sent")]
    r#type: String,
    /// The business id that it happened to.
    #[schema(example = "ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01")]
    subject: String,
    /// When it happened, milliseconds since 1970 (UTC).
    occurred_at_ms: i64,
    /// For how long it has been waiting, milliseconds, by the clock of this service.
    age_ms: i64,
}

/// Claim events.
#[utoipa::path(
    post,
    path = "/outbox/claim",
    operation_id = "claim_events",
    tag = "outbox",
    request_body = ClaimEventsBody,
    responses((status = 200, description = "Events under a lease, or none.", body = ClaimedEventsBody))
)]
pub(crate) async fn claim_events(
    State(api): State<Api>,
    Json(asked): Json<wire::ClaimEvents>,
) -> Result<Json<wire::ClaimedEvents>, Problem> {
    let claim = read(asked)?;
    let step = &crash_points::ORDER_API_CLAIM_EVENTS;
    step.before();
    let events = api.outbox.claim(claim).await?;
    if !events.is_empty() {
        step.after(|| DatabaseError::Closed)?;
    }
    Ok(Json(wire::ClaimedEvents { events: events.into_iter().map(written).collect() }))
}

/// What is out of bounds is refused and not cut: a worker must not believe in a lease that it does not have.
fn read(asked: wire::ClaimEvents) -> Result<Claim, Problem> {
    let is_name = |text: &String| is_plain(text) && text.len() <= NAME_LIMIT;
    let lease = Duration::from_millis(asked.lease_ms);
    let wait = Duration::from_millis(asked.wait_ms);
    let limit = usize::try_from(asked.limit).unwrap_or(usize::MAX);
    let bounds = [
        ("/owner", is_name(&asked.owner), "must be a name of 1 to 100 bytes"),
        ("/types", (1..=MAX_TYPES).contains(&asked.types.len()), "must hold 1 to 8 event types"),
        ("/types", asked.types.iter().all(is_name), "each must be a name of 1 to 100 bytes"),
        ("/limit", (1..=MAX_EVENTS).contains(&limit), "must be 1 to 256"),
        ("/lease_ms", !lease.is_zero() && lease <= MAX_LEASE, "must be 1 to 60000"),
        ("/wait_ms", wait <= MAX_WAIT, "must be at most 30000"),
    ];
    let broken = bounds.into_iter().filter(|(_, is_kept, _)| !is_kept);
    let errors: Vec<_> = broken.map(|(at, _, must)| FieldError::new(at, must)).collect();
    if !errors.is_empty() {
        return Err(Problem::invalid_body(errors));
    }
    Ok(Claim {
        owner: asked.owner,
        types: asked.types,
        limit,
        lease,
        wait,
        is_first_since_start: asked.is_first_since_start,
    })
}

fn written(event: ClaimedEvent) -> wire::ClaimedEvent {
    wire::ClaimedEvent {
        event_id: event.event_id,
        lease_id: event.lease_id,
        event_type: event.event_type,
        subject: event.subject,
        occurred_at_ms: event.occurred_at_ms,
        age_ms: event.age_ms,
    }
}
