//! `crash --at POINT` and `--every-point`: what if a program dies exactly here? One running system, one point after the
//! other: the point is armed, people order until somebody has come by it, what died is started again, everything comes to
//! its end, and the auditor reads the books.
//!
//! - [`errands`]: what people do meanwhile, so that every step is taken
//! - [`repair`]: who put it right, as far as it can be seen
//! - [`matrix`]: the page that is made of it

mod errands;
mod matrix;
mod repair;

use super::audit::Audit;
use super::chance::Chance;
use super::lab::{Lab, LabOptions, Network};
use super::quiet::{self, Watched};
use crate::exit::Wrong;
use crate::out::{Out, Tone, plain};
use crate::signals::Signals;
use anyhow::{Context, bail};
use crash_points::{
    ACTIVITY_CREDIT_CONFIRM, ACTIVITY_ORDER_CANCEL, CRASH_DIR, IS_COMPILED_IN, Moment, Point,
    RISK_API_CONFIRM_RESERVATION, arm,
};
use errands::Errands;
use launch::progress::Display;
use repair::Watch;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// People order for so long at the most until somebody comes by the point; every step is taken within seconds.
const FIRES_WITHIN: Duration = Duration::from_secs(90);

/// What takes longer than this to come to its end is stuck.
const SETTLES_WITHIN: Duration = Duration::from_secs(120);

/// A process that was ended is up again within a second, on a busy machine within some.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// Which points.
#[derive(Debug, clap::Args)]
pub struct Points {
    /// End a process at this point, as in `order-api.mark_order_sent.before`. May be given more than once.
    #[arg(long, value_name = "POINT")]
    pub at: Vec<String>,
    /// One point after the other, all of them; with --seed in an order that the seed decides.
    #[arg(long, conflicts_with = "at")]
    pub every_point: bool,
    /// Write what was seen into this page, between its marks.
    #[arg(long, value_name = "FILE", requires = "every_point")]
    pub write_matrix: Option<PathBuf>,
}

/// What came of one point.
#[derive(Debug, Clone, Serialize)]
pub struct Seen {
    /// As in `order-api.mark_order_sent.before`.
    pub point: String,
    /// The process that runs the step.
    pub process: &'static str,
    /// What was durable at that moment.
    pub durable: &'static str,
    /// Whether anybody came by.
    pub has_fired: bool,
    /// Who put it right.
    pub repaired_by: Vec<String>,
    /// Milliseconds until nothing was under way any more, people's errands included; `None` if that never came.
    pub settled_after_ms: Option<u64>,
    /// What people heard instead of answers.
    pub errors: BTreeMap<String, u64>,
    /// What the auditor found that was not there before.
    pub found: Vec<String>,
}

impl Seen {
    /// Whether the point fired, everything came to its end and the rules hold.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.has_fired && self.settled_after_ms.is_some() && self.found.is_empty()
    }
}

impl Points {
    /// Whether any was asked for.
    #[must_use]
    pub fn are_asked_for(&self) -> bool {
        self.every_point || !self.at.is_empty()
    }

    /// Runs them in one system.
    ///
    /// # Errors
    /// When there is no such point, something cannot be run, or a rule does not hold.
    pub async fn run(
        self,
        seed: Option<u64>,
        temporal_cli: Option<PathBuf>,
        out: Out,
    ) -> anyhow::Result<()> {
        let points = self.chosen(seed)?;
        let mut signals = Signals::listen()?;
        let shown = Display::on_stderr();
        let options = LabOptions::of_this_program(temporal_cli).await?;
        let seeing = see(options, &points, |line| shown.say(line));
        let seen = signals.unless_interrupted(seeing).await?;
        if let Some(page) = &self.write_matrix {
            matrix::write(page, &seen)?;
            shown.say(&format!("wrote {}", page.display()));
        }
        if out.is_json {
            out.json(&seen)?
        } else {
            tell(&seen, out)?
        }
        if seen.len() == points.len() && seen.iter().all(Seen::holds) {
            Ok(())
        } else {
            Err(Wrong.into())
        }
    }

    fn chosen(&self, seed: Option<u64>) -> anyhow::Result<Vec<Point>> {
        if self.every_point {
            let mut all: Vec<(u64, Point)> = (0..).zip(crash_points::points()).collect();
            if let Some(chance) = seed.map(Chance::of) {
                all.sort_by_key(|(number, _)| chance.below("order of points", *number, u64::MAX));
            }
            return Ok(all.into_iter().map(|(_, point)| point).collect());
        }
        let find = |name: &String| {
            let names = || crash_points::points().map(|point| format!("\n  {point}"));
            crash_points::point(name).with_context(|| {
                format!("there is no crash point {name}; these are:{}", names().collect::<String>())
            })
        };
        self.at.iter().map(find).collect()
    }
}

/// Starts a system and sees what becomes of each of these points, in their order. Stops at one after which the system does
/// not come to rest: nothing could be said of the next.
///
/// # Errors
/// When this build has no points, or the laboratory does not work.
pub async fn see(
    options: LabOptions,
    points: &[Point],
    say: impl Fn(&str),
) -> anyhow::Result<Vec<Seen>> {
    if !IS_COMPILED_IN {
        bail!("this build has no crash points: they are in builds with debug assertions only");
    }
    // One worker: what the one does that died is not done by another meanwhile.
    let options = LabOptions { workers: 1, network: Network::Direct, ..options };
    say("starting Temporal, the services, a gateway and a worker …");
    let armed = tempfile::Builder::new().prefix("lacadon-armed-").tempdir()?;
    let folder = armed.path().display().to_string();
    let lab = Lab::start(options, |options| {
        let processes = ["order-api", "voucher-api", "risk-api", "desk-api", "gateway", "worker"];
        processes.iter().fold(options, |options, name| options.with_env(name, CRASH_DIR, &folder))
    })
    .await?;
    let mut course = Course::begin(&lab, armed.path().to_owned()).await?;
    let mut seen: Vec<Seen> = Vec::new();
    for (number, point) in (1..).zip(points) {
        let one = course.see(point).await.with_context(|| format!("at {point}"))?;
        say(&format!("{number:>3}/{} {}", points.len(), sentence(&one)));
        let is_at_rest = one.settled_after_ms.is_some();
        seen.push(one);
        if !is_at_rest {
            break;
        }
    }
    lab.stop().await?;
    Ok(seen)
}

/// The points of one system, one after the other.
struct Course<'a> {
    lab: &'a Lab,
    armed: PathBuf,
    errands: Errands,
    found_before: BTreeSet<String>,
}

impl<'a> Course<'a> {
    /// Everything is gone through once without any fault: whatever is found then is no fault's doing.
    async fn begin(lab: &'a Lab, armed: PathBuf) -> anyhow::Result<Self> {
        let errands = Errands::of(lab).await?;
        let mut course = Self { lab, armed, errands, found_before: BTreeSet::new() };
        course.errands.run().await?;
        let found = course.audit(SETTLES_WITHIN).await?.found;
        if found.is_empty() { Ok(course) } else { bail!("without any fault: {found:?}") }
    }

    async fn see(&mut self, point: &Point) -> anyhow::Result<Seen> {
        let process = self.lab.system.process(point.step.process)?;
        let watch = Watch::begin(&process, self.errands.heard());
        arm::arm(&self.armed, point)?;
        let give_up = Instant::now() + FIRES_WITHIN;
        let mut hit = None;
        while hit.is_none() && Instant::now() < give_up {
            if std::ptr::eq(point.step, &ACTIVITY_ORDER_CANCEL) {
                self.call_off_an_open_run().await?;
            }
            self.errands.run().await?;
            hit = arm::hit(&self.armed, point);
        }
        arm::disarm(&self.armed, point);
        if hit.is_some() && point.is_deadly() {
            process.wait_until_ready(READY_WITHIN).await?;
        }
        let audited = self.audit(SETTLES_WITHIN).await?;
        let settled_after_ms = match (hit, audited.quiet_at_ms) {
            (Some(hit), Some(at_ms)) => Some(at_ms.saturating_sub(hit.at_ms)),
            (None, quiet) => quiet.map(|_| 0),
            (Some(_), None) => None,
        };
        let errors = watch.errors(&self.errands.heard());
        let repaired_by = watch.end(self.lab, point, &process, &self.errands.heard()).await?;
        Ok(Seen {
            point: point.to_string(),
            process: point.step.process,
            durable: point.durable(),
            has_fired: hit.is_some(),
            repaired_by,
            settled_after_ms,
            errors,
            found: audited.found,
        })
    }

    /// A run ends in the very workflow task in which its order is approved. One whose credit is confirmed at the third try
    /// is still open when its customer calls it off.
    async fn call_off_an_open_run(&mut self) -> anyhow::Result<()> {
        let moment = Moment::DoneButToldFailed;
        for step in [&RISK_API_CONFIRM_RESERVATION, &ACTIVITY_CREDIT_CONFIRM] {
            arm::arm(&self.armed, &Point { step, moment })?;
        }
        self.errands.call_one_off().await
    }

    /// Waits until nothing is under way, and reads the books.
    async fn audit(&mut self, within: Duration) -> anyhow::Result<Audited> {
        let begun = SystemTime::now();
        let quiet = quiet::wait(&self.lab.system, Watched::EventsAndRuns, within).await?;
        let quiet_at = quiet.took.and_then(|took| begun.checked_add(took));
        self.errands.ask_again(self.lab).await?;
        let audit = Audit::of(&self.lab.system, self.errands.told(), &quiet).await?;
        let all = [audit.lost, audit.doubled, audit.stuck, audit.otherwise_wrong].concat();
        let (_, found): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|what| self.found_before.contains(what));
        self.found_before.extend(found.iter().cloned());
        Ok(Audited { quiet_at_ms: quiet_at.map(since_1970_ms), found })
    }
}

struct Audited {
    quiet_at_ms: Option<u64>,
    found: Vec<String>,
}

fn since_1970_ms(moment: SystemTime) -> u64 {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The outcome for the rule, in a word or two.
fn outcome(seen: &Seen) -> String {
    match (seen.has_fired, seen.settled_after_ms) {
        (false, _) => "NOT FIRED".to_owned(),
        (true, None) => "STUCK".to_owned(),
        (true, Some(_)) if seen.found.is_empty() => "holds".to_owned(),
        (true, Some(_)) => format!("BROKEN: {}", seen.found.join("; ")),
    }
}

/// As in `2.4`; a dash if it never came.
fn seconds(seen: &Seen) -> String {
    let tenths = seen.settled_after_ms.filter(|_| seen.has_fired).map(|ms| ms.div_ceil(100));
    tenths.map_or_else(|| "–".to_owned(), |tenths| format!("{}.{}", tenths / 10, tenths % 10))
}

fn sentence(seen: &Seen) -> String {
    let repaired = seen.repaired_by.join(", ");
    format!("{}: {} after {} s ({repaired})", seen.point, outcome(seen), seconds(seen))
}

fn tell(seen: &[Seen], out: Out) -> std::io::Result<()> {
    let rows = seen.iter().map(|one| {
        let tone = if one.holds() { Tone::Good } else { Tone::Bad };
        vec![
            plain(one.point.clone()),
            plain(one.durable),
            plain(one.repaired_by.join(", ")),
            plain(seconds(one)),
            (outcome(one), Some(tone)),
        ]
    });
    let header = ["point", "durable", "repaired by", "seconds", "the rules"];
    out.table(&header, rows.collect())?;
    let held = seen.iter().filter(|one| one.holds()).count();
    out.line(&format!("{held} of {} points: both rules hold", seen.len()))
}
