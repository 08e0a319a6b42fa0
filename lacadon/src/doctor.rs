//! `doctor`: looks at everything that can be wrong, and names the command that mends it.
//!
//! It changes nothing. Exit code 1 if it found something.

mod books;
mod checks;
mod temporal_side;

use crate::exit::Wrong;
use crate::out::{Out, Tone, plain};
use crate::target::Target;
use serde::Serialize;

/// No options beyond those that every verb takes.
#[derive(Debug, clap::Args)]
pub struct Doctor {}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What, in a few words.
    pub name: String,
    /// What is wrong with it; nothing if all is well.
    pub findings: Vec<Finding>,
    /// What was seen, if it is worth a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What, as a sentence.
    pub what: String,
    /// The command that mends it.
    pub mend: String,
}

impl Check {
    fn well(name: &str, seen: impl Into<String>) -> Self {
        Self { name: name.to_owned(), findings: Vec::new(), seen: Some(seen.into()) }
    }

    fn wrong(name: &str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        let finding = Finding { what: what.into(), mend: mend.into() };
        Self { name: name.to_owned(), findings: vec![finding], seen: None }
    }

    fn of(name: &str, findings: Vec<Finding>, seen: impl Into<String>) -> Self {
        Self { name: name.to_owned(), findings, seen: Some(seen.into()) }
    }
}

/// What was found, as JSON.
#[derive(Serialize)]
struct Told<'a> {
    is_well: bool,
    checks: &'a [Check],
}

impl Doctor {
    /// Looks.
    ///
    /// # Errors
    /// When something is wrong.
    pub async fn run(self, target: &Target, out: Out) -> anyhow::Result<()> {
        let checks = checks::all(target).await;
        let is_well = checks.iter().all(|check| check.findings.is_empty());
        if out.is_json {
            out.json(&Told { is_well, checks: &checks })?;
        } else {
            tell(&checks, out)?;
        }
        if is_well { Ok(()) } else { Err(Wrong.into()) }
    }
}

fn tell(checks: &[Check], out: Out) -> std::io::Result<()> {
    let rows = checks.iter().map(|check| {
        let (word, tone) =
            if check.findings.is_empty() { ("ok", Tone::Good) } else { ("WRONG", Tone::Bad) };
        let what: Vec<&str> = check.findings.iter().map(|finding| finding.what.as_str()).collect();
        let seen =
            if what.is_empty() { check.seen.clone().unwrap_or_default() } else { what.join("\n") };
        vec![plain(&check.name), (word.to_owned(), Some(tone)), plain(seen)]
    });
    out.table(&["what", "", "seen"], rows.collect())?;
    let findings: Vec<&Finding> = checks.iter().flat_map(|check| &check.findings).collect();
    if findings.is_empty() {
        return out.line("nothing is wrong");
    }
    out.line("")?;
    for finding in findings {
        out.line(&out.tone(Tone::Bad, &finding.what))?;
        out.line(&format!("    mend it: {}", finding.mend))?;
    }
    Ok(())
}
