//! Reading one order.

use crate::support::on_every_database;
use contracts::orders::{OrderFacts, OrderStatus};

#[tokio::test]
async fn everybody_with_a_key_reads_the_same_order() {
    on_every_database(|world| async move {
        let placed = world.back_office().place("a", &crate::support::cart(100_01)).await;
        let path = format!("/orders/{}", placed.id());

        for caller in [world.shop(), world.back_office(), world.worker(), world.auditor()] {
            let read = caller.get(&path).await;

            assert_eq!((read.status, &read.body), (200, &placed.body));
        }
    })
    .await;
}

#[tokio::test]
async fn the_worker_reads_the_facts_that_its_rule_needs() {
    on_every_database(|world| async move {
        let id = world.sent("a", 100_01).await;

        let read = world.worker().get(&format!("/orders/{id}")).await;
        let facts: OrderFacts = serde_json::from_value(read.body.clone()).expect("the contract");

        assert_eq!((facts.id.to_string(), facts.status), (id, OrderStatus::Sent));
        assert_eq!(facts.total, contracts::Money::eur_cents(100_01));
        assert_eq!(facts.sent_at, Some(read.text("sent_at")));
    })
    .await;
}

#[tokio::test]
async fn an_order_that_nobody_placed_is_unknown() {
    on_every_database(|world| async move {
        for id in ["ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01", "vch_1", "%00", "..%2F..%2Fetc"] {
            let refused = world.worker().get(&format!("/orders/{id}")).await;

            assert_eq!(refused.problem(), (404, "order_unknown".into()), "{id}");
        }
    })
    .await;
}
