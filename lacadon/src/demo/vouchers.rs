//! The first act: a shop hands out exactly the right vouchers.
//!
//! The verdict is computed: both databases are read and compared with the rule, in both directions.

use super::table;
use crate::api::Api;
use crate::dev::link;
use crate::import::{Fulfilled, import, shopify};
use crate::ledger::{self, OrderOnFile};
use crate::out::{Out, Tone};
use crate::system::keys::Keys;
use crate::system::{Role, System};
use crate::temporal::{self, Ended, ends_of_runs};
use crate::verdict::{Verdict, VoucherOnFile, compare};
use anyhow::Context;
use contracts::OrderId;
use contracts::orders::OrderFacts;
use gateway::derivation::DerivationKey;
use launch::progress::{Display, Stage};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};
use workflows::grant_voucher::workflow_id;

/// The processes of two hundred orders end within seconds; a machine that takes longer than this has stopped.
const PATIENCE: Duration = Duration::from_secs(180);

/// What is on file when every process has ended.
pub(super) struct Outcome {
    orders: Vec<OrderOnFile>,
    vouchers: Vec<VoucherOnFile>,
    ends: BTreeMap<OrderId, Ended>,
    pub(super) verdict: Verdict,
    took: Duration,
}

/// Imports the orders of a file, marks the fulfilled ones sent, and waits for every process.
pub(super) async fn play(system: &System, file: &Path, shown: &Display) -> anyhow::Result<Outcome> {
    let begun = Instant::now();
    let read = File::open(file).with_context(|| format!("{}", file.display()))?;
    let export = shopify::read(read).with_context(|| format!("{}", file.display()))?;
    let api = Api::new("order-api", system.order_api_url(), system.secret(Role::BackOffice)?)?;
    let key = DerivationKey::read(&Keys::of(system.data_dir()).derivation())?;
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
    let outcome = waited
        .with_context(|| format!("not every process ended within {} s", PATIENCE.as_secs()))??;
    stage.finish();
    Ok(Outcome { took: begun.elapsed(), ..outcome })
}

/// Waits for the process of every sent order, then reads both databases.
async fn outcome(system: &System, stage: &Stage) -> anyhow::Result<Outcome> {
    let client = temporal::connect(system.temporal_address(), system.namespace()).await?;
    let orders = ledger::orders(system.order_database_url()).await?;
    let sent = orders.iter().filter(|order| order.facts.sent_at.is_some());
    let sent: Vec<OrderId> = sent.map(|order| order.facts.id).collect();
    stage.expect_in_all(u64::try_from(sent.len())?);
    let ends = ends_of_runs(&client, sent, workflow_id, |ended| stage.set_done(ended)).await;
    // Read last: what is compared is what is on file once everything has ended.
    let vouchers = ledger::vouchers(system.voucher_database_url()).await?;
    let facts: Vec<OrderFacts> = orders.iter().map(|order| order.facts.clone()).collect();
    let verdict = compare(&facts, &vouchers);
    Ok(Outcome { orders, vouchers, ends, verdict, took: Duration::ZERO })
}

impl Outcome {
    pub(super) fn holds(&self) -> bool {
        self.verdict.holds() && self.failed() == 0
    }

    fn failed(&self) -> usize {
        self.ends.values().filter(|end| matches!(end, Ended::Otherwise(_))).count()
    }

    /// The table and the verdict.
    pub(super) fn tell(&self, out: Out) -> anyhow::Result<()> {
        table::show(&table::lines(&self.orders, &self.vouchers, &self.ends), out)?;
        self.tell_verdict(out)
    }

    /// Where the Web UI shows one of its processes.
    pub(super) fn tell_link(&self, system: &System, out: Out) -> anyhow::Result<()> {
        if let (Some(ui), Some(order)) = (system.temporal_ui(), self.ends.keys().next()) {
            out.line(&format!("one of its processes: {}", link(ui, &workflow_id(*order))))?;
        }
        Ok(())
    }

    fn tell_verdict(&self, out: Out) -> anyhow::Result<()> {
        let Verdict { orders, sent, owed, given, deviations } = &self.verdict;
        let (failed, seconds) = (self.failed(), self.took.as_secs_f32());
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
        let verdict = if self.holds() {
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
