//! What a load run has found: for people, and for scripts.

use super::Measured;
use super::drive::Pace;
use super::meter::Usage;
use crate::crash::recovery::percentile;
use crate::machine::machine;
use crate::out::{Out, Tone, plain};
use crate::verdict::Verdict;
use anyhow::Context;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// The report. A run whose audit does not hold measured nothing.
#[derive(Debug, Clone, Serialize)]
pub struct LoadReport {
    /// Orders that were sent.
    pub orders: usize,
    /// How they were sent.
    pub pace: Pace,
    /// From when the first order was to be sent until the last voucher was issued.
    pub seconds: f64,
    /// Orders in one of these seconds.
    pub orders_per_s: f64,
    /// From when an order was to be sent until its voucher was issued, as voucher-api wrote it in the transaction that
    /// committed it. Vouchers know milliseconds.
    pub sent_to_voucher: Latency,
    /// From when an order was to be sent until its sender was answered.
    pub sent_to_answer: Latency,
    /// The age of the oldest event that waited at any look, a second apart.
    pub oldest_event_s: f64,
    /// Processor seconds that a thousand orders cost, by process.
    pub cpu_s_per_1000_orders: BTreeMap<String, f64>,
    /// The most memory that was seen resident, in MiB, by process.
    pub rss_mib: BTreeMap<String, f64>,
    /// What senders heard instead of an answer, before they repeated the request.
    pub errors: BTreeMap<String, u64>,
    /// What the auditor found.
    pub audit: Verdict,
    /// What this ran on, and how busy that was.
    pub machine: String,
}

/// How long it took, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    /// Half of them took no longer.
    pub p50_ms: f64,
    /// 95 of a hundred took no longer.
    pub p95_ms: f64,
    /// 99 of a hundred took no longer.
    pub p99_ms: f64,
    /// None took longer.
    pub max_ms: f64,
}

impl Latency {
    /// Of sorted times; `None` of none.
    #[must_use]
    pub fn of(sorted: &[Duration]) -> Option<Self> {
        let at = |of_hundred| Some(percentile(sorted, of_hundred)?.as_secs_f64() * 1000.0);
        Some(Self { p50_ms: at(50)?, p95_ms: at(95)?, p99_ms: at(99)?, max_ms: at(100)? })
    }
}

impl LoadReport {
    pub(super) fn of(
        measured: Measured,
        waits: &[Duration],
        last_issued: Option<Timestamp>,
        audit: Verdict,
    ) -> anyhow::Result<Self> {
        let Measured { pace, sent, oldest_event, used, .. } = measured;
        let mut answered: Vec<Duration> = sent.values().map(|sent| sent.answered).collect();
        answered.sort_unstable();
        let orders = sent.len();
        let in_all = f64::from(u32::try_from(orders)?);
        let first = sent.values().map(|sent| sent.intended).min().context("no order was sent")?;
        let last = SystemTime::from(last_issued.context("no voucher was issued")?);
        let seconds = last.duration_since(first).unwrap_or_default().as_secs_f64();
        let per_thousand = |usage: Usage| usage.cpu_s * 1000.0 / in_all;
        Ok(Self {
            orders,
            pace,
            seconds,
            orders_per_s: in_all / seconds,
            sent_to_voucher: Latency::of(waits).context("no voucher was issued")?,
            sent_to_answer: Latency::of(&answered).context("no order was sent")?,
            oldest_event_s: oldest_event.as_secs_f64(),
            cpu_s_per_1000_orders: used
                .iter()
                .map(|(name, usage)| (name.clone(), per_thousand(*usage)))
                .collect(),
            rss_mib: used.into_iter().map(|(name, usage)| (name, usage.rss_mib)).collect(),
            errors: BTreeMap::new(),
            audit,
            machine: machine(),
        })
    }

    /// Whether the rule holds for every order: every one was sent, and every voucher is as it should be.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.audit.holds() && usize::try_from(self.audit.sent).is_ok_and(|sent| sent == self.orders)
    }

    pub(super) fn tell(&self, out: Out) -> anyhow::Result<()> {
        if out.is_json {
            return Ok(out.json(self)?);
        }
        let Verdict { sent, owed, given, deviations, .. } = &self.audit;
        if !self.holds() {
            let found = format!(
                "{sent} of {} orders are sent, {owed} vouchers owed, {given} given: no figure counts",
                self.orders
            );
            out.line(&out.tone(Tone::Bad, &found))?;
            for deviation in deviations {
                out.line(&format!("  {deviation}"))?;
            }
            return Ok(());
        }
        let audited = format!("{sent} orders sent, {owed} vouchers owed, {given} given: audited");
        out.line(&out.tone(Tone::Good, &audited))?;
        out.line(&format!("{:.0} orders/s over {:.1} s", self.orders_per_s, self.seconds))?;
        out.line(&format!("the oldest event waited for {:.1} s", self.oldest_event_s))?;
        for (error, count) in &self.errors {
            out.line(&format!("senders heard: {error} ({count})"))?;
        }
        let latency = |name: &str, taken: &Latency| {
            let each = [taken.p50_ms, taken.p95_ms, taken.p99_ms, taken.max_ms];
            let each = each.map(|ms| plain(format!("{ms:.1}")));
            [plain(name)].into_iter().chain(each).collect()
        };
        out.line("")?;
        out.table(
            &["milliseconds from when an order was to be sent", "p50", "p95", "p99", "max"],
            vec![
                latency("until its voucher was issued", &self.sent_to_voucher),
                latency("until its sender was answered", &self.sent_to_answer),
            ],
        )?;
        out.line("")?;
        let process = |(name, cpu): (&String, &f64)| {
            let memory = self.rss_mib.get(name).copied().unwrap_or_default();
            vec![plain(name), plain(format!("{cpu:.2}")), plain(format!("{memory:.0}"))]
        };
        let processes = self.cpu_s_per_1000_orders.iter().map(process).collect();
        out.table(&["process", "CPU seconds per 1,000 orders", "MiB resident"], processes)?;
        out.line("")?;
        Ok(out.line(&self.machine)?)
    }
}
