//! The third act: the same fault hits a program without a durable process, and then ours.
//!
//! order-api is killed when the credit is reserved and the order is not approved. What the naive program leaves is left
//! as it is, found by the same comparison that finds nothing else.

use super::naive::NaiveProgram;
use super::settled;
use crate::api::{Api, CallError, text};
use crate::front_door::{CallOff, FrontDoor, Heard, Shopper, Terms, Wanted};
use crate::out::{Out, Tone};
use crate::placement_verdict::{Standing, ToldPlacement, Unbalanced, compare};
use crate::system::{Process, Role, System};
use anyhow::{Context, bail};
use contracts::placement::{OrderLine, OrderRequest};
use contracts::{CustomerId, Money, OrderId};
use launch::progress::Display;
use serde::Serialize;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The act takes seconds; a machine that takes longer than this has stopped.
const PATIENCE: Duration = Duration::from_secs(180);

/// What follows within milliseconds, or a restart.
const SOON: Duration = Duration::from_secs(60);

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What each order costs: one point of the score.
const TOTAL: Money = Money::eur_cents(80_00);

/// A customer may owe far more, and has the score for one order at a time.
const LIMIT: Money = Money::eur_cents(1_000_00);

/// What came of the fault.
#[derive(Serialize)]
pub(super) struct Outcome {
    naive: NaiveEnd,
    ours: OurEnd,
    /// Customers of ours who were denied for an order that is not there.
    ours_denied_for_no_order: usize,
    /// What is not as it should be beside what the naive program left.
    deviations: Vec<Unbalanced>,
    broken: Vec<String>,
}

#[derive(Serialize)]
struct NaiveEnd {
    customer_id: CustomerId,
    active_orders: usize,
    /// What the next order came to.
    next: Standing,
    /// The order that will never be, and for which credit is held.
    left: OrderId,
}

#[derive(Serialize)]
struct OurEnd {
    customer_id: CustomerId,
    /// What the order came to that the fault hit.
    hit: Standing,
    /// What the next order came to, once the first was called off or rejected.
    next: Standing,
}

/// Lets the fault hit both. `before` is what other customers were told.
pub(super) async fn play(
    system: &System,
    door: &FrontDoor,
    before: &[ToldPlacement],
    shown: &Display,
) -> anyhow::Result<Outcome> {
    let played = tokio::time::timeout(PATIENCE, hit_both(system, door, before, shown)).await;
    played.with_context(|| format!("the same fault took over {} s", PATIENCE.as_secs()))?
}

async fn hit_both(
    system: &System,
    door: &FrontDoor,
    before: &[ToldPlacement],
    shown: &Display,
) -> anyhow::Result<Outcome> {
    let mut told = before.to_vec();
    let stage = shown.stage("killing order-api under a naive program");
    let naive = hit_naive(system, door, &mut told).await?;
    stage.finish();
    let ours = hit_ours(system, door, &mut told, shown).await?;
    let (books, broken) = settled::books(system, &told, shown).await?;
    let verdict = compare(&told, &books);
    let mut denied = verdict.denied_for_no_order(&told);
    denied.remove(&naive.customer_id);
    let is_left = |found: &Unbalanced| matches!(found, Unbalanced::CreditWithoutOrder { order_id, .. } if *order_id == naive.left);
    let (left, deviations): (Vec<_>, Vec<_>) = verdict.deviations.into_iter().partition(is_left);
    if left.is_empty() {
        bail!("the credit that the naive program reserved for {} is not on file", naive.left);
    }
    Ok(Outcome { naive, ours, ours_denied_for_no_order: denied.len(), deviations, broken })
}

/// The naive program ends in between; then its customer asks for another order.
async fn hit_naive(
    system: &System,
    door: &FrontDoor,
    told: &mut Vec<ToldPlacement>,
) -> anyhow::Result<NaiveEnd> {
    let (customer_id, shopper) = newcomer(door, "cus_demo_naive").await?;
    let order_api = system.process("order-api")?;
    let left = shopper.order_of("demo-naive")?;
    let line = OrderLine { sku: "SQUEAKY-DUCK".to_owned(), quantity: 1, unit_price: TOTAL };
    let request = OrderRequest { customer_id: customer_id.clone(), lines: vec![line] };
    let fault = kill_for_long(&order_api);
    let ended = NaiveProgram::of(system)?.places(left, &request, fault).await;
    match ended.as_ref().err().and_then(|error| error.downcast_ref()) {
        Some(CallError::Unreachable { .. }) => {}
        _ => bail!("order-api was killed, and the naive program ended with {ended:?}"),
    }
    bring_back(&order_api).await?;
    let active_orders = shopper.active_orders().await?;
    let next = wanted(&customer_id, "demo-naive-next");
    let next = shopper.orders(&next, &watch::Sender::new(Heard::default())).await?;
    let end = NaiveEnd { customer_id, active_orders, next: next.told, left };
    told.push(next);
    Ok(end)
}

/// A placement of ours is hit; its customer waits for it, calls it off, and asks for another order.
async fn hit_ours(
    system: &System,
    door: &FrontDoor,
    told: &mut Vec<ToldPlacement>,
    shown: &Display,
) -> anyhow::Result<OurEnd> {
    let (customer_id, shopper) = newcomer(door, "cus_demo_ours").await?;
    let heard = watch::Sender::new(Heard::default());
    let first = wanted(&customer_id, "demo-ours");
    let stage = shown.stage("killing order-api under a placement of ours");
    // Held up, so that the process is still before the reservation when order-api is killed.
    let risk_api = system.process("risk-api")?;
    risk_api.suspend().await?;
    let fault = kill_between_reserve_and_approve(system, &shopper, &first, &risk_api);
    let (placed, done) = tokio::join!(shopper.orders(&first, &heard), fault);
    done?;
    let mut placed = placed?;
    let hit = placed.told;
    if hit == Standing::Approved {
        shopper.calls_off(&mut placed, &heard).await?;
    }
    stage.finish();
    // The credit of an order that was called off comes back by an event.
    told.push(placed);
    settled::books(system, told, shown).await?;
    let next = shopper.orders(&wanted(&customer_id, "demo-ours-next"), &heard).await?;
    let end = OurEnd { customer_id, hit, next: next.told };
    told.push(next);
    Ok(end)
}

/// Kills order-api when this order is written down and its credit is reserved, and brings it back.
async fn kill_between_reserve_and_approve(
    system: &System,
    shopper: &Shopper,
    wanted: &Wanted,
    risk_api: &Process,
) -> anyhow::Result<()> {
    let key = system.secret(Role::Auditor)?;
    let orders = Api::new("order-api", system.order_api_url(), key.clone())?;
    let accounts = Api::new("risk-api", system.risk_api_url(), key)?;
    let order = format!("/orders/{}", shopper.order_of(&wanted.key)?);
    let account = format!("/accounts/{}", wanted.customer_id);
    let order_api = system.process("order-api")?;
    wait_until_it_says(&orders, &order, "status", "pending").await?;
    kill_for_long(&order_api).await?;
    risk_api.resume().await?;
    wait_until_it_says(&accounts, &account, "live_reservation_count", "1").await?;
    bring_back(&order_api).await
}

async fn wait_until_it_says(api: &Api, path: &str, field: &str, value: &str) -> anyhow::Result<()> {
    let give_up = Instant::now() + SOON;
    while Instant::now() < give_up {
        if api.get(path, &[]).await.is_ok_and(|body| text(&body, field) == value) {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    bail!("{path} does not say {field} {value} after {} s", SOON.as_secs())
}

async fn kill_for_long(process: &Process) -> anyhow::Result<()> {
    process.pause_restarts().await?;
    process.kill9().await.map(drop)
}

async fn bring_back(process: &Process) -> anyhow::Result<()> {
    process.resume_restarts().await?;
    process.wait_until_ready(SOON).await
}

/// A customer with the score for one order at a time.
async fn newcomer(door: &FrontDoor, id: &str) -> anyhow::Result<(CustomerId, Shopper)> {
    let customer_id: CustomerId = id.parse()?;
    let terms = Terms { customer_id: customer_id.clone(), limit: LIMIT, base_score: 1 };
    door.grants(&terms).await?;
    let shopper = door.lets_in(&customer_id)?;
    Ok((customer_id, shopper))
}

fn wanted(customer_id: &CustomerId, key: &str) -> Wanted {
    Wanted {
        customer_id: customer_id.clone(),
        key: key.to_owned(),
        total: TOTAL,
        call_off: CallOff::Never,
    }
}

impl Outcome {
    /// Whether the symptom is there with the naive program, and not with ours.
    pub(super) fn holds(&self) -> bool {
        self.naive_is_ill() && self.ours_is_well()
    }

    fn naive_is_ill(&self) -> bool {
        self.naive.active_orders == 0 && self.naive.next.is_denial()
    }

    fn ours_is_well(&self) -> bool {
        let Self { ours, deviations, broken, .. } = self;
        let is_decided = matches!(ours.hit, Standing::Approved | Standing::Rejected { .. });
        let is_clean = deviations.is_empty() && broken.is_empty();
        is_decided && ours.next == Standing::Approved && is_clean
    }

    /// The two stories, and the verdict.
    pub(super) fn tell(&self, out: Out) -> anyhow::Result<()> {
        let Self { naive, ours, deviations, broken, .. } = self;
        out.line("")?;
        out.line(&out.tone(
            Tone::Notable,
            "The same fault twice: order-api is killed when the credit is reserved and the order is not approved",
        ))?;
        let denied = match naive.next {
            Standing::Rejected { reason } => format!("is denied: {reason}"),
            other => format!("the next one is {other}"),
        };
        let active = match naive.active_orders {
            0 => "no active order".to_owned(),
            count => format!("{count} active orders"),
        };
        out.line(&format!("  naive: {} has {active}, and {denied}", naive.customer_id))?;
        out.line(&format!(
            "         (the program ended in between; it left {TOTAL} reserved for {}, which is no order)",
            naive.left
        ))?;
        let hit = match ours.hit {
            Standing::Approved => "has the order once order-api is back, calls it off".to_owned(),
            other => format!("is told {other}, and has the whole limit"),
        };
        out.line(&format!(
            "  ours:  {} {hit}, and the next one is {}",
            ours.customer_id, ours.next
        ))?;
        super::placements::tell_deviations(deviations, broken, out)?;
        let verdict = format!(
            "denied for a low score without an active order: naive {}, ours {}.",
            u8::from(self.naive_is_ill()),
            self.ours_denied_for_no_order
        );
        let (tone, not) =
            if self.holds() { (Tone::Good, "") } else { (Tone::Bad, "NOT as it should be: ") };
        Ok(out.line(&out.tone(tone, &format!("VERDICT: {not}{verdict}")))?)
    }
}
