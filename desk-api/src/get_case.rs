//! `GET /cases/{kind}/{subject}`: a case, and who decided what of it, when and why.

use crate::Api;
use crate::audit_trail::decisions;
use crate::case::Name;
use crate::case_body::CaseFileBody;
use crate::store;
use axum::extract::State;
use axum::http::StatusCode;
use chassis::problem::{Json, Path, Problem, ProblemBody};
use contracts::cases::problem::CASE_UNKNOWN;

/// The most decisions that a case shows.
const MAX_DECISIONS: i64 = 100;

/// Show a case with its decisions.
#[utoipa::path(
    get,
    path = "/cases/{kind}/{subject}",
    operation_id = "get_case",
    tag = "cases",
    params(
        ("kind" = String, Path, description = "What is wrong."),
        ("subject" = String, Path, description = "With what."),
    ),
    responses(
        (status = 200, description = "The case.", body = CaseFileBody),
        (
            status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`case_unknown`: there is no such case."
        ),
    )
)]
pub(crate) async fn get_case(
    State(api): State<Api>,
    Path((kind, subject)): Path<(String, String)>,
) -> Result<Json<CaseFileBody>, Problem> {
    // A text that is no name names no case.
    let name = Name::of(&kind, &subject).ok_or_else(case_unknown)?;
    let reader = api.database.reader();
    let case = store::case(reader, &name).await?.ok_or_else(case_unknown)?;
    let decided = decisions(reader, &name, MAX_DECISIONS).await?;
    Ok(Json(CaseFileBody::of(case, decided)))
}

/// There is no such case.
pub(crate) fn case_unknown() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        CASE_UNKNOWN,
        "there is no such case; list the cases to find its kind and subject",
    )
}
