//! `POST /cases/{kind}/{subject}/resolve`: what was wrong is so no longer, by nobody's decision.
//!
//! Only a case that is open or retried is resolved; one that a person closed stays as that person left it.

use crate::Api;
use crate::audit_trail::{Action, record};
use crate::case::{Case, Name};
use crate::case_body::CaseBody;
use crate::get_case::case_unknown;
use crate::store;
use axum::extract::State;
use chassis::auth::{Actor, Caller};
use chassis::problem::{Json, Path, Problem, ProblemBody};
use chassis_store::{DatabaseError, Tx, now_ms};
use contracts::cases::CaseState;

/// Resolve a case.
///
/// Repeatable. The answer is the case as it stands.
#[utoipa::path(
    post,
    path = "/cases/{kind}/{subject}/resolve",
    operation_id = "resolve_case",
    tag = "cases",
    params(
        ("kind" = String, Path, description = "What was wrong."),
        ("subject" = String, Path, description = "With what."),
    ),
    responses(
        (status = 200, description = "The case as it stands.", body = CaseBody),
        (
            status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`case_unknown`: there is no such case."
        ),
    )
)]
pub(crate) async fn resolve_case(
    State(api): State<Api>,
    caller: Caller,
    Path((kind, subject)): Path<(String, String)>,
) -> Result<Json<CaseBody>, Problem> {
    let name = Name::of(&kind, &subject).ok_or_else(case_unknown)?;
    let resolved = api
        .database
        .at(&crash_points::DESK_API_RESOLVE_CASE)
        .write((name, Actor::of(caller)), |tx, (name, actor)| Box::pin(resolve(tx, name, actor)))
        .await?;
    Ok(Json(resolved.ok_or_else(case_unknown)?.into()))
}

async fn resolve(tx: &mut Tx, name: &Name, actor: &Actor) -> Result<Option<Case>, DatabaseError> {
    let Some(case) = store::lock(tx, name).await? else { return Ok(None) };
    if !case.is_resolved_by_being_gone() {
        return Ok(Some(case));
    }
    store::close(tx, name, CaseState::Resolved).await?;
    record(tx, actor, Action::Resolved, (name, None), now_ms()).await?;
    Ok(Some(Case { state: CaseState::Resolved, ..case }))
}
