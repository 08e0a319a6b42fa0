//! `crash --campaign`: breaks everything at random instants under load, and has the auditor say what came of it.
//!
//! The same seed breaks the same things at the same places of the same load. The laboratory makes no schedule for the
//! reconciler: what it would mend is a loss here.

mod breaker;

use super::audit::Audit;
use super::lab::{self, Lab, LabOptions, Network, On};
use super::load::{Load, Told};
use super::naive::{Variant, Writers};
use super::quiet::{self, Quiet, Watched};
use super::recovery::{self, Recoveries};
use super::report::{Figures, Report};
use super::schedule::{Extent, FaultKind, schedule};
use crate::exit::Wrong;
use crate::out::Out;
use crate::signals::Signals;
use crate::system::SystemOptions;
use anyhow::Context;
use breaker::{Breaker, Broken};
use launch::progress::Display;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// What is not settled so long after everything has healed and everybody was answered is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(120);

/// Between two lines that say how far it is.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// How much to break, and where.
#[derive(Debug, Clone, clap::Args)]
pub struct Campaign {
    /// What decides all that is left to chance. A new one, which is printed, unless given.
    #[arg(long, env = "LACADON_SEED")]
    pub seed: Option<u64>,
    /// How often a process is killed.
    #[arg(long, default_value_t = 100)]
    pub kills: u32,
    /// How many orders there are.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub orders: u64,
    /// How many orders begin per second, if the system keeps up.
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub per_second: u32,
    /// Only these faults: kill, operators, database, lose-reply, cut-reply, delay, trickle, duplicate, black-hole.
    #[arg(long, value_delimiter = ',', value_name = "FAULTS")]
    pub faults: Vec<FaultKind>,
    /// Where the data is.
    #[arg(long, value_enum, default_value_t = On::Files)]
    pub on: On,
    /// Send orders by writers without a relay, some of which are killed, to see what that loses.
    #[arg(long, value_enum)]
    pub variant: Option<Variant>,
    /// Fail if not everything has settled so many seconds after the last fault.
    #[arg(long, value_name = "SECONDS")]
    pub within_s: Option<u64>,
    /// Write the report to this file, as Markdown.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// The temporal program to start the server with.
    #[arg(long, value_name = "PATH")]
    pub temporal_cli: Option<PathBuf>,
}

impl Campaign {
    /// Runs it and tells what came of it.
    ///
    /// # Errors
    /// When the laboratory does not work, or the rules do not hold.
    pub(super) async fn run(self, out: Out) -> anyhow::Result<()> {
        let mut signals = Signals::listen()?;
        let shown = Display::on_stderr();
        let fought = async {
            let options = LabOptions::of_this_program(self.temporal_cli.clone()).await?;
            self.fight(options, &shown).await
        };
        let report = signals.unless_interrupted(fought).await?;
        if let Some(file) = &self.report {
            let written = std::fs::write(file, report.markdown());
            written.with_context(|| format!("the report {} cannot be written", file.display()))?;
        }
        report.tell(out)?;
        if report.holds() { Ok(()) } else { Err(Wrong.into()) }
    }

    /// Starts a laboratory, breaks it, waits until it is quiet, audits.
    ///
    /// # Errors
    /// When the laboratory itself does not work.
    pub async fn fight(&self, options: LabOptions, shown: &Display) -> anyhow::Result<Report> {
        let seed = match self.seed {
            Some(seed) => seed,
            None => new_seed()?,
        };
        shown.say(&format!("seed {seed}: repeat this campaign with --seed {seed}"));
        let begun = Instant::now();
        let lacadon = options.binaries.lacadon.clone();
        let lab = self.laboratory(LabOptions { network: Network::Faulty, ..options }).await?;
        let extent = self.extent(seed, &lab);
        let load = self.load(&extent, &lab, &lacadon);
        let ended = self.break_and_audit(&lab, &load, &extent, shown).await;
        shown.say("stopping …");
        // After a campaign nobody needs a polite end; what it has found matters more than how it stops.
        if let Err(error) = lab.stop().await {
            shown.say(&format!("not everything stopped when asked: {error:#}"));
        }
        let figures = Figures { seconds: begun.elapsed().as_secs(), ..ended? };
        Ok(Report::of(extent, self.within_s, figures))
    }

    async fn laboratory(&self, options: LabOptions) -> anyhow::Result<Lab> {
        let workers: Vec<String> = lab::workers(options.workers).collect();
        let without_relay = |system: SystemOptions| {
            workers.iter().fold(system, |system, name| system.with_env(name, "WORKER_RELAY", "off"))
        };
        let adjust = |system| if self.variant.is_some() { without_relay(system) } else { system };
        Lab::start_on(self.on, options, adjust).await
    }

    fn extent(&self, seed: u64, lab: &Lab) -> Extent {
        let kinds: BTreeSet<FaultKind> = match self.faults.as_slice() {
            [] => FaultKind::all(),
            some => some.iter().copied().collect(),
        };
        let processes = lab.processes().iter().map(|process| process.name().to_owned()).collect();
        let wires = lab.wires();
        Extent { seed, kills: self.kills, orders: self.orders, processes, wires, kinds }
    }

    fn load(&self, extent: &Extent, lab: &Lab, lacadon: &Path) -> Load {
        let (orders, per_second) = (self.orders, self.per_second);
        match self.variant {
            Some(variant) => {
                let writers = Writers::of(&lab.system, lacadon, variant);
                Load::with_naive_writers(extent.seed, orders, per_second, writers)
            }
            None if extent.kinds.contains(&FaultKind::Operators) => {
                Load::with_operators(extent.seed, orders, per_second)
            }
            None => Load::of(extent.seed, orders, per_second),
        }
    }

    /// Without a relay nobody settles events: only runs can be waited for.
    fn watched(&self) -> Watched {
        if self.variant.is_some() { Watched::Runs } else { Watched::EventsAndRuns }
    }

    async fn break_and_audit(
        &self,
        lab: &Lab,
        load: &Load,
        extent: &Extent,
        shown: &Display,
    ) -> anyhow::Result<Figures> {
        load.open_accounts(lab).await?;
        let stop = CancellationToken::new();
        let (felt, feeling) = mpsc::unbounded_channel();
        let breaker = Breaker::of(lab, felt)?;
        let breaking = async {
            let broken = self.break_under_load(lab, load, extent, &breaker, shown).await;
            let quiet = match broken {
                Ok((told, hurt)) => {
                    self.wait_until_quiet(lab, shown).await.map(|q| (told, hurt, q))
                }
                Err(error) => Err(error),
            };
            stop.cancel();
            let (told, hurt, quiet) = quiet?;
            self.audit(lab, load, told, hurt, quiet).await
        };
        let measuring = recovery::measure(&lab.system, feeling, stop.clone());
        let (figures, recoveries) = tokio::join!(breaking, measuring);
        Ok(Figures { recoveries: recoveries?, ..figures? })
    }

    /// Returns when every fault has ended and everybody was answered.
    async fn break_under_load(
        &self,
        lab: &Lab,
        load: &Load,
        extent: &Extent,
        breaker: &Breaker<'_>,
        shown: &Display,
    ) -> anyhow::Result<(Told, Broken)> {
        let (begun, beginning) = watch::channel(0);
        let under_load = async {
            let told = load.run(lab, &begun).await?;
            Ok::<_, anyhow::Error>((told, Instant::now()))
        };
        let all = schedule(extent);
        let both = async { tokio::try_join!(under_load, breaker.break_all(all, &beginning)) };
        tokio::pin!(both);
        let mut tell = tokio::time::interval(TELL_EVERY);
        loop {
            tokio::select! {
                ended = &mut both => {
                    let ((told, answered), ()) = ended?;
                    return Ok((told, breaker.broken(answered)));
                }
                _ = tell.tick() => {
                    shown.say(&format!("{} of {} orders begun, {}", *beginning.borrow(), self.orders, breaker.told()));
                }
            }
        }
    }

    /// How it became quiet, and when.
    async fn wait_until_quiet(
        &self,
        lab: &Lab,
        shown: &Display,
    ) -> anyhow::Result<(Quiet, Option<Instant>)> {
        shown
            .say("everything is mended and everybody answered; waiting until nothing is under way");
        let waiting = Instant::now();
        let quiet = quiet::wait(&lab.system, self.watched(), STUCK_AFTER).await?;
        let settled = quiet.took.and_then(|took| waiting.checked_add(took));
        Ok((quiet, settled))
    }

    async fn audit(
        &self,
        lab: &Lab,
        load: &Load,
        mut told: Told,
        broken: Broken,
        (quiet, settled): (Quiet, Option<Instant>),
    ) -> anyhow::Result<Figures> {
        load.ask_again(lab, &mut told).await?;
        let audit = Audit::of(&lab.system, &told, &quiet).await?;
        let settled_after =
            settled.map(|settled| settled.saturating_duration_since(broken.last_fault));
        let answered_after = broken.answered.saturating_duration_since(broken.last_fault);
        Ok(Figures {
            seconds: 0,
            audit,
            told,
            kills: broken.kills,
            network: broken.network,
            hits: broken.hits,
            database_restarts: broken.database_restarts,
            settled_after,
            answered_after,
            recoveries: Recoveries::new(),
        })
    }
}

fn new_seed() -> anyhow::Result<u64> {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).context("the operating system gives no randomness")?;
    Ok(u64::from(u32::from_be_bytes(bytes)))
}
