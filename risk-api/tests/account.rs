//! `PUT` and `GET /accounts/{customer_id}`.

use crate::support::{euro, on_every_database, terms};
use contracts::OrderId;
use serde_json::json;

#[tokio::test]
async fn an_account_is_opened_once_and_putting_it_again_changes_nothing() {
    on_every_database(|world| async move {
        let opened = world.put_account("cus_ada", &terms(1_000_00, 100, 10)).await;
        let before = world.dump().await;
        let again = world.put_account("cus_ada", &terms(1_000_00, 100, 10)).await;

        assert_eq!((opened.status, again.status), (201, 200));
        assert_eq!(opened.body, again.body);
        assert_eq!(world.dump().await, before);
        let expected = json!({
            "customer_id": "cus_ada",
            "limit": euro(1_000_00), "available": euro(1_000_00),
            "base_score": 100, "minimum_score": 10, "score": 100,
            "live_reservation_count": 0, "live_reservations": [],
        });
        assert_eq!(world.account("cus_ada").await.body, expected);
    })
    .await;
}

#[tokio::test]
async fn available_credit_and_score_follow_from_what_is_live() {
    on_every_database(|world| async move {
        world.put_account("cus_ada", &terms(1_000_00, 100, 10)).await;
        let (first, second, undone) = (OrderId::make(), OrderId::make(), OrderId::make());

        let reserved = world.reserve(first, "cus_ada", 100_01).await;
        world.reserve(second, "cus_ada", 50_00).await;
        world.reserve(undone, "cus_ada", 300_00).await;
        world.confirm(first).await;
        world.undo(undone, "cancelled_by_customer").await;

        let account = world.account("cus_ada").await;
        assert_eq!(reserved.body["score_delta"], 2);
        assert_eq!(account.body["available"], euro(849_99));
        assert_eq!(account.body["score"], 97);
        assert_eq!(account.body["live_reservation_count"], 2);
        let live = account.list("live_reservations");
        assert_eq!(live[0]["order_id"], json!(first));
        assert_eq!(live[0]["state"], "confirmed");
        assert_eq!(live[1]["state"], "reserved");
    })
    .await;
}

#[tokio::test]
async fn a_limit_below_what_is_live_only_blocks_new_reservations() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 500_00).await;
        let order_id = OrderId::make();
        world.reserve(order_id, "cus_ada", 400_00).await;

        let lowered = world.grant("cus_ada", 100_00).await;

        assert_eq!((lowered.status, &lowered.body["available"]), (200, &euro(-300_00)));
        let refused = world.reserve(OrderId::make(), "cus_ada", 1).await;
        assert_eq!(refused.problem(), (409, "insufficient_credit".into()));
        assert_eq!(world.reserve(order_id, "cus_ada", 400_00).await.status, 200);
        assert_eq!(world.confirm(order_id).await.text("state"), "confirmed");
        world.close(order_id, "order_sent").await;
        assert_eq!(world.reserve(OrderId::make(), "cus_ada", 100_00).await.status, 201);
    })
    .await;
}

#[tokio::test]
async fn an_account_stays_in_its_currency() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 500_00).await;
        let before = world.dump().await;
        let mut other = terms(500_00, 100, 0);
        other["limit"]["currency"] = json!("USD");

        let refused = world.put_account("cus_ada", &other).await;

        assert_eq!(refused.problem(), (409, "currency_differs".into()));
        assert_eq!(world.dump().await, before);
    })
    .await;
}

#[tokio::test]
async fn what_does_not_fit_is_named_field_by_field() {
    on_every_database(|world| async move {
        for (field, wrong) in [
            ("/limit/amount", json!(-1)),
            ("/limit/amount", json!(9_223_372_036_854_775_808_u64)),
            ("/limit/currency", json!("eur")),
            ("/base_score", json!(-1)),
            ("/minimum_score", json!("low")),
        ] {
            let mut asked = terms(100_00, 10, 0);
            *asked.pointer_mut(field).expect("a field") = wrong;

            let refused = world.put_account("cus_ada", &asked).await;

            assert_eq!(refused.problem(), (422, "invalid_body".into()), "{asked}");
            assert_eq!(refused.pointers(), [field], "{asked}");
        }
        let mut unknown = terms(100_00, 10, 0);
        unknown["bonus"] = json!(1);
        let refused = world.put_account("cus_ada", &unknown).await;
        assert_eq!(refused.problem(), (422, "invalid_body".into()));
        assert_eq!(
            world.put_account("ada", &terms(1, 1, 1)).await.problem(),
            (404, "not_found".into())
        );
        assert!(world.dump().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_account_that_is_not_there_is_unknown_and_so_is_what_is_no_id() {
    on_every_database(|world| async move {
        for id in ["cus_nobody", "ada", "%00"] {
            let unknown = world.shop().get(&format!("/accounts/{id}")).await;

            assert_eq!(unknown.problem(), (404, "account_unknown".into()), "{id}");
        }
    })
    .await;
}
