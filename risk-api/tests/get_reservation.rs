//! `GET /reservations/{order_id}`.

use crate::support::{euro, on_every_database};
use contracts::OrderId;
use serde_json::json;

#[tokio::test]
async fn a_reservation_is_shown_for_as_long_as_it_is_not_undone() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 500_00).await;
        let (sent, undone) = (OrderId::make(), OrderId::make());
        for order_id in [sent, undone] {
            assert_eq!(world.reserve(order_id, "cus_ada", 120_50).await.status, 201);
        }
        let path = format!("/reservations/{sent}");

        let reserved = world.shop().get(&path).await;
        world.confirm(sent).await;
        world.close(sent, "order_sent").await;
        world.undo(undone, "cancelled_by_customer").await;
        let released = world.auditor().get(&path).await;
        let gone = world.auditor().get(&format!("/reservations/{undone}")).await;

        assert_eq!(reserved.status, 200, "{reserved:?}");
        assert_eq!(reserved.body["amount"], euro(120_50));
        assert_eq!(reserved.body["state"], "reserved");
        assert_eq!(
            (&released.body["state"], &released.body["reason"]),
            (&json!("released"), &json!("order_sent"))
        );
        assert_eq!(gone.problem(), (404, "reservation_unknown".into()));
    })
    .await;
}

#[tokio::test]
async fn an_order_that_has_reserved_nothing_and_a_text_that_is_no_id_are_not_found() {
    on_every_database(|world| async move {
        for id in [OrderId::make().to_string(), "ord_1".to_owned()] {
            let unknown = world.shop().get(&format!("/reservations/{id}")).await;

            assert_eq!(unknown.problem(), (404, "reservation_unknown".into()), "{id}");
        }
    })
    .await;
}
