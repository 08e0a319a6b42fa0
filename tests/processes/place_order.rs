//! An order is approved and its credit reserved, or neither, and the customer is told which.

use reqwest::StatusCode;
use serde_json::json;
use tests::{World, eventually};

#[tokio::test]
async fn an_order_within_the_limit_is_approved_and_holds_its_credit() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 500_00).await;

    let told = ada.places("first", 120_50).await;

    let order_id = told.order_id();
    assert_eq!(told.status, StatusCode::CREATED, "{told:?}");
    assert_eq!(told.location, Some(format!("/orders/{order_id}")));
    assert_eq!(told.body["total"], json!({"amount": 120_50, "currency": "EUR"}));
    assert_eq!(world.placement_ends(order_id).await, "approved");
    let order = world.order(order_id).await.expect("the order");
    assert_eq!((&order["status"], &order["origin"]), (&json!("approved"), &json!("shop")));
    assert_eq!(world.credit_of("cus_ada").await, (vec![order_id.to_string()], 379_50));
    assert_eq!(world.account("cus_ada").await["live_reservations"][0]["state"], "confirmed");
    assert_eq!(world.notices_of(order_id).await, ["order_approved"]);
}

#[tokio::test]
async fn an_order_that_is_refused_its_credit_leaves_nothing_and_its_customer_knows_why() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;
    let low = json!({
        "limit": {"amount": 500_00, "currency": "EUR"}, "base_score": 3, "minimum_score": 2,
    });
    world.grant("cus_low", &low).await;
    let dollars = json!({
        "limit": {"amount": 500_00, "currency": "USD"}, "base_score": 30, "minimum_score": 0,
    });
    world.grant("cus_sam", &dollars).await;
    let before = world.both_sides().await;

    for (customer, amount_minor, reason) in [
        (ada, 100_01, "insufficient_credit"),
        (world.customer("cus_low"), 100_01, "risk_too_high"),
        (world.customer("cus_nobody"), 1, "unknown_customer"),
        (world.customer("cus_sam"), 1, "currency_differs"),
    ] {
        let told = customer.places("only", amount_minor).await;

        assert_eq!((told.status, told.reason()), (StatusCode::CONFLICT, reason), "{told:?}");
        assert_eq!(told.code(), reason);
        assert!(told.body["detail"].as_str().is_some_and(|said| said.len() > 20), "{told:?}");
        assert_eq!(world.placement_ends(told.order_id()).await, reason);
        assert_eq!(world.order(told.order_id()).await, None);
        let later = customer.asks(&format!("/placements/{}", told.order_id())).await;
        assert_eq!((&later.body["state"], later.reason()), (&json!("rejected"), reason));
    }
    assert_eq!(world.both_sides().await, before);
}

#[tokio::test]
async fn a_rejected_order_is_kept_where_the_shop_wants_to_keep_it() {
    let world = World::start_with(|o| o.with_env("gateway", "GATEWAY_KEEP_REJECTED", "true")).await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;

    let told = ada.places("first", 100_01).await;

    assert_eq!(told.reason(), "insufficient_credit");
    let order = world.order(told.order_id()).await.expect("it is kept");
    assert_eq!(order["status"], "rejected");
    assert_eq!(world.credit_of("cus_ada").await, (Vec::new(), 100_00));
}

#[tokio::test]
async fn the_same_request_twice_is_one_order_and_another_cart_under_its_key_is_refused() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 500_00).await;
    let bob = world.customer_with_credit("cus_bob", 500_00).await;

    let (first, again) = tokio::join!(ada.places("key", 50_00), ada.places("key", 50_00));
    world.placement_ends(first.order_id()).await;
    let later = ada.places("key", 50_00).await;
    let other_cart = ada.places("key", 60_00).await;
    let of_bob = bob.places("key", 50_00).await;

    for told in [&again, &later] {
        assert_eq!((told.status, told.order_id()), (StatusCode::CREATED, first.order_id()));
    }
    assert_eq!(other_cart.status, StatusCode::UNPROCESSABLE_ENTITY, "{other_cart:?}");
    assert_eq!(other_cart.code(), "key_reused");
    assert_ne!(of_bob.order_id(), first.order_id());
    assert_eq!(world.credit_of("cus_ada").await, (vec![first.order_id().to_string()], 450_00));
}

#[tokio::test]
async fn what_was_decided_stays_so_when_temporal_has_forgotten_it_and_another_cart_is_told_apart() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;
    let first = ada.places("key", 100_01).await;
    world.placement_ends(first.order_id()).await;
    let approved = ada.places("other-key", 60_00).await;
    world.placement_ends(approved.order_id()).await;
    // What a run remembers is gone one day; what order-api has is not.
    world.temporal_forgets_everything().await;

    let shown = ada.asks(&format!("/placements/{}", first.order_id())).await;
    let shown_approved = ada.asks(&format!("/placements/{}", approved.order_id())).await;
    let again = ada.insists_on("key", 100_01).await;
    let again_approved = ada.insists_on("other-key", 60_00).await;
    world.temporal_forgets_everything().await;
    let other_cart = eventually("an answer to another cart", || async {
        Some(ada.places("key", 1_00).await).filter(|told| !told.status.is_server_error())
    })
    .await;

    assert_eq!((&shown.body["state"], shown.reason()), (&json!("rejected"), "insufficient_credit"));
    assert_eq!(shown_approved.body["state"], "approved");
    assert_eq!((again.status, again.reason()), (StatusCode::CONFLICT, "insufficient_credit"));
    assert_eq!(again_approved.status, StatusCode::CREATED);
    assert_eq!(again_approved.order_id(), approved.order_id());
    assert_eq!(other_cart.code(), "key_reused", "{other_cart:?}");
    assert_eq!(world.credit_of("cus_ada").await.0, [approved.order_id().to_string()]);
}

#[tokio::test]
async fn of_many_orders_at_once_those_that_fit_the_limit_are_approved_and_no_more() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;

    let keys: Vec<String> = (0..12).map(|number| format!("key-{number}")).collect();
    let told = futures::future::join_all(keys.iter().map(|key| ada.insists_on(key, 30_00))).await;

    let approved = told.iter().filter(|told| told.status == StatusCode::CREATED).count();
    assert_eq!(approved, 3, "{told:?}");
    let (live, left) = world.credit_of("cus_ada").await;
    assert_eq!((live.len(), left), (3, 10_00));
    assert!(
        told.iter().all(|t| t.status == StatusCode::CREATED || t.reason() == "insufficient_credit")
    );
}

#[tokio::test]
async fn the_credit_of_an_order_that_is_sent_or_cancelled_comes_back() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 300_00).await;
    let sent = ada.places("sent", 120_50).await.order_id();
    let cancelled = ada.places("cancelled", 50_00).await.order_id();
    let kept = ada.places("kept", 30_00).await.order_id();
    for order_id in [sent, cancelled, kept] {
        world.placement_ends(order_id).await;
    }

    world.mark_sent(&tests::Order { id: sent, customer_id: ada.id.clone() }).await;
    let told = ada.calls_off(cancelled).await;

    assert_eq!(told.status, StatusCode::OK, "{told:?}");
    for order_id in [sent, cancelled] {
        let released = world.ending_of(&format!("credit-{order_id}")).await;
        assert!(matches!(released, tests::Ending::Completed(_)), "{released:?}");
    }
    assert_eq!(world.credit_of("cus_ada").await, (vec![kept.to_string()], 270_00));
    // And the first rule holds for customers' orders, too.
    let order = tests::Order { id: sent, customer_id: ada.id.clone() };
    world.earns_exactly_one_voucher(&order).await;
}

#[tokio::test]
async fn somebody_elses_order_is_not_there() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 300_00).await;
    let eve = world.customer("cus_eve");
    let order_id = ada.places("key", 50_00).await.order_id();

    for path in [format!("/placements/{order_id}"), format!("/orders/{order_id}")] {
        assert_eq!(ada.asks(&path).await.status, StatusCode::OK);
        assert_eq!(eve.asks(&path).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(eve.calls_off(order_id).await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.order(order_id).await.expect("it is there")["status"], "approved");
}
