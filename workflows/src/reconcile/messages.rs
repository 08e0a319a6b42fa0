//! What a run of the books is started with, how it stands, and what it says at its end.

use contracts::books::{Attended, Place, Remedy, Suspect, Tally};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long whatever is on its way may take, after a crash too, before it is a suspect; and how far apart the two looks
/// are. A schedule's run uses it; tests are less patient.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// After so many attempts a step keeps failing: with the longest wait between two it is a minute.
pub const FAILING_ATTEMPTS: u32 = 20;

/// What to look at, and what to do about it. Everything is optional: `{}` looks at everything and sees to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconcileInput {
    /// Only what changed in so many seconds; everything without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_s: Option<u32>,
    /// What is younger, in seconds, is on its way; and so far apart are the two looks. At least 1.
    #[serde(default = "patience_s")]
    pub patience_s: u32,
    /// After so many failed attempts a step keeps failing.
    #[serde(default = "failing_attempts")]
    pub failing_attempts: u32,
    /// Names violators and does nothing.
    #[serde(default)]
    pub is_dry_run: bool,
    /// How far the run before came that was continued as this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
}

/// How far the first look has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Only what changed at this time or later, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<i64>,
    /// Where to look next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Records that were read.
    #[serde(default)]
    pub read: u64,
    /// What was found so far.
    #[serde(default)]
    pub suspects: Vec<Suspect>,
    /// There were more suspects than one run goes into.
    #[serde(default)]
    pub is_cut: bool,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReconcileStage {
    /// The first look.
    #[default]
    Looking,
    /// Between the looks.
    Waiting,
    /// The second look.
    LookingAgain,
    /// Seeing to the violators.
    Attending,
    /// Closing cases that are none any more.
    Concluding,
    /// Completed; see the outcome.
    Done,
}

/// The answer to the query `status`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconcileStatus {
    /// Where the run stands.
    pub stage: ReconcileStage,
    /// Records that were read.
    pub read: u64,
    /// What was seen once.
    pub suspects: usize,
    /// What was seen twice.
    pub violators: usize,
}

/// How a run completed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconcileOutcome {
    /// In one word.
    #[serde(rename = "outcome")]
    pub verdict: Verdict,
    /// Records that were read.
    pub read: u64,
    /// How many violators there were of each kind, and what was done.
    pub tally: Vec<Tally>,
    /// Cases that were none any more.
    pub resolved: u64,
    /// The violators, the first ones of many.
    pub named: Vec<Attended>,
}

/// How a run completed, in one word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything was read, and all of it is as it should be.
    #[default]
    Clean,
    /// Everything was read; what was found is mended, or a person was told.
    Violators,
    /// Something could not be read, was too much for one run, or could not be done.
    Incomplete,
}

impl Default for ReconcileInput {
    fn default() -> Self {
        Self {
            window_s: None,
            patience_s: patience_s(),
            failing_attempts: failing_attempts(),
            is_dry_run: false,
            progress: None,
        }
    }
}

impl ReconcileInput {
    /// The patience in milliseconds; timers know no less than a second.
    pub(super) fn patience_ms(&self) -> u64 {
        u64::from(self.patience_s.max(1)).saturating_mul(1_000)
    }

    /// The window in milliseconds.
    pub(super) fn window_ms(&self) -> Option<i64> {
        self.window_s.map(|window_s| i64::from(window_s).saturating_mul(1_000))
    }
}

impl Progress {
    /// Keeps what was found, each once, and of each kind no more than `most`.
    pub(super) fn add(&mut self, found: Vec<Suspect>, most: usize) {
        for suspect in found {
            let of_its_kind = self.suspects.iter().filter(|known| known.kind == suspect.kind);
            if of_its_kind.clone().any(|known| known.subject == suspect.subject) {
                continue;
            }
            if of_its_kind.count() < most {
                self.suspects.push(suspect);
            } else {
                self.is_cut = true;
            }
        }
    }
}

/// What was done, for people.
pub(super) const fn word_of(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Redriven => "started again",
        Remedy::Reported => "told to a person",
        Remedy::Decided => "decided before",
        Remedy::Left => "left for the next run",
        Remedy::Named => "named",
    }
}

fn patience_s() -> u32 {
    u32::try_from(PATIENCE.as_secs()).unwrap_or(u32::MAX)
}

fn failing_attempts() -> u32 {
    FAILING_ATTEMPTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_is_started_with_nothing_looks_at_everything_with_patience() {
        let input: ReconcileInput = serde_json::from_str("{}").expect("an input");

        assert_eq!(input, ReconcileInput::default());
        assert_eq!((input.window_ms(), input.patience_ms()), (None, 60_000));
    }

    #[test]
    fn no_two_looks_are_less_than_a_second_apart() {
        let input: ReconcileInput = serde_json::from_str(r#"{"patience_s":0}"#).expect("an input");

        assert_eq!(input.patience_ms(), 1_000);
    }

    #[test]
    fn the_outcome_keeps_its_shape() {
        let golden = r#"{"outcome":"clean","read":7,"tally":[],"resolved":1,"named":[]}"#;

        let outcome: ReconcileOutcome = serde_json::from_str(golden).expect("golden payload");

        assert_eq!(serde_json::to_string(&outcome).expect("json"), golden);
    }
}
