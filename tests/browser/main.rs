//! The shop's page in a real browser, before the whole system: what a person can do there, and what they see of it.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, also in what it calls"
)]

mod person;
mod webdriver;

use person::Person;
use serde_json::json;
use tests::{Order, World, eventually};
use webdriver::Browser;

/// No complaints.
const NONE: [&str; 0] = [];

#[tokio::test]
async fn a_person_places_orders_hears_of_each_under_a_new_key_and_cancels_one() {
    let Some(browser) = Browser::open().await else { return };
    let world = World::start().await;
    world.customer_with_credit("cus_ada", 100_00).await;
    let ada = Person::logged_in(&world, browser, "cus_ada").await;
    let first_key = ada.key().await;

    ada.places("SQUEAKY-DUCK", "60.50", "approved").await;
    let approved = ada.order_id().await;
    let second_key = ada.key().await;
    let order = format!("#orders .order[data-order-id={approved}][data-status=approved]");
    ada.reads_in(&order, "60.50 EUR").await;
    ada.reads_in(&format!("{order} .notice"), "We have accepted this order.").await;
    ada.reads_in("#credit", "39.50 EUR").await;
    ada.places("SQUEAKY-DUCK", "39.51", "rejected").await;
    ada.reads_in("#outcome", "This order costs more than what is left of your credit").await;
    let third_key = ada.key().await;

    assert!(first_key != second_key && second_key != third_key && third_key != first_key);
    assert_eq!(ada.counts("#orders .order").await, 1);
    assert_eq!(world.credit_of("cus_ada").await, (vec![approved.to_string()], 39_50));
    ada.presses(&format!("{order} .cancel")).await;
    ada.finds(&format!("#orders .order[data-order-id={approved}][data-status=cancelled]")).await;
    eventually("the credit is given back", || async {
        (world.credit_of("cus_ada").await == (Vec::new(), 100_00)).then_some(())
    })
    .await;
    assert_eq!(ada.browser.complaints().await, NONE);
}

#[tokio::test]
async fn an_order_that_waits_is_watched_and_called_off_on_the_same_page() {
    let Some(browser) = Browser::open().await else { return };
    let world = World::start().await;
    world.customer_with_credit("cus_ada", 100_00).await;
    let ada = Person::logged_in(&world, browser, "cus_ada").await;
    world.process("risk-api").stop().await.expect("stopped");
    ada.remembers_this_page().await;
    let key = ada.key().await;

    ada.places("SQUEAKY-DUCK", "60.00", "pending").await;
    let called_off = ada.order_id().await;
    assert_eq!(ada.key().await, key, "a repeat must be the same order");
    ada.presses("#outcome .cancel").await;
    world.bring_up("risk-api").await;
    ada.hears("rejected").await;
    assert_eq!(ada.attribute("#outcome", "data-reason").await, "cancelled_by_customer");
    let next_key = ada.key().await;
    assert_ne!(next_key, key);

    world.process("risk-api").stop().await.expect("stopped");
    ada.places("SQUEAKY-DUCK", "100.00", "pending").await;
    world.bring_up("risk-api").await;
    ada.hears("approved").await;
    let approved = ada.order_id().await;
    ada.finds(&format!("#orders .order[data-order-id={approved}][data-status=approved]")).await;
    ada.reads_in("#credit", "0.00 EUR of 100.00 EUR").await;

    assert_ne!(ada.key().await, next_key);
    assert!(ada.is_on_the_same_page().await);
    assert_eq!(ada.counts("#orders .order").await, 1);
    assert_eq!(world.order(called_off).await, None);
    assert_eq!(ada.browser.complaints().await, NONE);
}

#[tokio::test]
async fn pressing_twice_or_sending_the_same_form_twice_makes_one_order() {
    let Some(browser) = Browser::open().await else { return };
    let world = World::start().await;
    world.customer_with_credit("cus_ada", 100_00).await;
    let ada = Person::logged_in(&world, browser, "cus_ada").await;

    ada.wants("SQUEAKY-DUCK", "2", "10.00").await;
    ada.presses_twice_to_place().await;
    ada.hears("approved").await;
    let pressed = ada.order_id().await;
    ada.wants("SQUEAKY-DUCK", "1", "5,00").await;
    let answers = ada.sends_the_form_twice().await;
    ada.browser.reload().await;
    ada.finds("#orders .order + .order").await;

    assert_eq!(answers, json!([true, true]));
    assert_eq!(ada.counts("#orders .order").await, 2);
    let (live, left) = world.credit_of("cus_ada").await;
    assert_eq!((live.len(), left), (2, 75_00));
    assert!(live.contains(&pressed.to_string()));
}

#[tokio::test]
async fn a_person_sees_their_own_orders_and_vouchers_and_without_a_token_only_where_to_log_in() {
    let Some(browser) = Browser::open().await else { return };
    let world = World::start().await;
    let bob = world.customer_with_credit("cus_bob", 100_00).await;
    world.customer_with_credit("cus_ada", 500_00).await;
    let bobs = bob.places("key", 50_00).await.order_id();
    let ada = Person::at_a_name(&world, browser).await;

    ada.finds("#login-form").await;
    assert_eq!(ada.counts("#place-form, #orders, #vouchers, #credit").await, 0);
    ada.logs_in("cus_ada").await;
    ada.places("SQUEAKY-DUCK", "120.50", "approved").await;
    let order = Order { id: ada.order_id().await, customer_id: "cus_ada".to_owned() };
    world.mark_sent(&order).await;
    world.earns_exactly_one_voucher(&order).await;
    ada.browser.reload().await;

    ada.reads_in("#vouchers .voucher", "5.00 EUR").await;
    ada.reads_in("#vouchers .voucher", &order.id.to_string()).await;
    ada.reads_in("#orders .order", "sent").await;
    assert_eq!(ada.counts(".order, .voucher").await, 2, "Bob's are not among them");
    ada.goes_to(&format!("/page/placements/{}", order.id)).await;
    ada.hears("sent").await;
    ada.goes_to(&format!("/page/placements/{bobs}")).await;
    ada.reads_in("#message", "You have placed no such order.").await;
    ada.presses("#logout").await;
    ada.finds("#login-form").await;
    ada.goes_to("/page/orders").await;
    ada.finds("#login-form").await;
}

#[tokio::test]
async fn a_service_that_is_down_leaves_its_part_of_the_page_marked_until_it_is_back() {
    let Some(browser) = Browser::open().await else { return };
    let world = World::start().await;
    world.customer_with_credit("cus_ada", 100_00).await;
    let ada = Person::logged_in(&world, browser, "cus_ada").await;
    let parts = [("voucher-api", "vouchers"), ("order-api", "orders"), ("risk-api", "credit")];

    for at in 0..parts.len() {
        world.process(parts[at].0).stop().await.expect("stopped");
        ada.browser.reload().await;
        for (of, (_, part)) in parts.iter().enumerate() {
            let state = if of <= at { "away" } else { "shown" };
            ada.finds(&format!("#{part}[data-state={state}]")).await;
            let marks = ada.counts(&format!("#{part} .away")).await;
            assert_eq!(marks, u64::from(of <= at), "{part}, with {} down", parts[at].0);
        }
        ada.finds("#place-form").await;
    }
    ada.remembers_this_page().await;
    for (service, part) in parts {
        world.bring_up(service).await;
        ada.finds(&format!("#{part}[data-state=shown]")).await;
    }

    assert!(ada.is_on_the_same_page().await);
    assert_eq!(ada.browser.complaints().await, NONE);
}
