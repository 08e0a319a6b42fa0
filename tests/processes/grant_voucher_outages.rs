//! Any part may be away, for any time: nobody else notices, and the voucher follows.

use serde_json::Value;
use std::time::Duration;
use tests::proxy::Proxy;
use tests::{World, eventually, stays};

#[tokio::test]
async fn while_voucher_api_is_down_an_operator_sees_one_retrying_activity_and_a_history_that_does_not_grow()
 {
    let world = World::start_with(|options| options.left_down("voucher-api")).await;
    let order = world.place_order().costing_minor(250_00).await;
    world.mark_sent(&order).await;

    let pending = |run: Value| run.pointer("/pendingActivities/0").cloned();
    let attempt = eventually("the third attempt", || async {
        let activity = pending(world.temporal.describe(&order.workflow_id()).await?)?;
        (activity["attempt"].as_u64()? >= 3).then_some(activity)
    })
    .await;
    assert_eq!(attempt["activityType"]["name"], "voucher.issue");
    assert!(
        attempt["lastFailure"]["message"].as_str().is_some_and(|said| !said.is_empty()),
        "{attempt}"
    );
    let length = world.temporal.events(&order.workflow_id()).await.len();
    stays(Duration::from_secs(4), "the length of the history", length, || async {
        world.temporal.events(&order.workflow_id()).await.len()
    })
    .await;

    world.bring_up("voucher-api").await;
    world.earns_exactly_one_voucher(&order).await;
}

#[tokio::test]
async fn orders_are_sent_while_temporal_is_away_for_a_minute_and_each_earns_its_voucher() {
    let world = World::start().await;
    let temporal = world.process("temporal");
    temporal.stop().await.expect("stopped");

    let mut orders = Vec::new();
    for _ in 0..20 {
        let order = world.place_order().costing_minor(250_00).await;
        world.mark_sent(&order).await;
        orders.push(order);
    }
    stays(Duration::from_secs(60), "no event is quarantined", 0, || async {
        world.outbox("quarantined").await.len()
    })
    .await;
    world.bring_up("temporal").await;

    for order in &orders {
        world.earns_exactly_one_voucher(order).await;
    }
}

#[tokio::test]
async fn orders_wait_for_a_worker_and_lose_nothing() {
    let world = World::start_with(|options| options.left_down("worker")).await;
    let order = world.place_order().costing_minor(250_00).await;
    world.mark_sent(&order).await;
    assert_eq!(world.outbox("waiting").await.len(), 1);

    world.bring_up("worker").await;

    world.earns_exactly_one_voucher(&order).await;
}

#[tokio::test]
async fn a_reply_that_is_lost_after_the_voucher_was_issued_makes_no_second_one() {
    let between = Proxy::start().await;
    let world = World::start_with(|options| {
        options.with_env("worker", "VOUCHER_API_URL", between.address())
    })
    .await;
    between.forward_to(world.system.voucher_api_url());
    between.lose_replies("/vouchers", 3);
    let order = world.place_order().costing_minor(250_00).await;

    world.mark_sent(&order).await;

    world.earns_exactly_one_voucher(&order).await;
}

#[tokio::test]
async fn a_claim_whose_answer_is_lost_is_handed_out_again() {
    let between = Proxy::start().await;
    let world =
        World::start_with(|options| options.with_env("worker", "ORDER_API_URL", between.address()))
            .await;
    between.forward_to(world.system.order_api_url());
    between.lose_replies("/outbox/", 4);
    let order = world.place_order().costing_minor(250_00).await;

    world.mark_sent(&order).await;

    world.earns_exactly_one_voucher(&order).await;
}
