//! The second act: a hundred orders are placed at once, some beyond their customers' limits, some called off, while
//! risk-api is killed; every one of them comes to an order with its credit, or to neither.
//!
//! The verdict is computed: both databases are read and compared with each other and with what customers were told.

use super::plan::{self, ORDERS};
use super::settled;
use crate::front_door::{FrontDoor, Heard, Wanted};
use crate::out::{Out, Tone, plain};
use crate::placement_verdict::{PlacementVerdict, ToldPlacement, Unbalanced, compare};
use crate::system::System;
use anyhow::Context;
use futures::future::{join_all, try_join_all};
use launch::progress::{Display, Stage};
use serde::Serialize;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The act takes seconds; a machine that takes longer than this has stopped.
const PATIENCE: Duration = Duration::from_secs(240);

/// risk-api is killed as soon as so many more orders are decided: the others are under way then.
const DECIDED_BEFORE_A_KILL: u64 = 10;

/// Longer than a customer is kept waiting for an answer: whoever is under way is told 202.
const AWAY: Duration = Duration::from_secs(2);

/// A process that was killed is up again within a second, on a busy machine within some.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// What came of it.
#[derive(Serialize)]
pub(super) struct Outcome {
    #[serde(flatten)]
    verdict: PlacementVerdict,
    /// Processes that ended otherwise than completed.
    broken: Vec<String>,
    /// How often risk-api was killed meanwhile.
    risk_api_kills: u32,
    /// Customers who were asked to wait.
    asked_to_wait: u64,
    /// Requests that nobody answered, repeated with the same key.
    repeated: u64,
    seconds: f32,
    #[serde(skip)]
    told: Vec<ToldPlacement>,
}

/// Opens the accounts, places the orders while risk-api is killed, waits for every process.
pub(super) async fn play(
    system: &System,
    door: &FrontDoor,
    shown: &Display,
) -> anyhow::Result<Outcome> {
    let begun = Instant::now();
    try_join_all(plan::accounts()?.iter().map(|terms| door.grants(terms))).await?;
    let played = tokio::time::timeout(PATIENCE, place_while_killing(system, door, shown)).await;
    let outcome =
        played.with_context(|| format!("the placements took over {} s", PATIENCE.as_secs()))??;
    Ok(Outcome { seconds: begun.elapsed().as_secs_f32(), ..outcome })
}

async fn place_while_killing(
    system: &System,
    door: &FrontDoor,
    shown: &Display,
) -> anyhow::Result<Outcome> {
    let stage = shown.stage("placing a hundred orders at once, while risk-api is killed");
    stage.expect_in_all(u64::from(ORDERS));
    let wanted = plan::orders()?;
    let (heard, hearing) = watch::channel(Heard::default());
    let places = join_all(wanted.iter().map(|wanted| place(door, wanted, &heard, &stage)));
    let (told, risk_api_kills) = tokio::join!(places, kill_risk_api(system, hearing));
    let told = told.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    let risk_api_kills = risk_api_kills?;
    stage.finish();
    let (books, broken) = settled::books(system, &told, shown).await?;
    let Heard { undecided, repeated, .. } = heard.borrow().clone();
    Ok(Outcome {
        verdict: compare(&told, &books),
        broken,
        risk_api_kills,
        asked_to_wait: undecided,
        repeated,
        seconds: 0.0,
        told,
    })
}

async fn place(
    door: &FrontDoor,
    wanted: &Wanted,
    heard: &watch::Sender<Heard>,
    stage: &Stage,
) -> anyhow::Result<ToldPlacement> {
    let told = door.lets_in(&wanted.customer_id)?.orders(wanted, heard).await?;
    stage.set_done(heard.borrow().decided);
    Ok(told)
}

/// Kills risk-api twice: it stays away for longer than a customer is kept waiting, then for as long as a restart takes.
async fn kill_risk_api(
    system: &System,
    mut hearing: watch::Receiver<Heard>,
) -> anyhow::Result<u32> {
    let risk_api = system.process("risk-api")?;
    when_more_are_decided(&mut hearing).await?;
    risk_api.pause_restarts().await?;
    risk_api.kill9().await?;
    tokio::time::sleep(AWAY).await;
    risk_api.resume_restarts().await?;
    risk_api.wait_until_ready(READY_WITHIN).await?;
    when_more_are_decided(&mut hearing).await?;
    risk_api.kill9().await?;
    risk_api.wait_until_ready(READY_WITHIN).await?;
    Ok(2)
}

async fn when_more_are_decided(hearing: &mut watch::Receiver<Heard>) -> anyhow::Result<()> {
    let last = u64::from(ORDERS);
    let enough = last.min(hearing.borrow().decided + DECIDED_BEFORE_A_KILL);
    hearing.wait_for(|heard| heard.decided >= enough).await?;
    Ok(())
}

impl Outcome {
    pub(super) fn holds(&self) -> bool {
        self.verdict.holds() && self.broken.is_empty()
    }

    /// What customers were told.
    pub(super) fn told(&self) -> &[ToldPlacement] {
        &self.told
    }

    /// The table and the verdict.
    pub(super) fn tell(&self, out: Out) -> anyhow::Result<()> {
        let PlacementVerdict { placed, live_orders, live_reservations, deviations, .. } =
            &self.verdict;
        let Self { risk_api_kills, asked_to_wait, repeated, seconds, .. } = self;
        out.line("")?;
        out.line(&out.tone(Tone::Notable, &format!("{placed} orders placed at once")))?;
        self.tell_outcomes(out)?;
        out.line("")?;
        out.line(&format!(
            "risk-api killed {risk_api_kills} times meanwhile; {asked_to_wait} customers were told 202 and asked again, \
             {repeated} unanswered requests were repeated with the same key; {seconds:.1} s"
        ))?;
        out.line("Both databases, read directly and compared with each other and with what customers were told:")?;
        out.line(&format!(
            "  live orders {live_orders}, live reservations {live_reservations}, left by refused ones {}",
            self.verdict.left_behind()
        ))?;
        tell_deviations(deviations, &self.broken, out)?;
        let verdict = if self.holds() {
            out.tone(
                Tone::Good,
                "VERDICT: both or neither: every live reservation has its live order, every live order its credit, \
                 every refused one left nothing.",
            )
        } else {
            out.tone(Tone::Bad, "VERDICT: NOT both or neither.")
        };
        Ok(out.line(&verdict)?)
    }

    fn tell_outcomes(&self, out: Out) -> anyhow::Result<()> {
        let PlacementVerdict { placed, approved, cancelled, rejected, .. } = &self.verdict;
        let number = |count: &u64| plain(format!("{count:>6}"));
        let mut rows = vec![
            vec![("approved".to_owned(), Some(Tone::Good)), plain("-"), number(approved)],
            vec![plain("cancelled"), plain("called off after it was approved"), number(cancelled)],
        ];
        for (reason, count) in rejected {
            rows.push(vec![plain("rejected"), plain(reason.as_str()), number(count)]);
        }
        let told = approved + cancelled + rejected.values().sum::<u64>();
        if told < *placed {
            let untold = ("undecided".to_owned(), Some(Tone::Bad));
            rows.push(vec![untold, plain("the customer gave up"), number(&(placed - told))]);
        }
        Ok(out.table(&["outcome", "why", "orders"], rows)?)
    }
}

/// What is not as it should be, a line each.
pub(super) fn tell_deviations(
    deviations: &[Unbalanced],
    broken: &[String],
    out: Out,
) -> std::io::Result<()> {
    let lines = deviations.iter().map(ToString::to_string).chain(broken.iter().cloned());
    lines.into_iter().try_for_each(|line| out.line(&out.tone(Tone::Bad, &format!("  {line}"))))
}
