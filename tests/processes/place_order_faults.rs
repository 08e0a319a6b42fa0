//! The faults of the failure loop once more, against the real services and their databases, with a proxy in between:
//! a placement that ends before the pivot leaves both databases as they were.

use reqwest::StatusCode;
use tests::World;
use tests::proxy::Proxy;

/// A world whose worker reaches order-api and risk-api through proxies.
async fn world_with_faults() -> (World, Proxy, Proxy) {
    let (orders, credit) = (Proxy::start().await, Proxy::start().await);
    let world = World::start_with(|options| {
        options
            .with_env("worker", "ORDER_API_URL", orders.address())
            .with_env("worker", "RISK_API_URL", credit.address())
            .with_env("gateway", "GATEWAY_RISK_PATIENCE_MS", "3000")
    })
    .await;
    orders.forward_to(world.system.order_api_url());
    credit.forward_to(world.system.risk_api_url());
    (world, orders, credit)
}

#[tokio::test]
async fn replies_that_are_lost_behind_any_step_make_no_second_order_and_lose_none() {
    let (world, orders, credit) = world_with_faults().await;
    let ada = world.customer_with_credit("cus_ada", 1_000_00).await;

    let mut approved = Vec::new();
    for (number, (proxy, step)) in [
        (&orders, "/orders/ord_"),
        (&credit, "/reservations/"),
        (&orders, "/approve"),
        (&credit, "/confirm"),
        (&orders, "/notices/"),
    ]
    .into_iter()
    .enumerate()
    {
        proxy.lose_replies(step, 2);
        let told = ada.insists_on(&format!("key-{number}"), 10_00).await;
        assert_eq!(told.status, StatusCode::CREATED, "{step}: {told:?}");
        assert_eq!(world.placement_ends(told.order_id()).await, "approved", "{step}");
        approved.push(told.order_id().to_string());
    }

    let (live, left) = world.credit_of("cus_ada").await;
    assert_eq!((live, left), (approved, 950_00));
}

#[tokio::test]
async fn replies_that_are_lost_while_everything_is_taken_back_leave_both_sides_as_they_were() {
    let (world, orders, credit) = world_with_faults().await;
    let ada = world.customer_with_credit("cus_ada", 5_00).await;
    let before = world.both_sides().await;

    for (number, (proxy, step)) in [
        (&orders, "/orders/ord_"),
        (&credit, "/reservations/"),
        (&orders, "/discard"),
        (&credit, "kind=undo"),
    ]
    .into_iter()
    .enumerate()
    {
        proxy.lose_replies(step, 2);
        let told = ada.insists_on(&format!("key-{number}"), 10_00).await;
        assert_eq!(told.reason(), "insufficient_credit", "{step}: {told:?}");
        assert_eq!(world.placement_ends(told.order_id()).await, "insufficient_credit", "{step}");
        assert_eq!(world.both_sides().await, before, "{step}");
    }
}

#[tokio::test]
async fn a_reservation_that_lands_after_it_was_taken_back_is_refused() {
    let (world, _orders, credit) = world_with_faults().await;
    let ada = world.customer_with_credit("cus_ada", 50_00).await;
    let before = world.both_sides().await;
    // risk-api has reserved, and nobody ever hears of it: its patience ends, everything is taken back.
    credit.lose_replies("/reservations/", 8);

    let told = ada.insists_on("key", 50_00).await;

    assert_eq!(told.reason(), "risk_unavailable", "{told:?}");
    assert_eq!(world.placement_ends(told.order_id()).await, "risk_unavailable");
    assert_eq!(world.both_sides().await, before);
    // The very request that was on its way, once more.
    let url = format!("{}/reservations/{}", world.system.risk_api_url(), told.order_id());
    let late = serde_json::json!({
        "customer_id": "cus_ada", "amount": {"amount": 50_00, "currency": "EUR"},
    });
    let role = lacadon::system::Role::Worker;
    let (status, body) = world.call(reqwest::Method::PUT, &url, role, Some(&late)).await;
    assert_eq!((status, body["reason"].as_str()), (StatusCode::CONFLICT, Some("risk_unavailable")));
    assert_eq!(world.both_sides().await, before);
}
