//! Crash campaigns: a seed decides what is broken when, under load, and nothing may be lost, doubled or stuck. And they
//! bite: writers without a relay lose vouchers.
//!
//! The seed is printed; `LACADON_SEED` repeats it. With `LACADON_TEST_ALL=1` (CI) the campaign lasts five minutes, otherwise
//! one.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, also in what it calls"
)]

use lacadon::crash::campaign::Campaign;
use lacadon::crash::lab::{LabOptions, Network, On};
use lacadon::crash::naive::{Variant, Writers};
use lacadon::crash::proxy::{Effect, Proxy};
use lacadon::crash::report::Report;
use lacadon::ledger;
use lacadon::system::Role;
use lacadon::verdict::{Deviation, compare};
use launch::progress::Display;
use reqwest::Method;
use std::time::Duration;
use tests::{Order, Outcome, World, stays};
use tokio::io::{AsyncBufReadExt, BufReader};

/// Orders that begin per second: what two busy cores keep up with, unoptimized.
const PER_SECOND: u32 = 5;

/// Seconds that the load of the long and of the short campaign takes.
const LONG: u64 = 300;
const SHORT: u64 = 60;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_crashes_under_load_nothing_is_lost_doubled_or_stuck() {
    let is_long = std::env::var_os("LACADON_TEST_ALL").is_some_and(|value| value == "1");
    let seconds = if is_long { LONG } else { SHORT };
    let seed = std::env::var("LACADON_SEED").ok().map(|seed| seed.parse().expect("a number"));
    let campaign = Campaign {
        seed,
        kills: u32::try_from(seconds / 2).expect("small"),
        orders: seconds * u64::from(PER_SECOND),
        ..campaign()
    };

    let report = fight(&campaign).await;

    assert!(report.holds(), "seed {}:\n{}", report.seed(), report.markdown());
    assert_eq!(report.kills(), campaign.kills, "every kill of the schedule was done");
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_that_update_then_start_lose_vouchers_in_a_campaign() {
    a_campaign_with_naive_writers_finds_losses(Variant::NaiveUpdateThenStart).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_that_start_then_update_lose_vouchers_in_a_campaign() {
    a_campaign_with_naive_writers_finds_losses(Variant::NaiveStartThenUpdate).await;
}

async fn a_campaign_with_naive_writers_finds_losses(variant: Variant) {
    let campaign =
        Campaign { seed: Some(1), kills: 7, orders: 120, variant: Some(variant), ..campaign() };

    let report = fight(&campaign).await;

    assert!(!report.audit.lost.is_empty(), "{}", report.markdown());
    assert!(report.audit.doubled.is_empty(), "{}", report.markdown());
}

#[tokio::test]
async fn a_writer_that_is_killed_between_its_update_and_its_start_loses_the_voucher() {
    let world =
        World::start_with(|options| options.with_env("worker", "WORKER_RELAY", "off")).await;
    let order = world.place_order().costing_minor(100_01).await;
    let to_temporal = Proxy::start().await.expect("a proxy");
    to_temporal.forward_to(world.system.temporal_address());
    to_temporal.begin(Effect::BlackHole);
    let writers = Writers {
        temporal_address: to_temporal.address(),
        ..writers(&world, Variant::NaiveUpdateThenStart)
    };

    let mut writer = writers.command(order.id).spawn().expect("a writer");
    let said = writer.stdout.take().expect("its output");
    let half_done = BufReader::new(said).lines().next_line().await.expect("readable");
    writer.kill().await.expect("killed with -9");

    assert_eq!(half_done.as_deref(), Some("half done"));
    assert_eq!(status_of(&world, &order).await, "sent");
    to_temporal.end();
    stays_lost(&world, &order).await;
}

#[tokio::test]
async fn a_writer_that_starts_before_its_update_arrives_loses_the_voucher() {
    let world =
        World::start_with(|options| options.with_env("worker", "WORKER_RELAY", "off")).await;
    let order = world.place_order().costing_minor(100_01).await;
    let to_orders = Proxy::start().await.expect("a proxy");
    to_orders.forward_to(world.system.order_api_url());
    to_orders.begin(Effect::BlackHole);
    let writers = Writers {
        order_api_url: to_orders.url(),
        ..writers(&world, Variant::NaiveStartThenUpdate)
    };

    let mut writer = writers.command(order.id).spawn().expect("a writer");
    let failed = world.outcome_of(&order).await;
    let before = status_of(&world, &order).await;
    to_orders.end();
    let ended = writer.wait().await.expect("it ends");

    assert_eq!((failed, before.as_str()), (Outcome::Failed("OrderNotSent".into()), "approved"));
    assert!(ended.success(), "the second write arrives once it is let go");
    assert_eq!(status_of(&world, &order).await, "sent");
    stays_lost(&world, &order).await;
}

/// Nobody brings the voucher, and the auditor's comparison names the order.
async fn stays_lost(world: &World, order: &Order) {
    stays(Duration::from_secs(2), "no voucher", 0, || async {
        world.vouchers_of(order).await.len()
    })
    .await;
    let orders = ledger::orders(world.system.order_database_url()).await.expect("orders");
    let vouchers = ledger::vouchers(world.system.voucher_database_url()).await.expect("vouchers");
    let facts: Vec<_> = orders.into_iter().map(|order| order.facts).collect();
    let deviations = compare(&facts, &vouchers).deviations;
    assert!(
        matches!(&deviations[..], [Deviation::Missing { order_id, .. }] if *order_id == order.id),
        "{deviations:?}"
    );
}

async fn status_of(world: &World, order: &Order) -> String {
    let url = format!("{}/orders/{}", world.system.order_api_url(), order.id);
    let (_, body) = world.call(Method::GET, &url, Role::Auditor, None).await;
    body["status"].as_str().unwrap_or_default().to_owned()
}

fn writers(world: &World, variant: Variant) -> Writers {
    let lacadon = launch::build::binaries().expect("the binaries build").lacadon;
    Writers::of(&world.system, &lacadon, variant)
}

fn campaign() -> Campaign {
    Campaign {
        seed: None,
        kills: 0,
        orders: 1,
        per_second: PER_SECOND,
        faults: Vec::new(),
        on: On::Files,
        variant: None,
        within_s: None,
        report: None,
        temporal_cli: None,
    }
}

async fn fight(campaign: &Campaign) -> Report {
    let options = LabOptions::of_this_workspace().await.expect("everything builds");
    let options = LabOptions { workers: 2, network: Network::Faulty, ..options };
    campaign.fight(options, &Display::on_stderr()).await.expect("the laboratory works")
}
