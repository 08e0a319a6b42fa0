//! `demo`: a shop hands out exactly the right vouchers, through a real Temporal server, on fresh databases.
//!
//! The verdict is computed: both databases are read and compared with the rule, in both directions. The exit code is 0
//! only if it holds.

mod table;

use crate::api::Api;
use crate::dev::link;
use crate::exit::Wrong;
use crate::import::{Fulfilled, import, shopify};
use crate::ledger::{self, OrderOnFile};
use crate::out::{Out, Tone};
use crate::signals::Signals;
use crate::system::keys::Keys;
use crate::system::{Role, System, SystemOptions, TemporalServer};
use crate::temporal::{self, Ended, end_of_run};
use crate::verdict::{Verdict, VoucherOnFile, compare};
use anyhow::{Context, bail};
use contracts::OrderId;
use contracts::orders::OrderFacts;
use futures::StreamExt;
use launch::build::{Binaries, workspace};
use launch::progress::{Display, Stage};
use launch::temporal::{Surroundings, locate_in};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use workflows::grant_voucher::workflow_id;

/// The processes of two hundred orders end within seconds; a machine that takes longer than this has stopped.
const PATIENCE: Duration = Duration::from_secs(180);

/// So many processes are waited for at once.
const AT_ONCE: usize = 32;

/// How to run it.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// Another order export than examples/orders.csv.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Stay up until Ctrl-C, to look around in the Web UI.
    #[arg(long)]
    keep: bool,
    /// The temporal program to start the server with.
    #[arg(long, value_name = "PATH")]
    temporal_cli: Option<PathBuf>,
}

/// What is on file when every process has ended.
struct Outcome {
    orders: Vec<OrderOnFile>,
    vouchers: Vec<VoucherOnFile>,
    ends: BTreeMap<OrderId, Ended>,
    verdict: Verdict,
}

/// The demo's result as JSON.
#[derive(Serialize)]
struct Told<'a> {
    holds: bool,
    #[serde(flatten)]
    verdict: &'a Verdict,
}

impl Demo {
    /// Runs it.
    ///
    /// # Errors
    /// When something cannot be run, or the verdict does not hold.
    pub async fn run(self, out: Out) -> anyhow::Result<()> {
        let mut signals = Signals::listen()?;
        let shown = Display::on_stderr();
        let folder = tempfile::Builder::new().prefix("lacadon-demo-").tempdir()?;
        let surroundings = Surroundings::of_this_process(self.temporal_cli.clone());
        let display = shown.clone();
        let locate = move || locate_in(&surroundings, &display);
        let cli = tokio::task::spawn_blocking(locate).await??.path;
        let server = TemporalServer::Own { cli, extra_args: Vec::new() };
        let options = SystemOptions::new(folder.path(), Binaries::beside_this_program()?, server);
        shown.say("starting Temporal with its Web UI, order-api, voucher-api and a worker …");
        let system = tokio::select! {
            started = System::start(options) => started?,
            () = signals.next() => bail!("interrupted"),
        };
        let played = tokio::select! {
            played = self.play(&system, &shown, out) => played,
            () = signals.next() => Err(anyhow::anyhow!("interrupted")),
        };
        let has_played = played.as_ref().err().is_none_or(|e| e.is::<Wrong>());
        if self.keep && has_played {
            shown.say("everything stays up until Ctrl-C");
            signals.next().await;
        }
        shown.say("stopping …");
        tokio::select! {
            stopped = system.stop() => stopped?,
            () = signals.next() => {}
        }
        folder.close().context("the demo's folder cannot be removed")?;
        played
    }

    async fn play(&self, system: &System, shown: &Display, out: Out) -> anyhow::Result<()> {
        let begun = Instant::now();
        if let Some(ui) = system.temporal_ui() {
            let namespace = system.namespace();
            shown.say(&format!("watch it in the Web UI: {ui}/namespaces/{namespace}/workflows"));
        }
        let file = self.file.clone().unwrap_or_else(|| workspace().join("examples/orders.csv"));
        let read = File::open(&file).with_context(|| format!("{}", file.display()))?;
        let export = shopify::read(read).with_context(|| format!("{}", file.display()))?;
        let api = Api::new("order-api", system.order_api_url(), system.secret(Role::BackOffice)?)?;
        let key = Keys::of(system.data_dir()).derivation();
        let key = crate::derivation::DerivationKey::read(&key)?;
        let stage = shown.stage("importing orders and marking the fulfilled ones sent");
        let report = import(&export, &api, &key, Fulfilled::MarkSent, &stage).await?;
        stage.finish();
        if !report.is_complete() {
            for rejection in report.bad_rows.iter().chain(&report.refused) {
                shown.say(&format!("line {}: {}", rejection.line, rejection.reason));
            }
        }
        let stage = shown.stage("waiting for every process to end");
        let waited = tokio::time::timeout(PATIENCE, outcome(system, &stage)).await;
        let outcome = waited.with_context(|| {
            format!("not every process ended within {} s", PATIENCE.as_secs())
        })??;
        stage.finish();
        outcome.tell(system, self.keep, begun.elapsed(), out)
    }
}

/// Waits for the process of every sent order, then reads both databases.
async fn outcome(system: &System, stage: &Stage) -> anyhow::Result<Outcome> {
    let client = temporal::connect(system.temporal_address(), system.namespace()).await?;
    let orders = ledger::orders(system.order_database_url()).await?;
    let sent = orders.iter().filter(|order| order.facts.sent_at.is_some());
    let sent: Vec<OrderId> = sent.map(|order| order.facts.id).collect();
    stage.expect_in_all(u64::try_from(sent.len())?);
    let mut ending = futures::stream::iter(sent)
        .map(|order_id| {
            let client = &client;
            async move { (order_id, end_of_run(client, order_id).await) }
        })
        .buffer_unordered(AT_ONCE);
    let mut ends = BTreeMap::new();
    while let Some((order_id, end)) = ending.next().await {
        ends.insert(order_id, end);
        stage.set_done(u64::try_from(ends.len())?);
    }
    // Read last: what is compared is what is on file once everything has ended.
    let vouchers = ledger::vouchers(system.voucher_database_url()).await?;
    let facts: Vec<OrderFacts> = orders.iter().map(|order| order.facts.clone()).collect();
    let verdict = compare(&facts, &vouchers);
    Ok(Outcome { orders, vouchers, ends, verdict })
}

impl Outcome {
    fn tell(&self, system: &System, is_kept: bool, took: Duration, out: Out) -> anyhow::Result<()> {
        let verdict = &self.verdict;
        let failed = self.ends.values().filter(|end| matches!(end, Ended::Otherwise(_))).count();
        let holds = verdict.holds() && failed == 0;
        if out.is_json {
            out.json(&Told { holds, verdict })?;
        } else {
            table::show(&table::lines(&self.orders, &self.vouchers, &self.ends), out)?;
            self.tell_verdict(failed, took, out)?;
            if let (Some(ui), Some(order), true) =
                (system.temporal_ui(), self.ends.keys().next(), is_kept)
            {
                out.line(&format!("one of its processes: {}", link(ui, &workflow_id(*order))))?;
            }
        }
        if holds { Ok(()) } else { Err(Wrong.into()) }
    }

    fn tell_verdict(&self, failed: usize, took: Duration, out: Out) -> anyhow::Result<()> {
        let Verdict { orders, sent, owed, given, deviations } = &self.verdict;
        let seconds = took.as_secs_f32();
        out.line("")?;
        out.line(&format!(
            "{orders} orders, {sent} of them sent, each with its own process in Temporal; {seconds:.1} s"
        ))?;
        out.line("Both databases, read directly and compared with the rule in both directions:")?;
        out.line(&format!("  vouchers owed {owed}, vouchers on file {given}"))?;
        for deviation in deviations {
            out.line(&out.tone(Tone::Bad, &format!("  {deviation}")))?;
        }
        if failed > 0 {
            out.line(&out.tone(Tone::Bad, &format!("  {failed} processes did not complete")))?;
        }
        let verdict = if deviations.is_empty() && failed == 0 {
            out.tone(
                Tone::Good,
                "VERDICT: the rule holds: one voucher for each order that earned one, none for any other.",
            )
        } else {
            out.tone(Tone::Bad, "VERDICT: the rule does NOT hold.")
        };
        Ok(out.line(&verdict)?)
    }
}
