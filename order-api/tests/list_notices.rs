//! Listing the notices of an order.

use crate::support::{new_id, on_every_database};
use serde_json::json;

#[tokio::test]
async fn the_notices_of_an_order_are_listed_oldest_first() {
    on_every_database(|world| async move {
        let (id, other) = (world.approved(1).await, world.approved(1).await);
        let cancelled = world.worker().give_notice(&id, "order_cancelled").await;
        world.run("update notices set created_at_ms = created_at_ms + 1000").await.expect("later");
        let approved = world.worker().give_notice(&id, "order_approved").await;
        world.worker().give_notice(&other, "order_cancelled").await;

        for caller in [world.shop(), world.back_office(), world.auditor()] {
            let listed = caller.get(&format!("/orders/{id}/notices")).await.list("data");

            assert_eq!(listed.len(), 2, "{listed:?}");
            let first =
                json!({"kind": "order_approved", "created_at": approved.text("created_at")});
            assert_eq!(listed[0], first);
            assert_eq!(listed[1]["kind"], cancelled.body["kind"]);
        }
    })
    .await;
}

#[tokio::test]
async fn an_order_may_have_no_notice_and_an_unknown_one_has_none() {
    on_every_database(|world| async move {
        let id = world.pending(1).await;

        let none = world.shop().get(&format!("/orders/{id}/notices")).await;

        assert_eq!((none.status, none.body), (200, json!({"data": []})));
        for unknown in [new_id().as_str(), "ord_1", "%00"] {
            let refused = world.shop().get(&format!("/orders/{unknown}/notices")).await;

            assert_eq!(refused.problem(), (404, "order_unknown".into()), "{unknown}");
        }
    })
    .await;
}
