//! `GET /outbox/events`: what waits, what is handed out, what was put off, what is in quarantine.

use crate::api::Api;
use crate::page::PageSize;
use axum::extract::State;
use chassis::problem::{Json, Problem, ProblemBody, Query};
use chassis::time::Moment;
use chassis_store::outbox::{EventFilter, EventRow, EventState};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::{IntoParams, ToSchema};

/// Which events, and which page of them.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListEvents {
    /// Only events that stand here.
    #[param(inline)]
    state: Option<EventStateBody>,
    /// At most so many events.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 100, default = 20)]
    limit: PageSize,
    /// The `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    starting_after: Option<EventCursor>,
}

/// Where an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = EventState)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EventStateBody {
    /// To be handed out now.
    Waiting,
    /// Handed out.
    Leased,
    /// To be handed out later: its process is under way, or it failed and is tried again.
    Postponed,
    /// Failed too often; waits for a release.
    Quarantined,
    /// Done; kept for a while.
    Settled,
}

/// An event with all that is known of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventBody {
    /// Names the event for ever.
    event_id: String,
    /// What happened.
    #[schema(example = "order.sent")]
    r#type: String,
    /// The business id that it happened to.
    #[schema(example = "ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01")]
    subject: String,
    /// Where it stands.
    state: EventStateBody,
    /// When it happened.
    #[schema(format = DateTime)]
    occurred_at: String,
    /// When it is handed out (again); null when it is settled or in quarantine.
    #[schema(format = DateTime, required)]
    due_at: Option<String>,
    /// Who holds it; null when nobody does.
    #[schema(required)]
    lease_owner: Option<String>,
    /// How often it was handed out.
    hand_outs: i64,
    /// How often it was called poison.
    poison_count: i64,
    /// How many leases ended in silence since the last answer.
    lost_count: i64,
    /// The last failure that counted; null when there was none.
    #[schema(required)]
    last_failure: Option<String>,
    /// When it was settled; null until then.
    #[schema(format = DateTime, required)]
    settled_at: Option<String>,
}

/// One page of events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventPage {
    /// Oldest first.
    data: Vec<EventBody>,
    /// Whether there is another page.
    has_more: bool,
    /// What to ask the next page with; null on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// List events.
///
/// Oldest first, by the time at which they happened.
#[utoipa::path(
    get,
    path = "/outbox/events",
    operation_id = "list_events",
    tag = "outbox",
    params(ListEvents),
    responses(
        (status = 200, description = "One page of events.", body = EventPage),
        (
            status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid_query`: a parameter that does not exist or does not fit."
        ),
    )
)]
pub(crate) async fn list_events(
    State(api): State<Api>,
    Query(asked): Query<ListEvents>,
) -> Result<Json<EventPage>, Problem> {
    let filter = EventFilter {
        state: asked.state.map(EventState::from),
        after: asked.starting_after.map(|cursor| (cursor.occurred_at_ms, cursor.event_id)),
        limit: u32::try_from(asked.limit.and_one()).unwrap_or(u32::MAX),
    };
    let (page, has_more) = asked.limit.cut(api.outbox.list(&filter).await?);
    let last = page.last().filter(|_| has_more);
    let next_cursor = last.map(|event| format!("{}.{}", event.occurred_at_ms, event.event_id));
    Ok(Json(EventPage {
        data: page.into_iter().map(EventBody::from).collect(),
        has_more,
        next_cursor,
    }))
}

/// The place of one event in the order of the list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct EventCursor {
    occurred_at_ms: i64,
    event_id: String,
}

/// A text that no page ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a next_cursor of an earlier answer")]
struct ParseEventCursorError;

impl FromStr for EventCursor {
    type Err = ParseEventCursorError;

    fn from_str(text: &str) -> Result<Self, ParseEventCursorError> {
        let (occurred_at_ms, event_id) = text.split_once('.').ok_or(ParseEventCursorError)?;
        let is_id = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if !event_id.starts_with("evt_") || !event_id.bytes().all(is_id) {
            return Err(ParseEventCursorError);
        }
        let occurred_at_ms = occurred_at_ms.parse().map_err(|_| ParseEventCursorError)?;
        Ok(Self { occurred_at_ms, event_id: event_id.to_owned() })
    }
}

impl TryFrom<String> for EventCursor {
    type Error = ParseEventCursorError;

    fn try_from(text: String) -> Result<Self, ParseEventCursorError> {
        text.parse()
    }
}

impl From<EventStateBody> for EventState {
    fn from(state: EventStateBody) -> Self {
        match state {
            EventStateBody::Waiting => Self::Waiting,
            EventStateBody::Leased => Self::Leased,
            EventStateBody::Postponed => Self::Postponed,
            EventStateBody::Quarantined => Self::Quarantined,
            EventStateBody::Settled => Self::Settled,
        }
    }
}

impl From<EventState> for EventStateBody {
    fn from(state: EventState) -> Self {
        match state {
            EventState::Waiting => Self::Waiting,
            EventState::Leased => Self::Leased,
            EventState::Postponed => Self::Postponed,
            EventState::Quarantined => Self::Quarantined,
            EventState::Settled => Self::Settled,
        }
    }
}

impl From<EventRow> for EventBody {
    fn from(event: EventRow) -> Self {
        let written = |ms| Moment::from_ms(ms).to_string();
        let is_open = !matches!(event.state, EventState::Settled | EventState::Quarantined);
        let is_leased = event.state == EventState::Leased;
        Self {
            event_id: event.event_id,
            r#type: event.event_type,
            subject: event.subject,
            state: event.state.into(),
            occurred_at: written(event.occurred_at_ms),
            due_at: is_open.then(|| written(event.due_at_ms)),
            lease_owner: event.lease_owner.filter(|_| is_leased),
            hand_outs: event.hand_outs,
            poison_count: event.poison_count,
            lost_count: event.lost_count,
            last_failure: event.last_failure,
            settled_at: event.settled_at_ms.map(written),
        }
    }
}
