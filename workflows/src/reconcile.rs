//! `Reconcile`: what the services' books say that must not be is mended, or told to a person.
//!
//! Started by a schedule every minute over what changed in the last 48 hours, every night over everything, and by
//! anybody: `cargo lacadon reconcile`. It repairs what no other process can: a run that an operator terminated, a Temporal
//! server that lost its store, a database of yesterday.
//!
//! Promises:
//! - Nothing counts that is younger than its patience, or that is not seen twice, its patience apart.
//! - A process is started again only if the event that owed it is settled and no run of it is open; after two such starts,
//!   and for everything else, a person is told: a case at desk-api that names the run or the event.
//! - Nothing is taken back: no voucher is voided, no order changed.
//! - Run again, replayed, reset or doubled, it does no harm: the receivers' unique keys protect whatever it starts again.
//! - It owes nothing. It completes `clean`, `violators` or, if not everything could be read or done, `incomplete`; a
//!   cancel request ends it where it stands; the next run begins anew.
//! - A dry run names the violators, and does nothing else.

#![expect(
    missing_docs,
    reason = "the macro makes markers without docs; their methods below have them"
)]

mod messages;

pub use messages::{
    FAILING_ATTEMPTS, PATIENCE, Progress, ReconcileInput, ReconcileOutcome, ReconcileStage,
    ReconcileStatus, Verdict,
};

use crate::arg::Arg;
use crate::failure::{Failed, FailureKind};
use crate::steps::Tried;
use crate::steps::books as steps;
use contracts::books::{
    AttendTo, Attended, ConcludeBooks, LookAgain, LookAtBooks, Remedy, Suspect, Tally,
};
use contracts::cases::CaseKind;
use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{
    ContinueAsNewOptions, TimerResult, WorkflowContext, WorkflowContextView, WorkflowResult,
    WorkflowTermination,
};

/// The type name of this process: in the history, the Web UI and the CLI.
pub const RECONCILE: &str = "Reconcile";

/// Suspects of one kind that one run goes into, so that no kind keeps another from being seen to, and that the history
/// stays small. The next run takes the next ones.
const MOST_OF_A_KIND: usize = 200;

/// Violators that one attempt sees to.
const AT_ONCE: usize = 25;

/// Violators that the outcome names; the counts are of all.
const MOST_NAMED: usize = 200;

/// The process.
#[workflow]
#[derive(Default)]
pub struct Reconcile {
    status: ReconcileStatus,
}

#[workflow_methods]
impl Reconcile {
    /// Looks, waits, looks again, sees to what was seen twice, says what it found.
    #[run(name = RECONCILE)]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        input: Arg<ReconcileInput>,
    ) -> WorkflowResult<ReconcileOutcome> {
        let input = input.0.map_err(invalid)?;
        let first = Self::look(ctx, &input).await?;
        let (violators, was_seen_again) = Self::look_again(ctx, &input, first.suspects).await?;
        let mut is_complete = first.is_complete && was_seen_again;
        let mut outcome = ReconcileOutcome { read: first.read, ..ReconcileOutcome::default() };
        if input.is_dry_run {
            outcome.named = violators.into_iter().map(only_named).collect();
        } else {
            let (attended, were_attended) = Self::attend(ctx, violators).await?;
            is_complete &= were_attended && attended.iter().all(|one| one.remedy != Remedy::Left);
            outcome.named = attended;
        }
        outcome.tally = tally(&outcome.named);
        if !input.is_dry_run {
            let concluded = Self::conclude(ctx, &input, &outcome.tally, is_complete).await?;
            is_complete &= concluded.is_some();
            outcome.resolved = concluded.unwrap_or_default();
        }
        outcome.verdict = match (is_complete, outcome.named.is_empty()) {
            (false, _) => Verdict::Incomplete,
            (true, true) => Verdict::Clean,
            (true, false) => Verdict::Violators,
        };
        outcome.named.truncate(MOST_NAMED);
        Self::enter(ctx, ReconcileStage::Done, &said(&outcome));
        Ok(outcome)
    }

    /// Where the run stands. Any argument is accepted and ignored: tools differ in what they send for "none".
    #[query(name = "status")]
    pub fn status(
        &self,
        _ctx: &WorkflowContextView,
        _ignored: Arg<serde_json::Value>,
    ) -> ReconcileStatus {
        self.status.clone()
    }

    /// The first look: page by page, until everything was seen or something cannot be read.
    async fn look(
        ctx: &WorkflowContext<Self>,
        input: &ReconcileInput,
    ) -> Result<FirstLook, WorkflowTermination> {
        Self::enter(ctx, ReconcileStage::Looking, "Reading the services' books.");
        let mut progress = input.progress.clone().unwrap_or_else(|| Self::beginning(ctx, input));
        loop {
            let books = LookAtBooks {
                since_ms: progress.since_ms,
                patience_ms: input.patience_ms(),
                failing_attempts: input.failing_attempts,
                place: progress.place.clone(),
            };
            let Tried::Answered(looked) = steps::look(ctx, books).await? else {
                return Ok(FirstLook::of(progress, false));
            };
            progress.read = progress.read.saturating_add(looked.read);
            progress.add(looked.suspects, MOST_OF_A_KIND);
            progress.place = looked.next;
            let (read, suspects) = (progress.read, progress.suspects.len());
            ctx.state_mut(|run| {
                run.status.read = read;
                run.status.suspects = suspects;
            });
            if progress.place.is_none() {
                return Ok(FirstLook::of(progress, true));
            }
            if ctx.continue_as_new_suggested() {
                let next = ReconcileInput { progress: Some(progress), ..input.clone() };
                match ctx.continue_as_new(Arg::from(next), ContinueAsNewOptions::default())? {}
            }
        }
    }

    fn beginning(ctx: &WorkflowContext<Self>, input: &ReconcileInput) -> Progress {
        let now = ctx.workflow_time().and_then(|now| now.duration_since(UNIX_EPOCH).ok());
        let now_ms = now.and_then(|now| i64::try_from(now.as_millis()).ok());
        // Without a clock everything is looked at.
        let since_ms =
            now_ms.zip(input.window_ms()).map(|(now, window)| now.saturating_sub(window));
        Progress { since_ms, ..Progress::default() }
    }

    /// The second look, at the suspects alone: what is gone by then was on its way. The flag: whether it could be done.
    async fn look_again(
        ctx: &WorkflowContext<Self>,
        input: &ReconcileInput,
        suspects: Vec<Suspect>,
    ) -> Result<(Vec<Suspect>, bool), WorkflowTermination> {
        if suspects.is_empty() {
            return Ok((suspects, true));
        }
        let details = format!("{} suspects. Waiting before the second look.", suspects.len());
        Self::enter(ctx, ReconcileStage::Waiting, &details);
        match ctx.timer(Duration::from_millis(input.patience_ms())).await {
            TimerResult::Fired => {}
            TimerResult::Cancelled => return Err(WorkflowTermination::cancelled()),
        }
        Self::enter(ctx, ReconcileStage::LookingAgain, "Looking at the suspects once more.");
        let mut violators = Vec::new();
        for some in suspects.chunks(MOST_OF_A_KIND) {
            let again =
                LookAgain { suspects: some.to_vec(), failing_attempts: input.failing_attempts };
            match steps::look_again(ctx, again).await? {
                Tried::Answered(seen) => violators.extend(seen.violators),
                // Seen once is not seen: the next run looks anew.
                Tried::InVain => return Ok((violators, false)),
            }
        }
        let count = violators.len();
        ctx.state_mut(|run| run.status.violators = count);
        Ok((violators, true))
    }

    /// Sees to every violator. The flag: whether all of it could be done.
    async fn attend(
        ctx: &WorkflowContext<Self>,
        violators: Vec<Suspect>,
    ) -> Result<(Vec<Attended>, bool), WorkflowTermination> {
        Self::enter(ctx, ReconcileStage::Attending, "Seeing to what was seen twice.");
        let mut attended = Vec::new();
        let mut is_complete = true;
        for some in violators.chunks(AT_ONCE) {
            match steps::attend(ctx, AttendTo { violators: some.to_vec() }).await? {
                Tried::Answered(answer) => attended.extend(answer.attended),
                Tried::InVain => {
                    is_complete = false;
                    attended.extend(some.iter().cloned().map(left));
                }
            }
        }
        Ok((attended, is_complete))
    }

    /// How many cases are none any more; nothing when that could not be said.
    async fn conclude(
        ctx: &WorkflowContext<Self>,
        input: &ReconcileInput,
        tally: &[Tally],
        is_complete: bool,
    ) -> Result<Option<u64>, WorkflowTermination> {
        Self::enter(ctx, ReconcileStage::Concluding, "Closing the cases that are none any more.");
        let failing_attempts = input.failing_attempts;
        let books = ConcludeBooks { tally: tally.to_vec(), is_complete, failing_attempts };
        Ok(match steps::conclude(ctx, books).await? {
            Tried::Answered(concluded) => Some(concluded.resolved),
            Tried::InVain => None,
        })
    }

    fn enter(ctx: &WorkflowContext<Self>, stage: ReconcileStage, details: &str) {
        ctx.state_mut(|run| run.status.stage = stage);
        ctx.set_current_details(details);
    }
}

/// What the first look came to.
struct FirstLook {
    read: u64,
    suspects: Vec<Suspect>,
    is_complete: bool,
}

impl FirstLook {
    fn of(progress: Progress, was_read: bool) -> Self {
        let Progress { read, suspects, is_cut, .. } = progress;
        Self { read, suspects, is_complete: was_read && !is_cut }
    }
}

fn invalid(error: String) -> Failed {
    let shape =
        r#"{"window_s": 172800, "patience_s": 60, "is_dry_run": false}, each of them optional"#;
    FailureKind::InvalidInput.because(format!("the input is not {shape}: {error}"))
}

fn only_named(violator: Suspect) -> Attended {
    Attended { violator, remedy: Remedy::Named }
}

fn left(violator: Suspect) -> Attended {
    Attended { violator, remedy: Remedy::Left }
}

fn tally(attended: &[Attended]) -> Vec<Tally> {
    let mut counts: BTreeMap<(CaseKind, Remedy), u32> = BTreeMap::new();
    for one in attended {
        let count = counts.entry((one.violator.kind, one.remedy)).or_default();
        *count = count.saturating_add(1);
    }
    counts.into_iter().map(|((kind, remedy), count)| Tally { kind, remedy, count }).collect()
}

/// The outcome in a line, for the Web UI.
fn said(outcome: &ReconcileOutcome) -> String {
    let verdict = match outcome.verdict {
        Verdict::Clean => "**Clean**",
        Verdict::Violators => "**Violators**",
        Verdict::Incomplete => "**Incomplete**",
    };
    let counts = outcome.tally.iter().map(|one| {
        format!("{} {} {}", one.count, one.kind.as_str(), messages::word_of(one.remedy))
    });
    let counts: Vec<String> = counts.collect();
    format!("{verdict}: {} records read. {}", outcome.read, counts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::cases::ReportCase;

    fn suspect(kind: CaseKind, subject: &str) -> Suspect {
        let report = ReportCase {
            summary: format!("{subject} is wrong"),
            workflow_id: None,
            run_id: None,
            activity_id: None,
            event_id: None,
        };
        Suspect { kind, subject: subject.to_owned(), report }
    }

    #[test]
    fn no_kind_of_violator_keeps_another_from_being_seen_to() {
        let mut progress = Progress::default();
        let many = (0..5).map(|n| suspect(CaseKind::EventUnsettled, &format!("evt_{n}")));

        progress.add(many.collect(), 3);
        progress.add(vec![suspect(CaseKind::VoucherNotOwed, "vch_1")], 3);

        let kinds: Vec<_> = progress.suspects.iter().map(|suspect| suspect.kind).collect();
        assert_eq!(kinds[..3], [CaseKind::EventUnsettled; 3]);
        assert_eq!(kinds[3..], [CaseKind::VoucherNotOwed]);
        assert!(progress.is_cut, "somebody must know that there are more");
    }

    #[test]
    fn what_two_lists_name_is_one_violator() {
        let mut progress = Progress::default();
        let twice = suspect(CaseKind::LiveReservationWithoutLiveOrder, "ord_1");

        progress.add(vec![twice.clone()], 3);
        progress.add(vec![twice.clone()], 3);

        assert_eq!(progress.suspects, [twice]);
        assert!(!progress.is_cut);
    }

    #[test]
    fn violators_are_counted_by_kind_and_by_what_was_done() {
        let redriven = |n| Attended {
            violator: suspect(CaseKind::SentOrderWithoutVoucher, n),
            remedy: Remedy::Redriven,
        };
        let all = [redriven("a"), redriven("b"), left(suspect(CaseKind::EventUnsettled, "c"))];

        let counts = tally(&all).into_iter().map(|one| (one.kind, one.remedy, one.count));

        assert_eq!(
            counts.collect::<Vec<_>>(),
            [
                (CaseKind::SentOrderWithoutVoucher, Remedy::Redriven, 2),
                (CaseKind::EventUnsettled, Remedy::Left, 1),
            ]
        );
    }
}
