//! `POST /vouchers`.

use crate::support::{issue, on_every_database};
use contracts::OrderId;
use contracts::vouchers::IssueVoucher;
use serde_json::json;
use std::collections::BTreeSet;

#[tokio::test]
async fn an_order_receives_one_voucher_and_asking_again_answers_it() {
    on_every_database(|world| async move {
        let asked = issue(OrderId::make(), "cus_ada");

        let first = world.worker().post("/vouchers", &asked).await;
        let again = world.worker().post("/vouchers", &asked).await;

        assert_eq!((first.status, again.status), (201, 200));
        assert_eq!(first.body, again.body);
        let location = format!("/vouchers/{}", first.text("id"));
        assert_eq!(first.header("location"), Some(location.as_str()));
        assert_eq!(again.header("location"), Some(location.as_str()));
        assert_eq!(first.body["value"], json!({"amount": 5_00, "currency": "EUR"}));
        assert_eq!(first.text("status"), "issued");
        assert!(first.body["redeemed_at"].is_null());
    })
    .await;
}

#[tokio::test]
async fn thirty_two_who_ask_at_once_receive_one_voucher() {
    on_every_database(|world| async move {
        let asked = issue(OrderId::make(), "cus_ada");
        let worker = world.worker();

        let asking = (0..32).map(|_| {
            let request = worker.request(reqwest::Method::POST, "/vouchers").json(&asked);
            tokio::spawn(crate::support::answer(request))
        });
        let asking: Vec<_> = asking.collect();
        let mut answers = Vec::new();
        for answer in asking {
            answers.push(answer.await.expect("an answer"));
        }

        let ids: BTreeSet<_> = answers.iter().map(|answer| answer.text("id")).collect();
        assert_eq!(ids.len(), 1);
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 31);
    })
    .await;
}

#[tokio::test]
async fn another_value_or_version_gives_no_second_voucher() {
    on_every_database(|world| async move {
        let mut asked = issue(OrderId::make(), "cus_ada");
        let first = world.worker().post("/vouchers", &asked).await;
        asked["rule_version"] = json!(2);
        asked["value"]["amount"] = json!(7_00);

        let again = world.worker().post("/vouchers", &asked).await;

        assert_eq!((again.status, again.body), (200, first.body));
    })
    .await;
}

#[tokio::test]
async fn another_rule_gives_a_voucher_of_its_own() {
    on_every_database(|world| async move {
        let mut asked = issue(OrderId::make(), "cus_ada");
        let first = world.worker().post("/vouchers", &asked).await;
        asked["rule"] = json!("birthday");

        let second = world.worker().post("/vouchers", &asked).await;

        assert_eq!(second.status, 201);
        assert_ne!(first.text("id"), second.text("id"));
    })
    .await;
}

#[tokio::test]
async fn a_voucher_of_this_order_for_another_customer_is_refused_and_nothing_is_written() {
    on_every_database(|world| async move {
        let order_id = OrderId::make();
        world.worker().post("/vouchers", &issue(order_id, "cus_ada")).await;

        let refused = world.worker().post("/vouchers", &issue(order_id, "cus_eve")).await;

        assert_eq!(refused.problem(), (422, "contents_differ".into()));
        let path = format!("/vouchers?order_id={order_id}");
        assert_eq!(world.auditor().get(&path).await.body["data"].as_array().map(Vec::len), Some(1));
    })
    .await;
}

#[tokio::test]
async fn a_redeemed_voucher_is_still_the_only_one() {
    on_every_database(|world| async move {
        let issued = world.issued_to("cus_ada").await;
        world.shop().redeem(&issued.text("code"), "cus_ada", OrderId::make()).await;
        let order_id = issued.text("order_id").parse().expect("an order");

        let again = world.worker().post("/vouchers", &issue(order_id, "cus_ada")).await;

        assert_eq!((again.status, again.text("id")), (200, issued.text("id")));
        assert_eq!(again.text("status"), "redeemed");
    })
    .await;
}

#[tokio::test]
async fn fields_of_a_newer_worker_are_ignored() {
    on_every_database(|world| async move {
        let mut asked = issue(OrderId::make(), "cus_ada");
        asked["field_of_tomorrow"] = json!({"a": 1});

        assert_eq!(world.worker().post("/vouchers", &asked).await.status, 201);
    })
    .await;
}

#[tokio::test]
async fn what_does_not_fit_is_named_field_by_field() {
    on_every_database(|world| async move {
        for (field, wrong, pointer) in [
            ("/value/amount", json!(0), "/value/amount"),
            ("/value/amount", json!(-5_00), "/value/amount"),
            ("/value/amount", json!(5.5), "/value/amount"),
            ("/value/currency", json!("eur"), "/value/currency"),
            ("/rule", json!(""), "/rule"),
            ("/rule", json!("Rule\u{0}"), "/rule"),
            ("/rule", json!("x".repeat(65)), "/rule"),
            ("/rule_version", json!(0), "/rule_version"),
            ("/rule_version", json!(5_000_000_000_u64), "/rule_version"),
            ("/order_id", json!("ord_1"), "/order_id"),
            ("/customer_id", json!("ada@shop.example"), "/customer_id"),
        ] {
            let mut asked = issue(OrderId::make(), "cus_ada");
            *asked.pointer_mut(field).expect("a field") = wrong;

            let refused = world.worker().post("/vouchers", &asked).await;

            assert_eq!(refused.problem(), (422, "invalid_body".into()), "{asked}");
            assert_eq!(refused.pointers(), [pointer], "{asked}");
        }
    })
    .await;
}

#[test]
fn the_body_described_is_the_one_that_the_worker_sends() {
    let document: serde_json::Value =
        serde_json::from_str(&voucher_api::openapi_text().expect("a document")).expect("json");
    let described = document["components"]["schemas"]["IssueVoucher"]["properties"].clone();
    let described: Vec<_> = described.as_object().expect("properties").keys().cloned().collect();
    let asked: IssueVoucher =
        serde_json::from_value(issue(OrderId::make(), "cus_ada")).expect("what the worker sends");

    let sent = serde_json::to_value(asked).expect("json");

    let sent: BTreeSet<_> = sent.as_object().expect("fields").keys().cloned().collect();
    assert_eq!(described.into_iter().collect::<BTreeSet<_>>(), sent);
}
