//! One's own orders and vouchers, and what is refused before any process is asked.

use crate::support::stub::{ADAS, BOBS, NOBODYS, Stub};
use crate::support::{Answer, NOWHERE, World, answer};
use reqwest::Method;
use serde_json::{Value, json};

fn cart() -> Value {
    json!({"lines": [{"sku": "lamp-01", "quantity": 1, "unit_price": {"amount": 1999, "currency": "EUR"}}]})
}

async fn place(world: &World, body: &Value) -> Answer {
    let request = world.as_customer("cus_ada", Method::POST, "/orders");
    answer(request.header("idempotency-key", "key-1").json(body)).await
}

async fn cancel(world: &World, customer: &str, id: &str) -> Answer {
    answer(world.as_customer(customer, Method::POST, &format!("/orders/{id}/cancel"))).await
}

#[tokio::test]
async fn a_customer_sees_their_own_orders_and_vouchers_and_nobody_elses() {
    let world = World::before(&Stub::start().await).await;

    let orders = world.get("cus_ada", "/orders?limit=50").await.json();
    let vouchers = world.get("cus_ada", "/vouchers").await.json();

    assert_eq!(orders["data"].as_array().expect("a list").len(), 1);
    assert_eq!(orders["data"][0]["id"], ADAS);
    assert_eq!(vouchers["data"].as_array().expect("a list").len(), 1);
    assert_eq!(vouchers["data"][0]["code"], "CODE-1");
}

#[tokio::test]
async fn somebody_elses_order_is_as_unknown_as_one_that_is_not_there() {
    let world = World::before(&Stub::start().await).await;

    for id in [BOBS, NOBODYS, "ord_1", "x"] {
        let refused = world.get("cus_ada", &format!("/orders/{id}")).await;
        assert_eq!(
            (refused.status.as_u16(), refused.code().as_str()),
            (404, "order_unknown"),
            "{id}"
        );
    }
    assert_eq!(
        world.get("cus_ada", &format!("/orders/{ADAS}")).await.json()["total"]["amount"],
        12050
    );
}

#[tokio::test]
async fn a_page_of_a_list_has_its_bounds() {
    let world = World::before(&Stub::start().await).await;

    for path in
        ["/orders?limit=0", "/orders?limit=101", "/vouchers?limit=x", "/orders?customer_id=cus_bob"]
    {
        let refused = world.get("cus_ada", path).await;
        assert_eq!(
            (refused.status.as_u16(), refused.code().as_str()),
            (422, "invalid_query"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_service_that_is_away_is_named_and_worth_asking_again() {
    let world = World::at(NOWHERE, NOWHERE, NOWHERE).await;

    for path in ["/orders", "/vouchers", &format!("/orders/{ADAS}")] {
        let away = world.get("cus_ada", path).await;
        assert_eq!((away.status.as_u16(), away.code().as_str()), (503, "service_away"), "{path}");
        assert_eq!(away.header("retry-after"), "2");
    }
}

#[tokio::test]
async fn an_order_that_nobody_can_confirm_is_not_confirmed_and_says_when_to_repeat() {
    let world = World::before(&Stub::start().await).await;

    let answer = place(&world, &cart()).await;

    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "not_confirmed"));
    let wait: u32 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=5).contains(&wait));
}

#[tokio::test]
async fn a_cart_that_cannot_be_ordered_is_refused_with_everything_that_is_wrong() {
    let world = World::before(&Stub::start().await).await;
    let bad = json!({"lines": [
        {"sku": " ", "quantity": 0, "unit_price": {"amount": 1, "currency": "EUR"}},
        {"sku": "a", "quantity": 1, "unit_price": {"amount": 1, "currency": "USD"}},
    ]});

    let refused = place(&world, &bad).await;

    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (422, "invalid_body"));
    let errors = refused.json();
    let pointers: Vec<_> = errors["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|e| e["pointer"].as_str())
        .collect();
    for pointer in ["/lines/0/sku", "/lines/0/quantity", "/lines/1/unit_price/currency"] {
        assert!(pointers.contains(&Some(pointer)), "{pointer}: {pointers:?}");
    }
}

#[tokio::test]
async fn a_body_with_fields_that_do_not_exist_or_without_a_key_is_refused() {
    let world = World::before(&Stub::start().await).await;
    let mut with_customer = cart();
    with_customer["customer_id"] = json!("cus_bob");

    assert_eq!(place(&world, &with_customer).await.code(), "invalid_body");
    let keyless = world.as_customer("cus_ada", Method::POST, "/orders").json(&cart());
    assert_eq!(answer(keyless).await.code(), "idempotency_key_required");
    let unseen = world.as_customer("cus_ada", Method::POST, "/orders").json(&cart());
    assert_eq!(
        answer(unseen.header("idempotency-key", "a b")).await.code(),
        "idempotency_key_invalid"
    );
}

#[tokio::test]
async fn an_approved_order_is_cancelled_by_order_api_when_no_run_is_known_of() {
    let stub = Stub::start().await;
    let world = World::before(&stub).await;

    let cancelled = cancel(&world, "cus_ada", ADAS).await;

    assert_eq!(cancelled.status, 200, "{cancelled:?}");
    assert_eq!(cancelled.json()["status"], "cancelled");
    assert_eq!(stub.cancelled(), [ADAS]);
}

#[tokio::test]
async fn nobody_cancels_somebody_elses_order() {
    let stub = Stub::start().await;
    let world = World::before(&stub).await;

    assert_eq!(cancel(&world, "cus_ada", BOBS).await.code(), "order_unknown");
    assert_eq!(cancel(&world, "cus_ada", "ord_1").await.code(), "order_unknown");
    // Its process might know of it, and cannot be asked.
    assert_eq!(cancel(&world, "cus_ada", NOBODYS).await.code(), "cancel_not_confirmed");
    assert_eq!(stub.cancelled(), [""; 0]);
}

#[tokio::test]
async fn what_order_api_refuses_to_cancel_is_told_in_the_shops_words() {
    for (code, status, told) in [
        ("order_sent", 409, "order_sent"),
        ("order_rejected", 409, "order_rejected"),
        ("order_unknown", 409, "order_rejected"),
        ("order_pending", 503, "cancel_not_confirmed"),
        ("forbidden", 503, "cancel_not_confirmed"),
    ] {
        let stub = Stub::start().await;
        stub.refuse_to_cancel(code);
        let world = World::before(&stub).await;

        let refused = cancel(&world, "cus_ada", ADAS).await;

        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (status, told), "{code}");
    }
}
