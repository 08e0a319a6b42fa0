//! `POST /reservations/{order_id}/confirm`.

use crate::support::on_every_database;
use contracts::OrderId;
use contracts::credit::problem;
use serde_json::json;

#[tokio::test]
async fn a_reservation_is_confirmed_once_and_the_same_answer_is_given_again() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 100_00).await;
        let order_id = OrderId::make();
        world.reserve(order_id, "cus_ada", 60_00).await;

        let confirmed = world.confirm(order_id).await;
        let before = world.dump().await;
        let again = world.confirm(order_id).await;

        let expected = json!({"order_id": order_id, "state": "confirmed", "reason": null});
        assert_eq!((confirmed.status, confirmed.body), (200, expected.clone()));
        assert_eq!((again.status, again.body), (200, expected));
        assert_eq!(world.dump().await, before);
        assert_eq!(world.available("cus_ada").await, 40_00);
    })
    .await;
}

#[tokio::test]
async fn confirming_what_was_released_is_an_answer_and_changes_nothing() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 100_00).await;
        let (closed, undone, never) = (OrderId::make(), OrderId::make(), OrderId::make());
        world.reserve(closed, "cus_ada", 10_00).await;
        world.reserve(undone, "cus_ada", 10_00).await;
        world.close(closed, "order_sent").await;
        world.undo(undone, "timed_out").await;
        world.undo(never, "risk_unavailable").await;
        let before = world.dump().await;

        for (order_id, reason) in
            [(closed, "order_sent"), (undone, "timed_out"), (never, "risk_unavailable")]
        {
            let answer = world.confirm(order_id).await;
            let expected = json!({"order_id": order_id, "state": "released", "reason": reason});
            assert_eq!((answer.status, answer.body), (200, expected));
        }

        assert_eq!(world.dump().await, before);
        assert_eq!(world.available("cus_ada").await, 100_00);
    })
    .await;
}

#[tokio::test]
async fn an_order_that_reserved_nothing_is_unknown_and_leaves_nothing() {
    on_every_database(|world| async move {
        let unknown = world.confirm(OrderId::make()).await;
        let no_id = world.worker().post("/reservations/ord_1/confirm", &json!({})).await;

        assert_eq!(unknown.problem(), (404, problem::RESERVATION_UNKNOWN.into()));
        assert_eq!(no_id.problem(), (404, problem::RESERVATION_UNKNOWN.into()));
        assert!(world.tombstones().await.is_empty());
    })
    .await;
}
