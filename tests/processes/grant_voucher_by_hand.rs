//! Anyone may start the voucher process from the command line, with anything, at any time: it is still right.

use serde_json::json;
use tests::proxy::Proxy;
use tests::{Ending, Outcome, World, eventually};

#[tokio::test]
async fn a_run_started_by_hand_for_a_sent_order_gives_the_voucher_it_has() {
    let world = World::start().await;
    let order = world.place_order().costing_minor(250_00).await;
    world.mark_sent(&order).await;
    let first = world.outcome_of(&order).await;

    // The command's own policy allows a second run of a completed id: the unique key is what protects.
    world.temporal.start(&order.workflow_id(), &order.input()).await;

    assert_eq!(world.outcome_of(&order).await, first);
    world.earns_exactly_one_voucher(&order).await;
}

#[tokio::test]
async fn a_run_started_before_the_order_is_sent_fails_and_does_not_stand_in_the_way() {
    let world = World::start().await;
    let order = world.place_order().costing_minor(250_00).await;

    world.temporal.start(&order.workflow_id(), &order.input()).await;
    assert_eq!(world.outcome_of(&order).await, Outcome::Failed("OrderNotSent".to_owned()));
    assert!(world.vouchers_of(&order).await.is_empty());

    world.mark_sent(&order).await;
    world.earns_exactly_one_voucher(&order).await;
}

#[tokio::test]
async fn an_order_that_is_sent_while_a_run_that_saw_it_unsent_is_still_open_earns_its_voucher() {
    let between = Proxy::start().await;
    let world =
        World::start_with(|options| options.with_env("worker", "ORDER_API_URL", between.address()))
            .await;
    between.forward_to(world.system.order_api_url());
    let order = world.place_order().costing_minor(250_00).await;

    let mut gate = between.hold_replies(&format!("/orders/{}", order.id));
    world.temporal.start(&order.workflow_id(), &order.input()).await;
    gate.wait_until_held(1).await;
    world.mark_sent(&order).await;
    eventually("the event is looked at while the run is open", || async {
        (!world.outbox("postponed").await.is_empty()).then_some(())
    })
    .await;
    gate.open();

    world.earns_exactly_one_voucher(&order).await;
}

#[tokio::test]
async fn input_that_cannot_be_right_fails_the_run_at_once() {
    let world = World::start().await;
    let order = world.place_order().costing_minor(250_00).await;
    world.mark_sent(&order).await;
    world.earns_exactly_one_voucher(&order).await;
    let other = contracts::OrderId::make();

    for (workflow_id, input) in [
        (format!("voucher-{other}"), "\"not an object\"".to_owned()),
        (format!("voucher-{other}"), json!({"order": other}).to_string()),
        (format!("voucher-{other}"), json!({"order_id": "ord_1"}).to_string()),
        (format!("voucher-{other}"), order.input()),
        ("just-trying".to_owned(), order.input()),
    ] {
        world.temporal.start(&workflow_id, &input).await;
        match world.ending_of(&workflow_id).await {
            Ending::Failed { kind, .. } => {
                assert_eq!(kind, "InvalidInput", "{workflow_id} {input}")
            }
            other => panic!("{workflow_id} with {input} ended as {other:?}"),
        }
    }
    assert_eq!(world.vouchers_of(&order).await.len(), 1);
}

#[tokio::test]
async fn a_run_without_any_input_fails_at_once() {
    let world = World::start().await;

    world
        .temporal
        .json(&[
            "workflow",
            "start",
            "--type",
            "GrantVoucher",
            "--task-queue",
            "lacadon",
            "--workflow-id",
            "voucher-x",
        ])
        .await;

    assert_eq!(
        Outcome::from(world.ending_of("voucher-x").await),
        Outcome::Failed("InvalidInput".to_owned())
    );
}

#[tokio::test]
async fn an_order_that_does_not_exist_fails_the_run() {
    let world = World::start().await;
    let unknown = contracts::OrderId::make();

    let workflow_id = format!("voucher-{unknown}");
    world.temporal.start(&workflow_id, &json!({ "order_id": unknown }).to_string()).await;

    assert_eq!(
        Outcome::from(world.ending_of(&workflow_id).await),
        Outcome::Failed("OrderUnknown".to_owned())
    );
}

#[tokio::test]
async fn a_cancel_request_does_not_stop_what_is_owed() {
    let world = World::start_with(|options| options.left_down("voucher-api")).await;
    let order = world.place_order().costing_minor(250_00).await;
    world.mark_sent(&order).await;
    eventually("the run is open", || async { world.temporal.describe(&order.workflow_id()).await })
        .await;

    world.temporal.succeed(&["workflow", "cancel", "--workflow-id", &order.workflow_id()]).await;
    world.bring_up("voucher-api").await;

    assert!(matches!(world.outcome_of(&order).await, Outcome::Granted(_)));
    world.earns_exactly_one_voucher(&order).await;
}

#[tokio::test]
async fn a_terminated_run_may_be_started_again_and_gives_one_voucher() {
    let world = World::start_with(|options| options.left_down("voucher-api")).await;
    let order = world.place_order().costing_minor(250_00).await;
    world.mark_sent(&order).await;
    eventually("the run is open", || async {
        (!world.temporal.events(&order.workflow_id()).await.is_empty()).then_some(())
    })
    .await;

    let id = order.workflow_id();
    world
        .temporal
        .run(&["workflow", "terminate", "--workflow-id", &id, "--reason", "a test"])
        .await;
    assert_eq!(world.ending_of(&id).await, Ending::Terminated);
    world.bring_up("voucher-api").await;
    world.temporal.start(&id, &order.input()).await;

    world.earns_exactly_one_voucher(&order).await;
}

#[tokio::test]
async fn a_completed_run_of_another_type_under_the_orders_id_does_not_keep_the_voucher_back() {
    let world = World::start_with(|options| options.left_down("worker")).await;
    let order = world.place_order().costing_minor(250_00).await;
    world.mark_sent(&order).await;
    let id = order.workflow_id();
    world.completes_a_run_of_another_type(&id).await;

    world.bring_up("worker").await;

    world.earns_exactly_one_voucher(&order).await;
}
