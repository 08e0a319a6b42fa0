//! A placement may be called off, left alone by a service or stopped by an operator at any moment: it is still both or
//! neither.

use contracts::OrderId;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tests::{Customer, World, eventually};

/// Waits until the run has a normal activity of this type that is being tried again.
async fn is_retried(world: &World, order_id: OrderId, activity: &str) {
    eventually(&format!("{activity} is tried again"), || async {
        let run = world.temporal.describe(&format!("place-{order_id}")).await?;
        let is_it = run.pointer("/pendingActivities/0/activityType/name")?.as_str()? == activity;
        let has_failed = run.pointer("/pendingActivities/0/lastFailure").is_some();
        (is_it && has_failed).then_some(())
    })
    .await;
}

/// Begins a placement that cannot be decided because risk-api is away.
async fn undecided(ada: &Customer<'_>, key: &str) -> OrderId {
    let told = ada.places(key, 50_00).await;
    assert_eq!(told.status, StatusCode::ACCEPTED, "{told:?}");
    let order_id = told.order_id();
    assert_eq!(told.location, Some(format!("/placements/{order_id}")));
    order_id
}

#[tokio::test]
async fn while_the_risk_service_is_away_the_customer_is_told_to_wait_and_the_order_follows() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;
    world.process("risk-api").stop().await.expect("stopped");
    let order_id = undecided(&ada, "key").await;

    let waiting = ada.asks(&format!("/placements/{order_id}")).await;
    let again = ada.places("key", 50_00).await;
    assert_eq!(waiting.body["state"], "pending", "{waiting:?}");
    assert_eq!((again.status, again.order_id()), (StatusCode::ACCEPTED, order_id));
    world.bring_up("risk-api").await;

    assert_eq!(world.placement_ends(order_id).await, "approved");
    assert_eq!(ada.places("key", 50_00).await.status, StatusCode::CREATED);
    assert_eq!(world.credit_of("cus_ada").await, (vec![order_id.to_string()], 50_00));
}

#[tokio::test]
async fn a_placement_is_followed_by_its_events_until_it_is_decided() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;
    world.process("risk-api").stop().await.expect("stopped");
    let order_id = undecided(&ada, "key").await;

    let back = async {
        is_retried(&world, order_id, "credit.reserve").await;
        world.bring_up("risk-api").await;
    };
    let (events, ()) = tokio::join!(ada.watches(order_id), back);

    let states: Vec<String> = events
        .lines()
        .filter_map(|line| serde_json::from_str(line.strip_prefix("data:")?.trim()).ok())
        .map(|event: Value| event["state"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(states.first().map(String::as_str), Some("pending"), "{events}");
    assert_eq!(states.last().map(String::as_str), Some("approved"), "{events}");
}

#[tokio::test]
async fn a_risk_service_that_stays_away_gets_the_order_rejected_and_nothing_is_left() {
    let world =
        World::start_with(|o| o.with_env("gateway", "GATEWAY_RISK_PATIENCE_MS", "2500")).await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;
    let before = world.both_sides().await;
    world.process("risk-api").stop().await.expect("stopped");
    let order_id = undecided(&ada, "key").await;

    // Told before the credit is given back, because that waits for the very service that is away.
    let told = ada.insists_on("key", 50_00).await;
    assert_eq!(told.reason(), "risk_unavailable");
    is_retried(&world, order_id, "credit.release").await;
    world.bring_up("risk-api").await;

    assert_eq!(world.placement_ends(order_id).await, "risk_unavailable");
    assert_eq!(world.both_sides().await, before);
    let next = ada.places("next", 100_00).await;
    assert_eq!(next.status, StatusCode::CREATED, "the whole limit is there again: {next:?}");
}

#[tokio::test]
async fn a_placement_that_is_called_off_before_it_is_decided_leaves_nothing() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;
    let before = world.both_sides().await;
    world.process("risk-api").stop().await.expect("stopped");
    let order_id = undecided(&ada, "key").await;

    let told = ada.calls_off(order_id).await;
    assert_eq!(told.status, StatusCode::ACCEPTED, "{told:?}");
    world.bring_up("risk-api").await;

    assert_eq!(world.placement_ends(order_id).await, "cancelled_by_customer");
    assert_eq!(world.both_sides().await, before);
    assert_eq!(ada.places("key", 50_00).await.reason(), "cancelled_by_customer");
}

#[tokio::test]
async fn an_operators_cancel_before_the_decision_unwinds_and_completes_the_run() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;
    let before = world.both_sides().await;
    world.process("risk-api").stop().await.expect("stopped");
    let order_id = undecided(&ada, "key").await;

    let id = format!("place-{order_id}");
    world.temporal.succeed(&["workflow", "cancel", "--workflow-id", &id]).await;
    world.bring_up("risk-api").await;

    assert_eq!(world.placement_ends(order_id).await, "cancelled_by_operator");
    assert_eq!(world.both_sides().await, before);
}

#[tokio::test]
async fn a_placement_that_is_called_off_after_its_approval_is_cancelled_and_its_credit_comes_back()
{
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;
    let between = tests::proxy::Proxy::start().await;
    between.forward_to(world.system.risk_api_url());
    let worker = world.process("worker");
    worker.stop().await.expect("stopped");
    worker.set_env("RISK_API_URL", between.address()).await.expect("set");
    world.bring_up("worker").await;
    // The credit is confirmed and nobody hears of it: the run is behind the pivot and not at its end.
    let gate = between.hold_replies("/confirm");
    let told = ada.places("key", 50_00).await;
    let order_id = told.order_id();
    eventually("the order is approved", || async {
        (world.order(order_id).await?["status"] == "approved").then_some(())
    })
    .await;

    let called_off = ada.calls_off(order_id).await;
    gate.open();

    assert_eq!(called_off.status, StatusCode::ACCEPTED, "{called_off:?}");
    assert_eq!(world.placement_ends(order_id).await, "cancelled");
    assert_eq!(world.order(order_id).await.expect("it is kept")["status"], "cancelled");
    assert_eq!(world.notices_of(order_id).await, ["order_approved", "order_cancelled"]);
    world.ending_of(&format!("credit-{order_id}")).await;
    assert_eq!(world.credit_of("cus_ada").await, (Vec::new(), 100_00));
}

#[tokio::test]
async fn while_temporal_is_away_nothing_is_confirmed_and_a_repeat_makes_one_order() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;
    world.process("temporal").stop().await.expect("stopped");

    let told = ada.places("key", 50_00).await;
    assert_eq!(told.status, StatusCode::SERVICE_UNAVAILABLE, "{told:?}");
    assert!(told.retry_after.is_some(), "{told:?}");
    world.bring_up("temporal").await;
    let approved = ada.insists_on("key", 50_00).await;

    assert_eq!(approved.status, StatusCode::CREATED);
    let order_id = approved.order_id().to_string();
    assert_eq!(world.credit_of("cus_ada").await, (vec![order_id], 50_00));
}

#[tokio::test]
async fn a_worker_that_is_killed_in_the_middle_of_many_placements_changes_none_of_them() {
    let world = World::start_with(|options| options.with_workers(2)).await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;
    let keys: Vec<String> = (0..20).map(|number| format!("key-{number}")).collect();

    let places = futures::future::join_all(keys.iter().map(|key| ada.insists_on(key, 20_00)));
    let kills = async {
        for name in ["worker", "order-api", "worker-2", "risk-api", "gateway", "worker"] {
            world.process(name).kill9().await.expect("killed");
            world.process(name).wait_until_ready(tests::wait::PATIENCE).await.expect("ready");
        }
    };
    let (told, ()) = tokio::join!(places, kills);

    for one in &told {
        world.placement_ends(one.order_id()).await;
    }
    let approved: Vec<String> = told
        .iter()
        .filter(|one| one.status == StatusCode::CREATED)
        .map(|one| one.order_id().to_string())
        .collect();
    let (mut live, left) = world.credit_of("cus_ada").await;
    let mut expected = approved.clone();
    expected.sort();
    live.sort();
    assert_eq!(
        (live, left),
        (expected, 100_00 - 20_00 * i64::try_from(approved.len()).expect("few"))
    );
    assert_eq!(approved.len(), 5, "{told:?}");
    for one in told.iter().filter(|one| one.status == StatusCode::CONFLICT) {
        assert_eq!(world.order(one.order_id()).await, None);
    }
}

#[tokio::test]
async fn a_placement_that_was_terminated_is_taken_back_or_completed_by_a_second_run() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;
    let before = world.both_sides().await;
    world.process("risk-api").stop().await.expect("stopped");
    let order_id = undecided(&ada, "key").await;
    let id = format!("place-{order_id}");
    world.temporal.succeed(&["workflow", "terminate", "--workflow-id", &id]).await;
    world.bring_up("risk-api").await;
    assert_eq!(world.order(order_id).await.expect("left behind")["status"], "pending");

    // The customer asks again with the same key and hears how it went on.
    let told = ada.insists_on("key", 50_00).await;

    assert_eq!((told.status, told.order_id()), (StatusCode::CREATED, order_id));
    assert_eq!(world.placement_ends(order_id).await, "approved");
    assert_ne!(world.both_sides().await, before);
}

#[tokio::test]
async fn a_reset_to_before_the_decision_comes_to_the_same_end() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;
    let approved = ada.places("approved", 60_00).await.order_id();
    let rejected = ada.places("rejected", 60_00).await.order_id();
    assert_eq!(world.placement_ends(approved).await, "approved");
    assert_eq!(world.placement_ends(rejected).await, "insufficient_credit");
    let before = world.both_sides().await;

    for order_id in [approved, rejected] {
        let id = format!("place-{order_id}");
        let words = ["workflow", "reset", "--workflow-id", &id, "--type", "FirstWorkflowTask"];
        world.temporal.succeed(&[&words[..], &["--reason", "a test"]].concat()).await;
    }

    assert_eq!(world.placement_ends(approved).await, "approved");
    assert_eq!(world.placement_ends(rejected).await, "insufficient_credit");
    assert_eq!(world.both_sides().await, before);
}

#[tokio::test]
async fn bad_signals_and_updates_change_nothing_and_a_run_by_hand_must_be_called_after_its_order() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;
    world.process("risk-api").stop().await.expect("stopped");
    let order_id = undecided(&ada, "key").await;
    let id = format!("place-{order_id}");

    let signal = ["workflow", "signal", "--workflow-id", &id, "--name", "cancel"];
    world.temporal.succeed(&[&signal[..], &["--input", "\"bad\""]].concat()).await;
    let status = eventually("the bad signal is noted", || async {
        let words = ["workflow", "query", "--workflow-id", &id, "--type", "status"];
        let status = world.temporal.json(&words).await.to_string();
        status.contains("unreadable_signals\":[\"").then_some(status)
    })
    .await;
    let input: Value = json!({
        "order_id": order_id, "customer_id": "cus_ada",
        "lines": [{"sku": "X", "quantity": 1, "unit_price": {"amount": 1, "currency": "EUR"}}],
    });
    world.temporal.start_of("PlaceOrder", "place-something", &input.to_string()).await;
    world.temporal.start_of("PlaceOrder", "place-nothing", "{}").await;
    world.bring_up("risk-api").await;

    assert!(status.contains("\"cancel_requested\":null"), "{status}");
    for wrong in ["place-something", "place-nothing"] {
        let ending = world.ending_of(wrong).await;
        let is_invalid =
            matches!(&ending, tests::Ending::Failed { kind, .. } if kind == "InvalidInput");
        assert!(is_invalid, "{ending:?}");
    }
    assert_eq!(world.placement_ends(order_id).await, "approved");
}
