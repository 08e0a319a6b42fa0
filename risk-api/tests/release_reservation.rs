//! `DELETE /reservations/{order_id}`.

use crate::support::{answer, on_every_database};
use contracts::OrderId;
use contracts::credit::problem;
use reqwest::Method;
use serde_json::{Value, json};

fn released(order_id: OrderId, reason: &str) -> Value {
    json!({"order_id": order_id, "state": "released", "reason": reason})
}

#[tokio::test]
async fn an_undo_restores_the_previous_state_byte_for_byte() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 1_000_00).await;
        world.reserve(OrderId::make(), "cus_ada", 10_00).await;
        let before = world.dump().await;
        let (order_id, confirmed) = (OrderId::make(), OrderId::make());
        world.reserve(order_id, "cus_ada", 70_00).await;
        world.reserve(confirmed, "cus_ada", 80_00).await;
        world.confirm(confirmed).await;
        assert_ne!(world.dump().await, before);

        let undone = world.undo(order_id, "cancelled_by_customer").await;
        world.undo(confirmed, "timed_out").await;

        assert_eq!(
            (undone.status, undone.body),
            (200, released(order_id, "cancelled_by_customer"))
        );
        assert_eq!(world.dump().await, before);
        assert!(world.tombstones().await.contains(&format!("{order_id}|cancelled_by_customer")));
    })
    .await;
}

#[tokio::test]
async fn an_undo_of_one_order_keeps_what_another_did_meanwhile() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 1_000_00).await;
        let (first, second) = (OrderId::make(), OrderId::make());
        world.reserve(first, "cus_ada", 100_00).await;
        world.reserve(second, "cus_ada", 200_00).await;

        world.undo(first, "order_store_failed").await;

        assert_eq!(world.available("cus_ada").await, 800_00);
    })
    .await;
}

#[tokio::test]
async fn a_release_that_comes_first_refuses_the_late_reserve_and_says_why() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 100_00).await;
        let before = world.dump().await;

        for kind in ["undo", "close"] {
            let order_id = OrderId::make();
            let answered = answer(world.releasing(order_id, kind, "timed_out")).await;
            let late = world.reserve(order_id, "cus_ada", 1).await;

            assert_eq!((answered.status, answered.body), (200, released(order_id, "timed_out")));
            assert_eq!(late.problem(), (409, problem::RELEASED.into()));
            assert_eq!(late.text("reason"), "timed_out");
        }
        assert_eq!(world.dump().await, before);
    })
    .await;
}

#[tokio::test]
async fn releasing_again_changes_nothing_and_answers_the_first_reason() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 100_00).await;
        for first in ["undo", "close"] {
            let order_id = OrderId::make();
            world.reserve(order_id, "cus_ada", 10_00).await;
            answer(world.releasing(order_id, first, "the_first")).await;
            let (before, tombstones) = (world.dump().await, world.tombstones().await);

            for second in ["undo", "close"] {
                let again = answer(world.releasing(order_id, second, "the_second")).await;
                assert_eq!((again.status, again.body), (200, released(order_id, "the_first")));
            }

            assert_eq!((world.dump().await, world.tombstones().await), (before, tombstones));
            assert_eq!(world.available("cus_ada").await, 100_00);
        }
    })
    .await;
}

#[tokio::test]
async fn a_closed_reservation_frees_its_credit_and_is_kept_with_its_reason() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 100_00).await;
        let order_id = OrderId::make();
        world.reserve(order_id, "cus_ada", 100_00).await;
        world.confirm(order_id).await;

        world.close(order_id, "order_sent").await;

        assert_eq!(world.available("cus_ada").await, 100_00);
        let kept = world.auditor().get("/reservations?state=released").await.list("data");
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0]["order_id"], json!(order_id));
        assert_eq!(kept[0]["reason"], "order_sent");
        assert_eq!(world.confirm(order_id).await.body, released(order_id, "order_sent"));
        let late = world.reserve(order_id, "cus_ada", 100_00).await;
        assert_eq!(late.problem(), (409, problem::RELEASED.into()));
    })
    .await;
}

#[tokio::test]
async fn a_release_says_its_kind_and_its_reason() {
    on_every_database(|world| async move {
        let order_id = OrderId::make();
        for query in [
            "",
            "?kind=undo",
            "?reason=timed_out",
            "?kind=void&reason=timed_out",
            "?kind=undo&reason=",
            "?kind=undo&reason=Timed%20out",
            "?kind=undo&reason=timed_out&force=1",
        ] {
            let path = format!("/reservations/{order_id}{query}");
            let refused = answer(world.worker().request(Method::DELETE, &path)).await;
            assert_eq!(refused.problem(), (422, "invalid_query".into()), "{query}");
        }
        let path = "/reservations/ord_1?kind=undo&reason=timed_out";
        let no_id = answer(world.worker().request(Method::DELETE, path)).await;

        assert_eq!(no_id.problem(), (404, "not_found".into()));
        assert!(world.tombstones().await.is_empty());
    })
    .await;
}
