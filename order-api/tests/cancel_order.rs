//! Cancelling an order.

use crate::support::on_every_database;
use futures::future::join_all;
use serde_json::{Value, json};

#[tokio::test]
async fn a_customer_and_the_back_office_may_call_an_order_off() {
    on_every_database(|world| async move {
        for (key, caller) in [("a", world.shop()), ("b", world.back_office())] {
            let id = world.placed(key, 100_01).await;

            let cancelled = caller.cancel(&id).await;

            assert_eq!((cancelled.status, &cancelled.body["status"]), (200, &json!("cancelled")));
            assert_eq!(cancelled.body["cancelled_at"], cancelled.body["updated_at"]);
            assert_eq!(cancelled.body["sent_at"], Value::Null);
            assert!(cancelled.body["approved_at"].is_string(), "{cancelled:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_order_cancelled_by_many_at_once_is_cancelled_once() {
    on_every_database(|world| async move {
        let id = world.placed("a", 100_01).await;
        let shop = world.shop();

        let answers = join_all((0..32).map(|_| shop.cancel(&id))).await;

        assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
        assert!(answers.iter().all(|answer| answer.body == answers[0].body), "{answers:?}");
        let trail = "select count(*) from audit_trail where action = 'order.cancelled'";
        assert_eq!(world.count(trail).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_order_that_holds_credit_tells_of_it_once_and_no_other_does() {
    on_every_database(|world| async move {
        let of_back_office = world.placed("a", 100_01).await;
        let of_shop = world.approved(100_01).await;

        for _ in 0..2 {
            world.back_office().cancel(&of_back_office).await;
            world.shop().cancel(&of_shop).await;
        }

        assert_eq!(world.events().await, [format!("order.cancelled {of_shop}")]);
    })
    .await;
}

#[tokio::test]
async fn the_process_cancels_too_and_is_on_record() {
    on_every_database(|world| async move {
        let id = world.approved(100_01).await;

        let cancelled = world.worker().cancel(&id).await;

        assert_eq!((cancelled.status, &cancelled.body["status"]), (200, &json!("cancelled")));
        let trail = "select caller from audit_trail where action = 'order.cancelled'";
        assert_eq!(world.texts(trail).await, ["worker-1"]);
    })
    .await;
}

#[tokio::test]
async fn an_order_that_is_not_approved_is_not_cancelled() {
    on_every_database(|world| async move {
        let (pending, rejected) = (world.pending(100_01).await, world.rejected(100_01).await);
        let before = world.dump().await;

        let not_yet = world.shop().cancel(&pending).await;
        let never = world.shop().cancel(&rejected).await;

        assert_eq!(not_yet.problem(), (409, "order_pending".into()));
        assert_eq!(never.problem(), (409, "order_rejected".into()));
        assert_eq!(world.dump().await, before);
        world.worker().approve(&pending).await;
        assert_eq!(world.shop().cancel(&pending).await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn a_sent_order_cannot_be_called_back() {
    on_every_database(|world| async move {
        let id = world.sent("a", 100_01).await;

        let refused = world.shop().cancel(&id).await;

        assert_eq!(refused.problem(), (409, "order_sent".into()));
        let order = world.auditor().get(&format!("/orders/{id}")).await;
        assert_eq!(order.body["status"], "sent");
        assert!(order.body.get("cancelled_at").is_none(), "{order:?}");
    })
    .await;
}

#[tokio::test]
async fn an_order_that_nobody_placed_is_unknown() {
    on_every_database(|world| async move {
        for id in ["ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01", "1", "%00"] {
            let refused = world.shop().cancel(id).await;

            assert_eq!(refused.problem(), (404, "order_unknown".into()), "{id}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_database_itself_holds_no_order_that_is_sent_and_cancelled_or_costs_less_than_nothing()
{
    on_every_database(|world| async move {
        world.sent("a", 100_01).await;

        for change in [
            "update orders set cancelled_at_ms = 1",
            "update orders set status = 'cancelled', cancelled_at_ms = 1",
            "update orders set status = 'approved'",
            "update orders set approved_at_ms = null",
            "update orders set total_minor = -1",
            "update orders set status = 'lost'",
        ] {
            assert!(world.run(change).await.is_err(), "{change} was let through");
        }
    })
    .await;
}
