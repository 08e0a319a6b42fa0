//! `PUT /derivation-key`: whoever derives ids says from which key, and is stopped if it is another than before.
//!
//! A customer's id is a keyed hash of an address. With another key the same person would become a second customer, so an
//! installation keeps the fingerprint of the one key it began with and refuses every other. The key itself never comes
//! here.

use crate::api::Api;
use crate::store::audit_trail::{self, Action};
use crate::store::derivation_keys::{self, Recorded};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chassis::auth::{Actor, Caller};
use chassis::problem::{FieldError, Json, Problem, ProblemBody};
use chassis::time::Moment;
use chassis_store::{DatabaseError, Tx, now_ms};
use serde::{Deserialize, Serialize};
use tracing::info;
use utoipa::ToSchema;

/// SHA-256, written as hexadecimal digits.
const FINGERPRINT_LENGTH: usize = 64;

/// The key that the caller derives ids from.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordDerivationKey {
    /// The SHA-256 of the key, 64 lower-case hexadecimal digits.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    fingerprint: String,
}

/// The key of this installation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DerivationKey {
    /// The SHA-256 of the key.
    fingerprint: String,
    /// Since when it is on record.
    #[schema(format = DateTime)]
    recorded_at: String,
}

/// What recording a fingerprint came to.
enum Outcome {
    Now(Recorded),
    Before(Recorded),
    Differs,
}

/// Record the fingerprint of the derivation key.
///
/// Call it before deriving ids, at every start. Only the key that was recorded first is accepted.
#[utoipa::path(
    put,
    path = "/derivation-key",
    operation_id = "record_derivation_key",
    tag = "installation",
    request_body = RecordDerivationKey,
    responses(
        (status = 201, description = "This is the key of the installation from now on.", body = DerivationKey),
        (status = 200, description = "This is the key of the installation.", body = DerivationKey),
        (
            status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`derivation_key_differs`: the installation began with another key."
        ),
    )
)]
pub(crate) async fn record_derivation_key(
    State(api): State<Api>,
    caller: Caller,
    Json(request): Json<RecordDerivationKey>,
) -> Result<Response, Problem> {
    check_fingerprint(&request.fingerprint)?;
    let asked = (request.fingerprint, Actor::of(caller));
    let work = api
        .database
        .at(&crash_points::ORDER_API_RECORD_DERIVATION_KEY)
        .write(asked, |tx, (asked, actor)| Box::pin(record(tx, asked, actor)));
    match work.await? {
        Outcome::Now(recorded) => {
            info!("recorded the fingerprint of the derivation key");
            Ok((StatusCode::CREATED, Json(DerivationKey::from(recorded))).into_response())
        }
        Outcome::Before(recorded) => Ok(Json(DerivationKey::from(recorded)).into_response()),
        Outcome::Differs => Err(derivation_key_differs()),
    }
}

fn check_fingerprint(text: &str) -> Result<(), Problem> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if text.len() == FINGERPRINT_LENGTH && text.bytes().all(is_digit) {
        return Ok(());
    }
    let error = FieldError::new("/fingerprint", "must be 64 lower-case hexadecimal digits");
    Err(Problem::invalid_body(vec![error]))
}

async fn record(tx: &mut Tx, asked: &str, actor: &Actor) -> Result<Outcome, DatabaseError> {
    let new = Recorded { fingerprint: asked.to_owned(), recorded_at_ms: now_ms() };
    if derivation_keys::record(tx, &new).await? {
        let (action, at_ms) = (Action::DerivationKeyRecorded, new.recorded_at_ms);
        audit_trail::record(tx, actor, action, &new.fingerprint, at_ms).await?;
        return Ok(Outcome::Now(new));
    }
    let known = derivation_keys::find(tx).await?;
    let known = known.ok_or_else(|| DatabaseError::bad_row("the derivation key went away"))?;
    let is_same = known.fingerprint == asked;
    Ok(if is_same { Outcome::Before(known) } else { Outcome::Differs })
}

impl From<Recorded> for DerivationKey {
    fn from(recorded: Recorded) -> Self {
        Self {
            fingerprint: recorded.fingerprint,
            recorded_at: Moment::from_ms(recorded.recorded_at_ms).to_string(),
        }
    }
}

fn derivation_key_differs() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "derivation_key_differs",
        "this installation began with another derivation key; restore the original key from its backup, because with \
         this one known customers would become strangers",
    )
}
