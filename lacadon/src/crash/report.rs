//! What a campaign has found: for people, for scripts, and as a page to keep.

use super::audit::Audit;
use super::load::Told;
use super::proxy::Effect;
use super::recovery::{Recoveries, percentile};
use super::schedule::Extent;
use crate::machine::machine;
use crate::out::{Out, Tone, plain};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// Findings that are listed of one kind; the number says how many there are.
const MOST_LISTED: usize = 50;

/// What was counted.
#[derive(Debug)]
pub(super) struct Figures {
    pub(super) seconds: u64,
    pub(super) audit: Audit,
    pub(super) told: Told,
    pub(super) kills: BTreeMap<String, u32>,
    pub(super) network: BTreeMap<Effect, u32>,
    pub(super) hits: BTreeMap<Effect, u64>,
    pub(super) database_restarts: u32,
    pub(super) settled_after: Option<Duration>,
    pub(super) answered_after: Duration,
    pub(super) recoveries: Recoveries,
}

/// The report.
#[derive(Debug, Serialize)]
pub struct Report {
    #[serde(flatten)]
    extent: Extent,
    /// Kills that were done, by process.
    kills_done: BTreeMap<String, u32>,
    /// Faults of the network, by effect.
    network_faults: BTreeMap<String, u32>,
    /// Messages and connections that they hit.
    network_hits: BTreeMap<String, u64>,
    database_restarts: u32,
    operators: ByHand,
    /// What the auditor found.
    pub audit: Audit,
    /// What clients heard instead of an answer, before they repeated the request.
    errors: BTreeMap<String, u64>,
    /// Requests that were refused.
    refused: BTreeMap<String, u64>,
    recovery: BTreeMap<String, Recovery>,
    /// From the last fault's end until nothing was under way; absent if that did not happen in time.
    settled_after_s: Option<f64>,
    /// From the last fault's end until every client had its answer, the load behind the fault included.
    answered_after_s: f64,
    within_s: Option<u64>,
    seconds: u64,
    machine: String,
}

/// What operators did by hand.
#[derive(Debug, Serialize)]
struct ByHand {
    started: u64,
    cancelled: usize,
    terminated: usize,
}

/// Seconds from a fault's end until all that was under way then had settled.
#[derive(Debug, Serialize)]
struct Recovery {
    faults: usize,
    p50_s: f64,
    p99_s: f64,
    max_s: f64,
}

impl Recovery {
    fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        let at = |of_hundred| percentile(&times, of_hundred).map(|time| time.as_secs_f64());
        Some(Self { faults: times.len(), p50_s: at(50)?, p99_s: at(99)?, max_s: at(100)? })
    }
}

impl Report {
    pub(super) fn of(extent: Extent, within_s: Option<u64>, figures: Figures) -> Self {
        let Figures { audit, told, recoveries, settled_after, .. } = figures;
        let all = recoveries.values().flatten().copied().collect();
        let by_kind = recoveries.into_iter().chain([("all faults".to_owned(), all)]);
        Self {
            extent,
            kills_done: figures.kills,
            network_faults: named(figures.network),
            network_hits: named(figures.hits),
            database_restarts: figures.database_restarts,
            operators: ByHand {
                started: told.started_by_hand,
                cancelled: told.cancelled.len(),
                terminated: told.terminated.len(),
            },
            audit,
            errors: told.errors,
            refused: told.refused,
            recovery: by_kind
                .filter_map(|(kind, times)| Some((kind, Recovery::of(times)?)))
                .collect(),
            settled_after_s: settled_after.map(|after| after.as_secs_f64()),
            answered_after_s: figures.answered_after.as_secs_f64(),
            within_s,
            seconds: figures.seconds,
            machine: machine(),
        }
    }

    /// Whether nothing is lost, doubled, stuck or otherwise wrong, and it was settled as soon as was asked for.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.audit.holds() && self.is_in_time()
    }

    /// The seed that it was decided by.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.extent.seed
    }

    /// How many kills were done.
    #[must_use]
    pub fn kills(&self) -> u32 {
        self.kills_done.values().sum()
    }

    fn is_in_time(&self) -> bool {
        let Some(within) = self.within_s else { return true };
        let within = Duration::from_secs(within).as_secs_f64();
        self.settled_after_s.is_some_and(|after| after <= within)
    }

    /// The four kinds of finding, and what is listed apart.
    fn findings(&self) -> [(&'static str, &[String]); 5] {
        let Audit { lost, doubled, stuck, otherwise_wrong, terminated, .. } = &self.audit;
        [
            ("lost", lost),
            ("doubled", doubled),
            ("stuck", stuck),
            ("otherwise wrong", otherwise_wrong),
            ("owed by runs that an operator terminated", terminated),
        ]
    }

    fn settled(&self) -> String {
        self.settled_after_s.map_or_else(|| "never".to_owned(), |after| format!("{after:.1} s"))
    }

    /// The figures that count, a line each.
    fn lines(&self) -> Vec<(&'static str, String)> {
        let Audit { orders, sent, owed, vouchers, placements, rejected, .. } = &self.audit;
        let ByHand { started, cancelled, terminated } = &self.operators;
        let network: u32 = self.network_faults.values().sum();
        let hits: u64 = self.network_hits.values().sum();
        vec![
            ("seed", self.extent.seed.to_string()),
            ("orders wanted", self.extent.orders.to_string()),
            ("orders on file", format!("{orders}, {sent} of them sent")),
            ("vouchers", format!("{owed} owed, {vouchers} on file")),
            ("placements", format!("{placements}, {rejected} of them rejected")),
            ("kills", format!("{} ({})", self.kills(), listed(&self.kills_done))),
            (
                "network faults",
                format!("{network} ({}), hitting {hits} messages", listed(&self.network_faults)),
            ),
            ("database restarts", self.database_restarts.to_string()),
            (
                "operators",
                format!(
                    "{started} runs started, {cancelled} cancelled, {terminated} terminated by hand"
                ),
            ),
            ("everybody answered", format!("{:.1} s after the last fault", self.answered_after_s)),
            ("everything settled", format!("{} after the last fault", self.settled())),
            ("took", format!("{} s", self.seconds)),
            ("machine", self.machine.clone()),
        ]
    }

    /// The report for people, or for scripts.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub fn tell(&self, out: Out) -> anyhow::Result<()> {
        if out.is_json {
            return Ok(out.json(self)?);
        }
        for (name, value) in self.lines() {
            out.line(&format!("{name:<20} {value}"))?;
        }
        out.line("")?;
        let rows = self.recovery.iter().map(|(kind, recovery)| {
            let Recovery { faults, p50_s, p99_s, max_s } = recovery;
            let second = |value: &f64| plain(format!("{value:.1}"));
            vec![
                plain(kind),
                plain(faults.to_string()),
                second(p50_s),
                second(p99_s),
                second(max_s),
            ]
        });
        out.table(&["recovery from", "faults", "p50 s", "p99 s", "max s"], rows.collect())?;
        out.line("")?;
        let heard = self.errors.iter().chain(&self.refused);
        let rows = heard.map(|(kind, count)| vec![plain(kind), plain(count.to_string())]);
        out.table(&["clients heard", "times"], rows.collect())?;
        out.line("")?;
        for (kind, found) in self.findings() {
            out.line(&format!("{kind}: {}", found.len()))?;
            for finding in found.iter().take(MOST_LISTED) {
                out.line(&out.tone(Tone::Bad, &format!("  {finding}")))?;
            }
        }
        let (tone, verdict) = self.verdict();
        Ok(out.line(&out.tone(tone, &format!("VERDICT: {verdict}")))?)
    }

    fn verdict(&self) -> (Tone, &'static str) {
        match (self.audit.holds(), self.is_in_time()) {
            (true, true) => (Tone::Good, "nothing is lost, doubled, stuck or otherwise wrong."),
            (true, false) => {
                (Tone::Bad, "nothing is lost, doubled or stuck, but it settled too late.")
            }
            (false, _) => (Tone::Bad, "the rules do NOT hold."),
        }
    }

    /// The report as a page to keep.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut page = String::new();
        // Writing to a text never fails.
        let _ = self.write_markdown(&mut page);
        page
    }

    fn write_markdown(&self, page: &mut String) -> std::fmt::Result {
        writeln!(page, "**{}**\n\n| | |\n|--|--|", self.verdict().1)?;
        for (name, value) in self.lines() {
            writeln!(page, "| {name} | {value} |")?;
        }
        writeln!(page, "\n| recovery from | faults | p50 s | p99 s | max s |\n|--|--|--|--|--|")?;
        for (kind, Recovery { faults, p50_s, p99_s, max_s }) in &self.recovery {
            writeln!(page, "| {kind} | {faults} | {p50_s:.1} | {p99_s:.1} | {max_s:.1} |")?;
        }
        writeln!(page, "\n| clients heard | times |\n|--|--|")?;
        for (kind, count) in self.errors.iter().chain(&self.refused) {
            writeln!(page, "| {kind} | {count} |")?;
        }
        for (kind, found) in self.findings() {
            writeln!(page, "\n{kind}: {}", found.len())?;
            for finding in found.iter().take(MOST_LISTED) {
                writeln!(page, "- {finding}")?;
            }
        }
        Ok(())
    }
}

fn named<T>(counts: BTreeMap<Effect, T>) -> BTreeMap<String, T> {
    counts.into_iter().map(|(effect, count)| (effect.to_string(), count)).collect()
}

fn listed<T: std::fmt::Display>(counts: &BTreeMap<String, T>) -> String {
    let each: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    each.join(", ")
}
