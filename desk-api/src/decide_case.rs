//! `POST /cases/{kind}/{subject}/decide`: a person decides, and who, what, when and why are on file for ever.
//!
//! A decision is taken once, on a case that is open or was retried for nothing. The same of the same caller is the same
//! again, and keeps the reason that was given first; another one of a closed case is refused. It carries nothing out:
//! whoever decides does, afterwards, and repeats it until it is done.

use crate::Api;
use crate::audit_trail::{Action, decisions, record};
use crate::case::{Case, Deciding, Last, Name};
use crate::case_body::CaseBody;
use crate::get_case::case_unknown;
use crate::report_case::{MAX_SENTENCE, fault};
use crate::store;
use axum::extract::State;
use axum::http::StatusCode;
use chassis::auth::{Actor, Caller};
use chassis::problem::{FieldError, Json, Path, Problem, ProblemBody};
use chassis_store::{DatabaseError, Tx, now_ms};
use contracts::cases::Decision;
use contracts::cases::problem::CASE_CLOSED;
use metrics::counter;
use serde::Deserialize;
use tracing::info;
use utoipa::ToSchema;

/// What is decided, and why.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecideCase {
    /// `retry`, `skip` or `abandon`.
    #[schema(value_type = String, pattern = "^(retry|skip|abandon)$")]
    decision: Decision,
    /// Why; needed to skip and to abandon.
    #[schema(min_length = 1, max_length = 500)]
    because: Option<String>,
}

/// Decide a case.
///
/// Repeatable: the same decision of the same caller is answered with the case as it stands, and the first reason stays.
#[utoipa::path(
    post,
    path = "/cases/{kind}/{subject}/decide",
    operation_id = "decide_case",
    tag = "cases",
    params(
        ("kind" = String, Path, description = "What is wrong."),
        ("subject" = String, Path, description = "With what."),
    ),
    request_body = DecideCase,
    responses(
        (status = 200, description = "Decided, now or before.", body = CaseBody),
        (
            status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`case_unknown`: there is no such case."
        ),
        (
            status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`case_closed`: somebody has decided it, or it was resolved by itself."
        ),
    )
)]
pub(crate) async fn decide_case(
    State(api): State<Api>,
    caller: Caller,
    Path((kind, subject)): Path<(String, String)>,
    Json(asked): Json<DecideCase>,
) -> Result<Json<CaseBody>, Problem> {
    check(&asked)?;
    let name = Name::of(&kind, &subject).ok_or_else(case_unknown)?;
    let decision = asked.decision.as_str();
    let decided = api
        .database
        .at(&crash_points::DESK_API_DECIDE_CASE)
        .write((name, asked, Actor::of(caller)), |tx, (name, asked, actor)| {
            Box::pin(decide(tx, name, asked, actor))
        })
        .await?;
    let (deciding, case) = decided.ok_or_else(case_unknown)?;
    match deciding {
        Deciding::Taken => {
            counter!("desk_cases_decided_total", "decision" => decision).increment(1);
            info!(
                case.kind = kind,
                case.subject = subject,
                decision,
                "decided to {decision} {kind} {subject}"
            );
            Ok(Json(case.into()))
        }
        Deciding::Repeated => Ok(Json(case.into())),
        Deciding::Closed => Err(case_closed(&case)),
    }
}

async fn decide(
    tx: &mut Tx,
    name: &Name,
    asked: &DecideCase,
    actor: &Actor,
) -> Result<Option<(Deciding, Case)>, DatabaseError> {
    let Some(case) = store::lock(tx, name).await? else { return Ok(None) };
    let last = decisions(&mut *tx, name, 1).await?.pop();
    let last = last.map(|last| Last { decision: last.decision, by: last.by });
    let deciding = case.deciding(asked.decision, actor.name(), last.as_ref());
    if deciding != Deciding::Taken {
        return Ok(Some((deciding, case)));
    }
    let state = asked.decision.leaves();
    store::close(tx, name, state).await?;
    let action = Action::Decided(asked.decision);
    record(tx, actor, action, (name, asked.because.as_deref()), now_ms()).await?;
    Ok(Some((deciding, Case { state, ..case })))
}

fn check(asked: &DecideCase) -> Result<(), Problem> {
    let error = match (&asked.because, asked.decision) {
        (Some(because), _) => fault("/because", because, MAX_SENTENCE),
        (None, Decision::Skip | Decision::Abandon) => {
            Some(FieldError::new("/because", "say why: this is on file for ever"))
        }
        (None, Decision::Retry) => None,
    };
    error.map_or(Ok(()), |error| Err(Problem::invalid_body(vec![error])))
}

fn case_closed(case: &Case) -> Problem {
    let state = case.state.as_str();
    Problem::new(
        StatusCode::CONFLICT,
        CASE_CLOSED,
        format!("this case is {state} already; show it to see who decided what, and why"),
    )
}
