//! An order is explained by the services alone: there is no Temporal here.

use crate::support::stub::{ADAS, BOBS, NOBODYS, Stub};
use crate::support::{NOWHERE, World};
use serde_json::json;

fn path_of(id: &str) -> String {
    format!("/orders/{id}/explanation")
}

#[tokio::test]
async fn what_the_services_have_on_record_is_told_in_the_order_of_its_times() {
    let world = World::before(&Stub::start().await).await;

    let told = world.get("cus_ada", &path_of(ADAS)).await;

    assert_eq!(told.status, 200, "{}", told.text);
    let told = told.json();
    let entries = told["entries"].as_array().expect("entries");
    let lines: Vec<_> = entries.iter().map(|it| (&it["at"], &it["who"], &it["what"])).collect();
    let voucher =
        |n| format!("voucher vch_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a0{n} of 5.00 EUR issued");
    let expected = [
        ("10:00:00.000", "order-api", "placed: 120.50 EUR".to_owned()),
        ("10:00:00.000", "voucher-api", voucher(1)),
        ("10:00:00.000", "voucher-api", voucher(2)),
        ("10:00:00.500", "risk-api", "credit reserved: 120.50 EUR".to_owned()),
        ("10:00:01.000", "order-api", "approved".to_owned()),
        ("10:00:01.500", "risk-api", "credit confirmed".to_owned()),
        ("10:00:02.000", "order-api", "customer told: the order is accepted".to_owned()),
    ]
    .map(|(at, who, what)| (json!(format!("2026-11-20T{at}Z")), json!(who), json!(what)));
    assert_eq!(lines, expected.iter().map(|(at, who, what)| (at, who, what)).collect::<Vec<_>>());
    assert_eq!(told["missing"], json!(["temporal"]));
    assert!(!told.to_string().contains("CODE-"), "a voucher's code is money: {told}");
}

#[tokio::test]
async fn a_rejected_order_is_explained_by_its_tombstone() {
    let stub = Stub::start().await;
    stub.set_placement("rejected", Some("risk_too_high"), None);
    let world = World::before(&stub).await;

    let told = world.get("cus_ada", &path_of(ADAS)).await.json();

    let last = told["entries"].as_array().and_then(|entries| entries.last()).expect("an entry");
    assert!(
        last["what"].as_str().is_some_and(|what| what.starts_with("rejected, risk_too_high: "))
    );
    assert!(last.get("at").is_none(), "a tombstone keeps no time: {last}");
}

#[tokio::test]
async fn who_does_not_answer_is_named_and_what_the_others_know_is_told() {
    let stub = Stub::start().await;
    let world = World::at(stub.url(), NOWHERE, NOWHERE).await;

    let told = world.get("cus_ada", &path_of(ADAS)).await;

    assert_eq!(told.status, 200, "{}", told.text);
    assert_eq!(told.json()["missing"], json!(["risk-api", "temporal", "voucher-api"]));
    assert_eq!(told.json()["entries"][0]["what"], "placed: 120.50 EUR");
}

#[tokio::test]
async fn somebody_elses_order_is_unknown_and_what_nobody_knows_now_is_not() {
    let stub = Stub::start().await;
    let world = World::before(&stub).await;

    for id in [BOBS, "ord_1"] {
        let refused = world.get("cus_ada", &path_of(id)).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (404, "placement_unknown"));
    }
    // Without Temporal, a placement that order-api has not heard of yet may still be under way.
    let nobodys = world.get("cus_ada", &path_of(NOBODYS)).await;
    assert_eq!(
        (nobodys.status.as_u16(), nobodys.code().as_str()),
        (503, "placement_not_known_now")
    );
}

#[tokio::test]
async fn the_page_shows_the_same_and_is_linked_from_the_order() {
    let world = World::before(&Stub::start().await).await;
    let page = format!("/page/orders/{ADAS}/explanation");

    let orders = world.page("/page/orders").await;
    let placement = world.page(&format!("/page/placements/{ADAS}")).await;
    let shown = world.page(&page).await;
    let of_bob = world.page(&format!("/page/orders/{BOBS}/explanation")).await;

    let link = format!("href=\"{page}\"");
    assert!(orders.contains(&link) && placement.contains(&link), "{}", placement.text);
    assert_eq!(shown.status, 200);
    for told in ["credit reserved: 120.50 EUR", "data-missing=\"temporal\"", "2026-11-20 10:00 UTC"]
    {
        assert!(shown.contains(told), "{told} in {}", shown.text);
    }
    assert_eq!(of_bob.status, 404);
}
