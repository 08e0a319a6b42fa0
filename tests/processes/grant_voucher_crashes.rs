//! kill -9 at any time, of any process: one voucher per order that earns one.

use lacadon::system::Role;
use reqwest::Method;
use serde_json::json;
use std::time::Duration;
use tests::{Order, World, eventually};

async fn send_orders(world: &World, count: usize) -> Vec<Order> {
    let mut orders = Vec::new();
    for _ in 0..count {
        let order = world.place_order().costing_minor(250_00).await;
        world.mark_sent(&order).await;
        orders.push(order);
    }
    orders
}

/// Kills a process as soon as there is one: it may just be starting again after the last kill.
async fn kill(world: &World, name: &str) {
    let process = world.process(name);
    eventually("a process to kill", || async { process.kill9().await.ok() }).await;
}

async fn each_earns_exactly_one_voucher(world: &World, orders: &[Order]) {
    for order in orders {
        eventually("a voucher", || async {
            (!world.vouchers_of(order).await.is_empty()).then_some(())
        })
        .await;
    }
    world.outbox_is_empty().await;
    for order in orders {
        assert_eq!(world.vouchers_of(order).await.len(), 1, "of {}", order.id);
    }
}

#[tokio::test]
async fn a_worker_that_is_killed_in_the_middle_loses_and_doubles_nothing() {
    let world = World::start().await;

    let mut orders = Vec::new();
    for _ in 0..4 {
        orders.extend(send_orders(&world, 10).await);
        kill(&world, "worker").await;
    }

    each_earns_exactly_one_voucher(&world, &orders).await;
}

#[tokio::test]
async fn every_process_is_killed_in_turn_and_nothing_is_lost_or_doubled() {
    let world = World::start().await;

    let mut orders = Vec::new();
    for name in ["voucher-api", "order-api", "temporal", "worker", "order-api", "voucher-api"] {
        orders.extend(send_orders(&world, 8).await);
        let process = world.process(name);
        let restarts = process.restarts();
        process.kill9().await.expect("killed");
        process.wait_until_restarted(restarts, Duration::from_secs(30)).await.expect("up again");
    }

    each_earns_exactly_one_voucher(&world, &orders).await;
}

#[tokio::test]
async fn two_workers_share_the_work_and_give_each_order_one_voucher() {
    let world = World::start_with(|options| options.with_workers(2)).await;

    let orders = send_orders(&world, 20).await;
    kill(&world, "worker-2").await;
    let more = send_orders(&world, 20).await;

    each_earns_exactly_one_voucher(&world, &orders).await;
    each_earns_exactly_one_voucher(&world, &more).await;
}

#[tokio::test]
async fn a_worker_that_is_asked_to_stop_finishes_what_it_has_begun() {
    let world = World::start().await;
    let orders = send_orders(&world, 20).await;

    let worker = world.process("worker");
    worker.stop().await.expect("it stops by itself within its grace");
    world.bring_up("worker").await;

    each_earns_exactly_one_voucher(&world, &orders).await;
}

#[tokio::test]
async fn an_event_that_is_claimed_and_started_twice_earns_one_voucher() {
    let world = World::start_with(|options| options.left_down("worker")).await;
    let order = world.place_order().costing_minor(250_00).await;
    world.mark_sent(&order).await;

    // A worker claims the event, starts its process, and is gone before it acknowledges.
    let claim = json!({"owner": "worker-that-dies", "types": ["order.sent"], "limit": 10, "lease_ms": 1000, "wait_ms": 0});
    let url = format!("{}/outbox/claim", world.system.order_api_url());
    let (_, claimed) = world.call(Method::POST, &url, Role::Worker, Some(&claim)).await;
    assert_eq!(claimed["events"][0]["subject"], order.id.to_string());
    world.temporal.start(&order.workflow_id(), &order.input()).await;
    world.bring_up("worker").await;

    world.earns_exactly_one_voucher(&order).await;
}
