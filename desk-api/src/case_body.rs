//! A case as callers see it.

use crate::audit_trail::Decided;
use crate::case::Case;
use chassis::time::Moment;
use contracts::cases::{CaseKind, CaseState, Decision};
use serde::Serialize;
use utoipa::ToSchema;

/// What a person must look at.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Case)]
pub(crate) struct CaseBody {
    /// What is wrong.
    #[schema(value_type = String, example = "undo_keeps_failing")]
    kind: CaseKind,
    /// With what: the id of an order, voucher, event or workflow.
    #[schema(example = "place-ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01")]
    subject: String,
    /// `open`, `retried`, `skipped`, `abandoned` or `resolved`.
    #[schema(value_type = String, example = "open")]
    state: CaseState,
    /// What is wrong, in a sentence, as it was said last.
    summary: String,
    /// The run that it is about.
    #[schema(required)]
    workflow_id: Option<String>,
    /// Which run under that id.
    #[schema(required)]
    run_id: Option<String>,
    /// Which step of it.
    #[schema(required)]
    activity_id: Option<String>,
    /// The event that it is about.
    #[schema(required)]
    event_id: Option<String>,
    /// How often it was found.
    #[schema(minimum = 1)]
    times_seen: i64,
    /// When it was found first.
    #[schema(value_type = String, format = DateTime)]
    first_seen_at: Moment,
    /// When it was found last.
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Moment,
    /// When it was opened, for the last time.
    #[schema(value_type = String, format = DateTime)]
    opened_at: Moment,
}

/// A case with what was decided of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CaseFile)]
pub(crate) struct CaseFileBody {
    #[serde(flatten)]
    case: CaseBody,
    /// The latest 100, the last one first.
    #[schema(max_items = 100)]
    decisions: Vec<DecisionBody>,
}

/// Who decided what, when and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Decision)]
pub(crate) struct DecisionBody {
    /// `retry`, `skip` or `abandon`.
    #[schema(value_type = String, example = "skip")]
    decision: Decision,
    /// Why, in that person's words.
    #[schema(required)]
    because: Option<String>,
    /// The caller's name in the keys file.
    by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Moment,
}

impl From<Case> for CaseBody {
    fn from(case: Case) -> Self {
        Self {
            kind: case.name.kind,
            subject: case.name.subject,
            state: case.state,
            summary: case.report.summary,
            workflow_id: case.report.workflow_id,
            run_id: case.report.run_id,
            activity_id: case.report.activity_id,
            event_id: case.report.event_id,
            times_seen: case.times_seen,
            first_seen_at: Moment::from_ms(case.first_seen_at_ms),
            last_seen_at: Moment::from_ms(case.last_seen_at_ms),
            opened_at: Moment::from_ms(case.opened_at_ms),
        }
    }
}

impl CaseFileBody {
    /// The case and its decisions, the last one first.
    pub(crate) fn of(case: Case, decisions: Vec<Decided>) -> Self {
        let decisions = decisions.into_iter().map(DecisionBody::from).collect();
        Self { case: case.into(), decisions }
    }
}

impl From<Decided> for DecisionBody {
    fn from(decided: Decided) -> Self {
        Self {
            decision: decided.decision,
            because: decided.because,
            by: decided.by,
            at: Moment::from_ms(decided.at_ms),
        }
    }
}
