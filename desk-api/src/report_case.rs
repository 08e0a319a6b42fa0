//! `PUT /cases/{kind}/{subject}`: something needs a person. Told again, it is the same case, seen once more.
//!
//! A case that was retried, or resolved by itself, is opened again by being found again. One that a person closed stays
//! closed if it is of the books ([`contracts::cases::CaseKind::stays_closed`]).

use crate::Api;
use crate::audit_trail::{Action, record};
use crate::case::{Case, Name};
use crate::case_body::CaseBody;
use crate::store;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use chassis::auth::{Actor, Caller};
use chassis::problem::{FieldError, Json, Path, Problem, ProblemBody};
use chassis_store::{DatabaseError, Tx, now_ms};
use contracts::cases::{CaseState, ReportCase};
use metrics::counter;
use tracing::warn;
use utoipa::ToSchema;

/// The longest sentence that is kept, of a summary or a reason.
pub(crate) const MAX_SENTENCE: usize = 500;
/// The longest id of a run, step or event that is kept.
const MAX_ID: usize = 255;

/// What is wrong. Fields that are not known here are ignored: a worker may be newer than this service.
#[derive(ToSchema)]
#[schema(as = ReportCase)]
#[expect(dead_code, reason = "describes contracts::cases::ReportCase, which knows no OpenAPI")]
struct ReportCaseBody {
    /// What is wrong, in a sentence for people.
    #[schema(min_length = 1, max_length = 500)]
    summary: String,
    /// The run that it is about.
    #[schema(min_length = 1, max_length = 255)]
    workflow_id: Option<String>,
    /// Which run under that id.
    #[schema(min_length = 1, max_length = 255)]
    run_id: Option<String>,
    /// Which step of it.
    #[schema(min_length = 1, max_length = 255)]
    activity_id: Option<String>,
    /// The event that it is about.
    #[schema(min_length = 1, max_length = 255)]
    event_id: Option<String>,
}

/// Report a case.
///
/// Repeatable: a case is named by its kind and subject for ever.
#[utoipa::path(
    put,
    path = "/cases/{kind}/{subject}",
    operation_id = "report_case",
    tag = "cases",
    params(
        ("kind" = String, Path, description = "What is wrong.", example = "undo_keeps_failing"),
        ("subject" = String, Path, description = "With what.", pattern = "^[!-.0-~]{1,128}$"),
    ),
    request_body = ReportCaseBody,
    responses(
        (status = 201, description = "Found for the first time.", body = CaseBody),
        (status = 200, description = "Found once more.", body = CaseBody),
        (
            status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`not_found`: there is no such kind, or the subject is not one that a case can have."
        ),
    )
)]
pub(crate) async fn report_case(
    State(api): State<Api>,
    caller: Caller,
    Path((kind, subject)): Path<(String, String)>,
    Json(asked): Json<ReportCase>,
) -> Result<impl IntoResponse, Problem> {
    let name = Name::of(&kind, &subject).ok_or_else(Problem::not_found)?;
    check(&asked)?;
    let (status, case) = api
        .database
        .at(&crash_points::DESK_API_REPORT_CASE)
        .write((name, asked, Actor::of(caller)), |tx, (name, asked, actor)| {
            Box::pin(report(tx, name, asked, actor))
        })
        .await?;
    if status == StatusCode::CREATED {
        let (kind, subject, summary) =
            (case.name.kind.as_str(), &case.name.subject, &case.report.summary);
        counter!("desk_cases_reported_total", "kind" => kind).increment(1);
        warn!(
            case.kind = kind,
            case.subject = subject,
            "a person must look at {kind} {subject}: {summary}"
        );
    }
    Ok((status, Json(CaseBody::from(case))))
}

async fn report(
    tx: &mut Tx,
    name: &Name,
    asked: &ReportCase,
    actor: &Actor,
) -> Result<(StatusCode, Case), DatabaseError> {
    let at_ms = now_ms();
    let said = (name, Some(&*asked.summary));
    if store::insert(tx, name, asked, at_ms).await? {
        record(tx, actor, Action::Opened, said, at_ms).await?;
        return Ok((StatusCode::CREATED, found(store::lock(tx, name).await?)?));
    }
    let case = found(store::see_again(tx, name, asked, at_ms).await?)?;
    if !case.is_opened_by_being_found() {
        return Ok((StatusCode::OK, case));
    }
    store::open_again(tx, name, at_ms).await?;
    record(tx, actor, Action::OpenedAgain, said, at_ms).await?;
    Ok((StatusCode::OK, Case { state: CaseState::Open, opened_at_ms: at_ms, ..case }))
}

fn found(case: Option<Case>) -> Result<Case, DatabaseError> {
    case.ok_or_else(|| DatabaseError::bad_row("a case that was there is gone"))
}

fn check(asked: &ReportCase) -> Result<(), Problem> {
    let ids = [
        ("/workflow_id", &asked.workflow_id),
        ("/run_id", &asked.run_id),
        ("/activity_id", &asked.activity_id),
        ("/event_id", &asked.event_id),
    ];
    let summary = fault("/summary", &asked.summary, MAX_SENTENCE);
    let ids = ids.into_iter().filter_map(|(at, id)| fault(at, id.as_deref()?, MAX_ID));
    let errors: Vec<_> = summary.into_iter().chain(ids).collect();
    if errors.is_empty() { Ok(()) } else { Err(Problem::invalid_body(errors)) }
}

/// What is wrong with a text, if anything: PostgreSQL cannot store U+0000, and a sentence is one line.
pub(crate) fn fault(pointer: &str, text: &str, longest: usize) -> Option<FieldError> {
    let is_blank = text.trim().is_empty();
    if is_blank || text.chars().count() > longest || text.chars().any(char::is_control) {
        let must = format!("must be 1 to {longest} characters, not blank, on one line");
        return Some(FieldError::new(pointer, must));
    }
    None
}
