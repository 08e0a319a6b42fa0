//! `PUT /reservations/{order_id}`.

use crate::support::{euro, on_every_database, terms};
use contracts::OrderId;
use contracts::credit::problem;
use serde_json::json;

#[tokio::test]
async fn an_order_reserves_once_and_never_counts_against_itself() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 100_00).await;
        let order_id = OrderId::make();

        let first = world.reserve(order_id, "cus_ada", 100_00).await;
        let before = world.dump().await;
        // The reply was lost, and nothing is left of the limit.
        let again = world.reserve(order_id, "cus_ada", 100_00).await;

        assert_eq!((first.status, again.status), (201, 200));
        assert_eq!(first.body, again.body);
        assert_eq!(world.dump().await, before);
        assert_eq!(world.available("cus_ada").await, 0);
        world.confirm(order_id).await;
        let confirmed = world.reserve(order_id, "cus_ada", 100_00).await;
        assert_eq!((confirmed.status, confirmed.text("state")), (200, "confirmed".into()));
    })
    .await;
}

#[tokio::test]
async fn whatever_is_refused_leaves_nothing_at_all() {
    on_every_database(|world| async move {
        world.put_account("cus_ada", &terms(1_000_00, 10, 8)).await;
        let before = world.dump().await;
        let entries = world.rows("select id from audit_trail").await;

        for (customer_id, cents, code) in [
            ("cus_ada", 1_000_01, problem::INSUFFICIENT_CREDIT),
            ("cus_ada", 200_01, problem::RISK_TOO_HIGH),
            ("cus_eve", 1, problem::UNKNOWN_CUSTOMER),
        ] {
            let refused = world.reserve(OrderId::make(), customer_id, cents).await;
            assert_eq!(refused.problem(), (409, code.into()));
        }
        let path = format!("/reservations/{}", OrderId::make());
        let usd = json!({"customer_id": "cus_ada", "amount": {"amount": 1, "currency": "USD"}});
        let refused = world.worker().put(&path, &usd).await;
        assert_eq!(refused.problem(), (409, problem::CURRENCY_DIFFERS.into()));

        assert_eq!(world.dump().await, before);
        assert!(world.tombstones().await.is_empty());
        assert_eq!(world.rows("select id from audit_trail").await, entries);
    })
    .await;
}

#[tokio::test]
async fn a_refused_order_may_ask_again_once_there_is_room() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 100_00).await;
        let (first, second) = (OrderId::make(), OrderId::make());
        world.reserve(first, "cus_ada", 100_00).await;
        assert_eq!(world.reserve(second, "cus_ada", 1).await.status, 409);

        world.close(first, "order_sent").await;

        assert_eq!(world.reserve(second, "cus_ada", 1).await.status, 201);
    })
    .await;
}

#[tokio::test]
async fn another_customer_or_amount_for_the_same_order_is_refused() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 100_00).await;
        world.grant("cus_eve", 100_00).await;
        let order_id = OrderId::make();
        world.reserve(order_id, "cus_ada", 50_00).await;
        let before = world.dump().await;

        for (customer_id, cents) in [("cus_eve", 50_00), ("cus_ada", 50_01), ("cus_nobody", 50_00)]
        {
            let refused = world.reserve(order_id, customer_id, cents).await;
            assert_eq!(refused.problem(), (422, problem::CONTENTS_DIFFER.into()));
        }

        assert_eq!(world.dump().await, before);
        assert_eq!(world.reserve(order_id, "cus_ada", 50_00).await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn the_largest_limit_is_taken_to_its_last_cent_and_nothing_overflows() {
    on_every_database(|world| async move {
        world.grant("cus_ada", i64::MAX).await;

        assert_eq!(world.reserve(OrderId::make(), "cus_ada", i64::MAX - 1).await.status, 201);
        for cents in [2, 100_00, i64::MAX] {
            let refused = world.reserve(OrderId::make(), "cus_ada", cents).await;
            assert_eq!(refused.problem(), (409, problem::INSUFFICIENT_CREDIT.into()));
        }
        assert_eq!(world.reserve(OrderId::make(), "cus_ada", 1).await.status, 201);

        let account = world.account("cus_ada").await;
        assert_eq!(account.body["available"], euro(0));
        let points = (i64::MAX - 1) / 100_00 + 2;
        assert_eq!(account.body["score"], json!(i64::MAX - points));
        assert_eq!(world.grant("cus_ada", 0).await.body["available"], euro(-i64::MAX));
    })
    .await;
}

#[tokio::test]
async fn fields_of_a_newer_worker_are_ignored_and_what_does_not_fit_is_named() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 100_00).await;
        let path = format!("/reservations/{}", OrderId::make());
        for (amount, pointer) in [
            (euro(0), "/amount/amount"),
            (euro(-1), "/amount/amount"),
            (json!({"amount": 1.5, "currency": "EUR"}), "/amount/amount"),
            (json!({"amount": 1, "currency": "euro"}), "/amount/currency"),
        ] {
            let asked = json!({"customer_id": "cus_ada", "amount": amount});
            let refused = world.worker().put(&path, &asked).await;
            assert_eq!(refused.problem(), (422, "invalid_body".into()), "{asked}");
            assert_eq!(refused.pointers(), [pointer], "{asked}");
        }
        let asked = json!({"customer_id": "cus_ada", "amount": euro(1), "of_tomorrow": {"a": 1}});

        assert_eq!(
            world.worker().put("/reservations/ord_1", &asked).await.problem(),
            (404, "not_found".into())
        );
        assert_eq!(world.worker().put(&path, &asked).await.status, 201);
    })
    .await;
}
