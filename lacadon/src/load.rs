//! `load`: how many orders per second this machine takes, how soon a voucher follows, and what each process uses for it.
//!
//! The whole system on fresh data is put under load, waited for until nothing is under way, and audited: figures of a run
//! that lost or doubled a voucher are void.

pub mod drive;
pub mod meter;
mod report;

use crate::crash::lab::{Lab, LabOptions, On};
use crate::crash::quiet::{self, Watched};
use crate::exit::Wrong;
use crate::ledger;
use crate::out::Out;
use crate::signals::Signals;
use crate::verdict::{self, Verdict};
use anyhow::Context;
use contracts::OrderId;
use contracts::orders::OrderFacts;
use drive::{Pace, Sent, Shop};
use jiff::Timestamp;
use launch::progress::Display;
use meter::{Meter, Usage};
pub use report::{Latency, LoadReport};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// After the last order was sent; a system that was asked for more than it does has so long to catch up.
const QUIET_WITHIN: Duration = Duration::from_secs(900);

/// Between two lines that say how far it is, and two looks at the oldest event.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// Senders, unless told otherwise.
const SENDERS: u32 = 32;

/// How much, how fast, and where.
#[derive(Debug, Clone, clap::Args)]
pub struct Load {
    /// How many orders are recorded and sent.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub orders: u32,
    /// So many orders are sent per second, however long they wait for answers.
    #[arg(long, conflicts_with = "concurrency", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub rate: Option<u32>,
    /// So many senders, each of which sends its next order when it is answered.
    #[arg(long, default_value_t = SENDERS, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub concurrency: u32,
    /// Where the data is.
    #[arg(long, value_enum, default_value_t = On::Files)]
    pub on: On,
    /// How many workers.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=16))]
    pub workers: u16,
    /// The temporal program to start the server with.
    #[arg(long, value_name = "PATH")]
    pub temporal_cli: Option<PathBuf>,
}

impl Load {
    /// Runs it and tells what came of it.
    ///
    /// # Errors
    /// When the system does not work, or the audit finds that the rule does not hold.
    pub async fn run(self, out: Out) -> anyhow::Result<()> {
        let mut signals = Signals::listen()?;
        let shown = Display::on_stderr();
        let measured = async {
            let options = LabOptions::of_this_program(self.temporal_cli.clone()).await?;
            self.measure(options, &shown).await
        };
        let report = signals.unless_interrupted(measured).await?;
        report.tell(out)?;
        if report.holds() { Ok(()) } else { Err(Wrong.into()) }
    }

    /// Starts a system, puts it under load, audits.
    ///
    /// # Errors
    /// When the system itself does not work.
    pub async fn measure(
        &self,
        options: LabOptions,
        shown: &Display,
    ) -> anyhow::Result<LoadReport> {
        let options = LabOptions { workers: self.workers, ..options };
        let lab = Lab::start_on(self.on, options, |system| system).await?;
        let measured = self.measure_in(&lab, shown).await;
        lab.stop().await?;
        measured
    }

    fn pace(&self) -> anyhow::Result<Pace> {
        Ok(match self.rate {
            Some(per_second) => Pace::Rate(per_second),
            None => Pace::Concurrency(usize::try_from(self.concurrency)?),
        })
    }

    async fn measure_in(&self, lab: &Lab, shown: &Display) -> anyhow::Result<LoadReport> {
        let shop = Shop::of(lab)?;
        shown.say(&format!("recording {} orders …", self.orders));
        let orders = shop.record(usize::try_from(self.orders)?).await?;
        let measuring =
            Measuring { lab, shown, others: &[], watched: Some(Watched::EventsAndRuns) };
        let measured =
            measuring.measure(&orders, self.pace()?, |order_id| shop.mark_sent(order_id));
        let mut report = measured.await?.audited(lab).await?;
        report.errors = shop.errors();
        Ok(report)
    }
}

/// What one load took, not audited yet.
#[derive(Debug)]
pub struct Measured {
    /// How orders were sent.
    pub pace: Pace,
    /// What became of each order at its sender.
    pub sent: BTreeMap<OrderId, Sent>,
    /// From when the first order was to be sent until nothing was waited for any more.
    pub took: Duration,
    /// How old the oldest event was at the most.
    pub oldest_event: Duration,
    /// What each process has used, by its name.
    pub used: BTreeMap<String, Usage>,
}

/// What is put under load, and what is looked at meanwhile.
pub struct Measuring<'a> {
    /// The system.
    pub lab: &'a Lab,
    /// Where to say how far it is.
    pub shown: &'a Display,
    /// Processes that take part and are not the system's own, by name.
    pub others: &'a [(&'a str, u32)],
    /// What is waited for at the end; nothing but the answers to whoever sends if nothing is watched.
    pub watched: Option<Watched>,
}

impl Measuring<'_> {
    /// Sends recorded orders in the given way and waits until nothing is under way.
    ///
    /// # Errors
    /// When an order cannot be sent, it does not become quiet, or a database cannot be read.
    pub async fn measure<F>(
        &self,
        orders: &[OrderId],
        pace: Pace,
        send_one: impl Fn(OrderId) -> F,
    ) -> anyhow::Result<Measured>
    where
        F: Future<Output = anyhow::Result<()>>,
    {
        let stop = CancellationToken::new();
        let done = watch::Sender::new(0);
        let used = Meter::start(self.lab, self.others).watch(stop.clone());
        let told = self.tell(orders.len(), done.subscribe(), stop.clone());
        let begun = Instant::now();
        let sending = async {
            let _stop = stop.clone().drop_guard();
            let sent = drive::send(orders, pace, &done, send_one).await?;
            let answered = begun.elapsed();
            Ok::<_, anyhow::Error>((sent, answered + self.wait().await?))
        };
        let (sent, used, oldest) = tokio::join!(sending, used, told);
        let (sent, took) = sent?;
        Ok(Measured { pace, sent, took, oldest_event: oldest?, used })
    }

    /// How long it took until nothing was under way.
    async fn wait(&self) -> anyhow::Result<Duration> {
        let Some(watched) = self.watched else { return Ok(Duration::ZERO) };
        let quiet = quiet::wait(&self.lab.system, watched, QUIET_WITHIN).await?;
        quiet.took.with_context(|| {
            format!(
                "after {} s {} events are not settled and {} runs or more are open",
                QUIET_WITHIN.as_secs(),
                quiet.events.len(),
                quiet.runs.len()
            )
        })
    }

    /// Says how far it is until told to stop; how old the oldest event was at the most.
    async fn tell(
        &self,
        orders: usize,
        done: watch::Receiver<u64>,
        stop: CancellationToken,
    ) -> anyhow::Result<Duration> {
        let mut oldest = Duration::ZERO;
        while stop.run_until_cancelled(tokio::time::sleep(TELL_EVERY)).await.is_some() {
            let waiting = ledger::oldest_waiting_event(self.lab.system.order_database_url());
            let age = waiting.await?.map(|since| Timestamp::now().duration_since(since));
            let age = age.and_then(|age| Duration::try_from(age).ok()).unwrap_or_default();
            oldest = oldest.max(age);
            let (done, waits) = (*done.borrow(), age.as_secs_f64());
            self.shown.say(&format!(
                "{done} of {orders} orders sent, the oldest event waits for {waits:.1} s"
            ));
        }
        Ok(oldest)
    }
}

impl Measured {
    /// Compares every order with its voucher, and says what was measured.
    ///
    /// # Errors
    /// When a database cannot be read.
    pub async fn audited(self, lab: &Lab) -> anyhow::Result<LoadReport> {
        let verdict = audit(lab).await?;
        let issued = ledger::issue_times(lab.system.voucher_database_url()).await?;
        let waits = waits(&self.sent, &issued)?;
        LoadReport::of(self, &waits, issued.into_values().max(), verdict)
    }
}

/// Compares every order with its voucher.
///
/// # Errors
/// When a database cannot be read.
pub async fn audit(lab: &Lab) -> anyhow::Result<Verdict> {
    let orders = ledger::orders(lab.system.order_database_url()).await?;
    let facts: Vec<OrderFacts> = orders.into_iter().map(|order| order.facts).collect();
    let vouchers = ledger::vouchers(lab.system.voucher_database_url()).await?;
    Ok(verdict::compare(&facts, &vouchers))
}

/// From when each order was to be sent until its voucher was issued.
fn waits(
    sent: &BTreeMap<OrderId, Sent>,
    issued: &BTreeMap<OrderId, Timestamp>,
) -> anyhow::Result<Vec<Duration>> {
    let wait = |(order_id, issued): (&OrderId, &Timestamp)| {
        let sent = sent.get(order_id)?;
        let intended = Timestamp::try_from(sent.intended).ok()?;
        Some(Duration::try_from(issued.duration_since(intended)).unwrap_or_default())
    };
    let waits: Option<Vec<Duration>> = issued.iter().map(wait).collect();
    let mut waits = waits.context("a voucher of an order that was not sent")?;
    waits.sort_unstable();
    Ok(waits)
}
