//! `reconcile`: looks at the services' books now, and says what is not as it should be and what was done about it.
//!
//! It starts the very process that the schedule starts, and waits for its end; Ctrl-C leaves it running.

use crate::exit::Wrong;
use crate::out::{Out, Tone, plain};
use crate::target::Target;
use crate::temporal;
use anyhow::{Context, bail};
use clap::Args;
use contracts::books::{Attended, Remedy};
use jiff::SignedDuration;
use temporalio_client::errors::WorkflowStartError;
use temporalio_client::{
    WorkflowGetResultOptions, WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowStartOptions,
};
use workflows::arg::Arg;
use workflows::reconcile::{
    PATIENCE, Reconcile as Process, ReconcileInput, ReconcileOutcome, Verdict,
};
use workflows::{TASK_LIMIT, TASK_QUEUE};

/// The id of a run that a person started.
const BY_HAND: &str = "reconcile-by-hand";

/// What to look at, and what to do about it.
#[derive(Debug, Args)]
pub struct Reconcile {
    /// Name what is not as it should be; start nothing, tell nobody.
    #[arg(long)]
    dry_run: bool,
    /// What changed in this time, as in 48h; `all` for everything.
    #[arg(long, default_value = "48h", value_parser = Since::parse)]
    since: Since,
    /// What is younger is still on its way, in seconds; what is found is looked at again after this time.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = default_patience_s(),
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    patience: u32,
}

/// How far back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Since {
    All,
    Seconds(u32),
}

impl Since {
    fn parse(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::All);
        }
        let span: SignedDuration =
            text.parse().map_err(|_| "a time such as 48h or 30m, or all".to_owned())?;
        let seconds = u32::try_from(span.as_secs()).ok().filter(|seconds| *seconds > 0);
        seconds.map(Self::Seconds).ok_or_else(|| "a time of at least a second".to_owned())
    }
}

fn default_patience_s() -> u32 {
    u32::try_from(PATIENCE.as_secs()).unwrap_or(u32::MAX)
}

impl Reconcile {
    /// Does it.
    ///
    /// # Errors
    /// When Temporal does not answer, a run that a person started is open, or something is not as it should be.
    pub async fn run(self, target: &Target, out: Out) -> anyhow::Result<()> {
        let running = target.running()?;
        let client = temporal::connect_to(running.as_ref()).await?;
        let input = ReconcileInput {
            window_s: match self.since {
                Since::All => None,
                Since::Seconds(seconds) => Some(seconds),
            },
            patience_s: self.patience,
            is_dry_run: self.dry_run,
            ..ReconcileInput::default()
        };
        let options = WorkflowStartOptions::new(TASK_QUEUE, BY_HAND)
            .id_reuse_policy(WorkflowIdReusePolicy::AllowDuplicate)
            .id_conflict_policy(WorkflowIdConflictPolicy::Fail)
            .task_timeout(TASK_LIMIT)
            .static_summary("The services' books, looked at by hand")
            .build();
        let run = match client.start_workflow(Process::run, Arg::from(input), options).await {
            Ok(run) => run,
            Err(WorkflowStartError::AlreadyStarted { .. }) => {
                bail!("somebody looks at the books right now: the run {BY_HAND} is open")
            }
            Err(error) => return Err(error).context("the run cannot be started"),
        };
        let ended = run.get_result(WorkflowGetResultOptions::default()).await;
        let outcome = ended.with_context(|| format!("the run {BY_HAND} did not complete"))?;
        if out.is_json {
            out.json(&outcome)?
        } else {
            show(&outcome, out)?
        }
        if outcome.verdict == Verdict::Clean { Ok(()) } else { Err(Wrong.into()) }
    }
}

fn show(outcome: &ReconcileOutcome, out: Out) -> anyhow::Result<()> {
    if !outcome.named.is_empty() {
        out.table(&["what is wrong", "with", "", "done"], outcome.named.iter().map(row).collect())?;
    }
    let found: u32 = outcome.tally.iter().map(|one| one.count).sum();
    let unnamed = usize::try_from(found).unwrap_or(usize::MAX).saturating_sub(outcome.named.len());
    if unnamed > 0 {
        out.line(&format!("and {unnamed} more"))?;
    }
    if outcome.resolved > 0 {
        out.line(&format!("{} cases are none any more", outcome.resolved))?;
    }
    let read = format!("{} records read", outcome.read);
    let (tone, verdict) = match outcome.verdict {
        Verdict::Clean => (Tone::Good, format!("all is as it should be, {read}")),
        Verdict::Violators => (Tone::Bad, format!("{found} are not as they should be, {read}")),
        Verdict::Incomplete => (
            Tone::Bad,
            format!("not everything could be looked at or seen to, {read}: cargo lacadon doctor"),
        ),
    };
    Ok(out.line(&out.tone(tone, &verdict))?)
}

fn row(attended: &Attended) -> Vec<(String, Option<Tone>)> {
    let Attended { violator, remedy } = attended;
    let done = match remedy {
        Remedy::Redriven => ("its process was started again", Some(Tone::Good)),
        Remedy::Reported => ("a person was told", Some(Tone::Notable)),
        Remedy::Decided => ("a person has decided before", Some(Tone::Quiet)),
        Remedy::Left => ("left for the next run", Some(Tone::Bad)),
        Remedy::Named => ("", None),
    };
    vec![
        plain(violator.kind.as_str()),
        plain(&violator.subject),
        plain(&violator.report.summary),
        (done.0.to_owned(), done.1),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_back_is_a_time_or_all() {
        assert_eq!(Since::parse("all"), Ok(Since::All));
        assert_eq!(Since::parse("48h"), Ok(Since::Seconds(172_800)));
        assert_eq!(Since::parse("30m"), Ok(Since::Seconds(1_800)));
        for bad in ["", "0s", "-1h", "yesterday"] {
            assert!(Since::parse(bad).is_err(), "{bad:?}");
        }
    }
}
