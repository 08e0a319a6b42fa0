//! `stuck list|show|retry|skip|abandon`: what a person must look at, and what that person decides.
//!
//! A decision is carried out in an order that loses nothing: *look* (what cannot be carried out is refused, and nothing
//! is recorded), *record* at desk-api (one decision is taken, whoever else decides at the same time), *act*. When the act
//! fails, the decision is on file and the same command does it again: every act may be repeated. When nobody repeats it,
//! the run or event is found again, and its case is open again.

mod act;
mod plan;
mod run;
mod start;

use crate::api::{Api, segment, text};
use crate::order::more;
use crate::out::{Out, Tone, plain};
use crate::system::Role;
use crate::target::Target;
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use contracts::cases::{Case, CaseKind, CaseState, Decision};
use serde_json::{Value, json};
use std::str::FromStr;

/// What to do at the stuck desk.
#[derive(Debug, Subcommand)]
pub enum StuckVerb {
    /// List cases, oldest first.
    List(List),
    /// Show a case, and who decided what of it, when and why.
    Show {
        /// As in undo_keeps_failing/place-ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01.
        case: CaseName,
    },
    /// Have it tried again, now.
    Retry {
        /// As in event_quarantined/evt_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01.
        case: CaseName,
        /// Why, for the record.
        #[arg(long)]
        because: Option<String>,
    },
    /// Have the process go on as if it were done: what it would have done is for a person to see to.
    Skip(Closing),
    /// Give it up: a run is terminated, an event is not heard any more.
    Abandon(Closing),
}

/// Which cases.
#[derive(Debug, Args)]
pub struct List {
    /// Only cases in this state: open, retried, skipped, abandoned, resolved; or all.
    #[arg(long, default_value = "open")]
    state: String,
    /// Only cases of this kind, as in undo_keeps_failing.
    #[arg(long)]
    kind: Option<String>,
    /// At most so many, 1 to 100.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=100))]
    limit: u16,
    /// Go on after this cursor, which the page before ended with.
    #[arg(long)]
    starting_after: Option<String>,
}

/// A decision that closes a case.
#[derive(Debug, Args)]
pub struct Closing {
    /// As in undo_keeps_failing/place-ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01.
    case: CaseName,
    /// Why; kept for ever.
    #[arg(long)]
    because: String,
}

/// What a case is called: its kind, a slash, its subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseName {
    kind: CaseKind,
    subject: String,
}

impl FromStr for CaseName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let shape =
            || "a case is called KIND/SUBJECT, as `cargo lacadon stuck list` shows it".to_owned();
        let (kind, subject) = text.split_once('/').ok_or_else(shape)?;
        let kind = kind.parse().map_err(|_| format!("there is no kind {kind}; {}", shape()))?;
        if subject.is_empty() {
            return Err(shape());
        }
        Ok(Self { kind, subject: subject.to_owned() })
    }
}

impl CaseName {
    fn path(&self) -> String {
        format!("/cases/{}/{}", self.kind.as_str(), segment(&self.subject))
    }
}

impl StuckVerb {
    /// Does it.
    ///
    /// # Errors
    /// When a service or Temporal refuses or does not answer, or when what is decided cannot be carried out.
    pub async fn run(self, target: &Target, out: Out) -> anyhow::Result<()> {
        match self {
            Self::List(list) => list.run(target, out).await,
            Self::Show { case } => {
                show(&target.desk_api(Role::Auditor)?.get(&case.path(), &[]).await?, out)
            }
            Self::Retry { case, because } => {
                decide(&case, Decision::Retry, because.as_deref(), target, out).await
            }
            Self::Skip(Closing { case, because }) => {
                decide(&case, Decision::Skip, Some(&because), target, out).await
            }
            Self::Abandon(Closing { case, because }) => {
                decide(&case, Decision::Abandon, Some(&because), target, out).await
            }
        }
    }
}

impl List {
    async fn run(self, target: &Target, out: Out) -> anyhow::Result<()> {
        let api = target.desk_api(Role::Auditor)?;
        let mut query = vec![("limit", self.limit.to_string())];
        let state = Some(self.state).filter(|state| state != "all");
        for (name, value) in
            [("state", state), ("kind", self.kind), ("starting_after", self.starting_after)]
        {
            query.extend(value.map(|value| (name, value)));
        }
        let page = api.get("/cases", &query).await?;
        if out.is_json {
            return Ok(out.json(&page)?);
        }
        let cases = page.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
        let rows = cases.iter().map(|case| {
            vec![
                plain(format!("{}/{}", text(case, "kind"), text(case, "subject"))),
                (text(case, "state"), tone_of(&text(case, "state"))),
                plain(text(case, "opened_at")),
                plain(text(case, "times_seen")),
                plain(text(case, "summary")),
            ]
        });
        out.table(&["case", "state", "opened", "seen", "what is wrong"], rows.collect())?;
        more(out, &page)
    }
}

fn tone_of(state: &str) -> Option<Tone> {
    match state {
        "open" => Some(Tone::Bad),
        "retried" => Some(Tone::Notable),
        "skipped" | "abandoned" => Some(Tone::Quiet),
        "resolved" => Some(Tone::Good),
        _ => None,
    }
}

fn show(case: &Value, out: Out) -> anyhow::Result<()> {
    if out.is_json {
        return Ok(out.json(case)?);
    }
    for (label, field) in [
        ("kind", "kind"),
        ("subject", "subject"),
        ("state", "state"),
        ("what is wrong", "summary"),
        ("run", "workflow_id"),
        ("step", "activity_id"),
        ("event", "event_id"),
        ("times seen", "times_seen"),
        ("first seen", "first_seen_at"),
        ("last seen", "last_seen_at"),
    ] {
        out.line(&format!("{label:<14} {}", text(case, field)))?;
    }
    let decisions = case.get("decisions").and_then(Value::as_array).cloned().unwrap_or_default();
    let rows = decisions.iter().map(|decision| {
        let cells = ["decision", "by", "at", "because"];
        cells.map(|field| plain(text(decision, field))).to_vec()
    });
    Ok(out.table(&["decided", "by", "at", "because"], rows.collect())?)
}

/// Looks, records, acts.
async fn decide(
    name: &CaseName,
    decision: Decision,
    because: Option<&str>,
    target: &Target,
    out: Out,
) -> anyhow::Result<()> {
    let desk = target.desk_api(Role::BackOffice)?;
    let case: Case = serde_json::from_value(desk.get(&name.path(), &[]).await?)
        .context("desk-api answers with no case")?;
    if is_closed_otherwise(&case, decision) {
        record(&desk, name, decision, because).await?;
        bail!("the case was opened again meanwhile: look at it, and run the command again");
    }
    let act = plan::plan(&case, decision, target).await?;
    let decided = record(&desk, name, decision, because).await?;
    let state = decision.leaves().as_str();
    let did = act.carry_out(target, because).await.with_context(|| {
        format!("the case is {state} and on file, but that was not carried out; run the same command again")
    })?;
    if out.is_json {
        return Ok(out.json(&json!({ "case": decided, "did": did }))?);
    }
    out.line(&format!("{}/{} is {state}", name.kind.as_str(), name.subject))?;
    Ok(out.line(&did)?)
}

/// Whether desk-api will refuse, and say why.
fn is_closed_otherwise(case: &Case, decision: Decision) -> bool {
    !matches!(case.state, CaseState::Open | CaseState::Retried) && case.state != decision.leaves()
}

async fn record(
    desk: &Api,
    name: &CaseName,
    decision: Decision,
    because: Option<&str>,
) -> anyhow::Result<Value> {
    let mut asked = json!({ "decision": decision });
    if let (Some(fields), Some(because)) = (asked.as_object_mut(), because) {
        fields.insert("because".to_owned(), because.into());
    }
    Ok(desk.post(&format!("{}/decide", name.path()), &asked).await?.body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_named_as_it_is_listed() {
        let name: CaseName = "undo_keeps_failing/place-ord_1".parse().expect("a name");

        assert_eq!(name.path(), "/cases/undo_keeps_failing/place-ord_1");
        for bad in ["place-ord_1", "undo_keeps_failing/", "undo_keeps_failing", "odd/place-ord_1"] {
            let why = bad.parse::<CaseName>().expect_err("no name");
            assert!(why.contains("stuck list"), "{why}");
        }
    }
}
