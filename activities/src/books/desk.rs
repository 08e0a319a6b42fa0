//! The stuck desk, as the books speak to it: told of a case, asked which are open, told that one is none any more.

use super::records::page;
use crate::attempt::Attempt;
use connections::call::{CallError, Service};
use contracts::books::{Remedy, Suspect};
use contracts::cases::{Case, CaseState};
use reqwest::Method;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Cases that a run closes, or leaves, at most; the next run goes on.
const MOST_CASES: usize = 1_000;

/// The states of a case that is closed when what was wrong is so no longer.
const UNDECIDED: [&str; 2] = ["open", "retried"];

/// What is read of the answer.
#[derive(Deserialize)]
struct Kept {
    state: CaseState,
}

/// Tells a person; what a person has decided on before stays decided.
pub(super) async fn report(
    desk_api: &Service,
    attempt: &Attempt,
    case: &Suspect,
) -> Result<Remedy, CallError> {
    let path = ["cases", case.kind.as_str(), &case.subject];
    let call = attempt.call(Method::PUT, &path);
    let kept: Kept = desk_api.granted_with(call, &case.report).await?;
    Ok(match kept.state {
        CaseState::Open | CaseState::Retried | CaseState::Resolved => Remedy::Reported,
        CaseState::Skipped | CaseState::Abandoned => Remedy::Decided,
    })
}

/// The cases that nobody has decided on.
pub(super) async fn open_cases(
    desk_api: &Service,
    attempt: &Attempt,
) -> Result<Vec<Suspect>, CallError> {
    let mut cases = Vec::new();
    for state in UNDECIDED {
        let mut after = None;
        while cases.len() < MOST_CASES {
            let filter = [("state", Some(state))];
            let page =
                page::<Case>(desk_api, attempt, &["cases"], &filter, after.as_deref()).await?;
            after = page.next();
            cases.extend(page.data.into_iter().map(|case| Suspect {
                kind: case.kind,
                subject: case.subject,
                report: case.report,
            }));
            if after.is_none() {
                break;
            }
        }
    }
    Ok(cases)
}

/// Says that a case is none any more.
pub(super) async fn resolve(
    desk_api: &Service,
    attempt: &Attempt,
    case: &Suspect,
) -> Result<(), CallError> {
    let path = ["cases", case.kind.as_str(), &case.subject, "resolve"];
    let IgnoredAny = desk_api.granted(attempt.call(Method::POST, &path)).await?;
    Ok(())
}
