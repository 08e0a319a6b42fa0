//! An order of more than 100 € that is marked sent earns exactly one voucher of 5 €; otherwise none.

use contracts::Money;
use lacadon::system::Role;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::{Outcome, World};

#[tokio::test]
async fn an_order_over_one_hundred_euro_earns_one_voucher_of_five() {
    let world = World::start().await;

    let order = world.place_order().costing_minor(100_01).by("cus_ada").await;
    world.mark_sent(&order).await;

    let voucher = world.earns_exactly_one_voucher(&order).await;
    assert_eq!(
        world.outcome_of(&order).await,
        Outcome::Granted(voucher["id"].as_str().expect("an id").to_owned())
    );
}

#[tokio::test]
async fn an_order_of_exactly_one_hundred_euro_or_less_earns_none() {
    let world = World::start().await;

    for amount_minor in [100_00, 99_99, 0] {
        let order = world.place_order().costing_minor(amount_minor).await;
        world.mark_sent(&order).await;

        assert_eq!(world.outcome_of(&order).await, Outcome::NotQualified);
        assert!(world.vouchers_of(&order).await.is_empty());
    }
}

#[tokio::test]
async fn an_order_in_another_currency_earns_none() {
    let world = World::start().await;

    let dollars = Money::of_minor(500_00, "USD".parse().expect("a currency"));
    let order = world.place_order().costing(dollars).await;
    world.mark_sent(&order).await;

    assert_eq!(world.outcome_of(&order).await, Outcome::NotQualified);
    assert!(world.vouchers_of(&order).await.is_empty());
}

#[tokio::test]
async fn marking_an_order_sent_many_times_at_once_earns_one_voucher() {
    let world = World::start().await;

    let order = world.place_order().costing_minor(250_00).await;
    let answers = futures::future::join_all((0..16).map(|_| world.mark_sent(&order))).await;

    assert!(answers.iter().all(|answer| *answer == answers[0]), "one answer for all: {answers:?}");
    world.earns_exactly_one_voucher(&order).await;
}

#[tokio::test]
async fn a_cancelled_order_starts_nothing() {
    let world = World::start().await;

    let order = world.place_order().costing_minor(250_00).await;
    world.cancel(&order).await;
    let url = format!("{}/orders/{}/mark-sent", world.system.order_api_url(), order.id);
    let (status, problem) = world.call(Method::POST, &url, Role::BackOffice, None).await;

    assert_eq!(
        (status, problem["type"].as_str()),
        (StatusCode::CONFLICT, Some("urn:lacadon:problem:order_cancelled"))
    );
    world.outbox_is_empty().await;
    assert!(
        world
            .temporal
            .describe(&order.workflow_id())
            .await
            .is_none_or(|run| run.get("workflowExecutionInfo").is_none())
    );
}

#[tokio::test]
async fn a_voucher_of_this_order_for_another_customer_fails_the_run_and_adds_none() {
    let world = World::start().await;
    let order = world.place_order().costing_minor(250_00).by("cus_ada").await;
    let of_another = json!({
        "order_id": order.id, "customer_id": "cus_eve", "rule": contracts::vouchers::SENT_ORDER_RULE,
        "rule_version": 1, "value": Money::eur_cents(5_00),
    });
    let url = format!("{}/vouchers", world.system.voucher_api_url());
    let (status, _) = world.call(Method::POST, &url, Role::Worker, Some(&of_another)).await;
    assert_eq!(status, StatusCode::CREATED);

    world.mark_sent(&order).await;

    assert_eq!(world.outcome_of(&order).await, Outcome::Failed("ContentsDiffer".to_owned()));
    assert_eq!(world.vouchers_of(&order).await.len(), 1);
}
