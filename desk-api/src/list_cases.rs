//! `GET /cases`: cases page by page, oldest first.
//!
//! By when a case was found first, which never changes: a walk through the pages misses none.

use crate::Api;
use crate::case::Case;
use crate::case_body::CaseBody;
use crate::cursor::Cursor;
use crate::store::{self, CaseFilter};
use axum::extract::State;
use chassis::problem::{FieldError, Json, Problem, Query};
use contracts::cases::{CaseKind, CaseState};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Cases of a page when the caller does not say.
const DEFAULT_LIMIT: i64 = 20;
/// The most cases of a page: an answer that both sides hold in memory.
const MAX_LIMIT: i64 = 100;

/// Which cases, and which page of them.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListCases {
    /// Only those in this state: `open`, `retried`, `skipped`, `abandoned` or `resolved`.
    #[param(value_type = Option<String>, example = "open")]
    state: Option<CaseState>,
    /// Only those of this kind.
    #[param(value_type = Option<String>, example = "undo_keeps_failing")]
    kind: Option<CaseKind>,
    /// At most so many cases.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    starting_after: Option<Cursor>,
}

/// One page of cases.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CasePage {
    /// Oldest first.
    data: Vec<CaseBody>,
    /// Whether there is another page.
    has_more: bool,
    /// What to ask the next page with; null on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// List cases.
///
/// Oldest first, by the time at which they were found first.
#[utoipa::path(
    get,
    path = "/cases",
    operation_id = "list_cases",
    tag = "cases",
    params(ListCases),
    responses((status = 200, description = "One page of cases.", body = CasePage))
)]
pub(crate) async fn list_cases(
    State(api): State<Api>,
    Query(asked): Query<ListCases>,
) -> Result<Json<CasePage>, Problem> {
    let limit = asked.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Problem::invalid_query(vec![FieldError::new("/limit", "must be 1 to 100")]));
    }
    let filter = CaseFilter {
        state: asked.state,
        kind: asked.kind,
        after: asked.starting_after,
        // One more than the page has: if it is there, so is another page.
        limit: limit + 1,
    };
    let cases = store::list(api.database.reader(), &filter).await?;
    Ok(Json(page_of(cases, usize::try_from(limit).unwrap_or(usize::MAX))))
}

fn page_of(mut cases: Vec<Case>, size: usize) -> CasePage {
    let has_more = cases.len() > size;
    cases.truncate(size);
    let place = |last: &Case| {
        Cursor { first_seen_at_ms: last.first_seen_at_ms, name: last.name.clone() }.to_string()
    };
    let next_cursor = cases.last().filter(|_| has_more).map(place);
    let data = cases.into_iter().map(CaseBody::from).collect();
    CasePage { data, has_more, next_cursor }
}
