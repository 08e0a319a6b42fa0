//! Approving a pending order.

use crate::support::{new_id, on_every_database};
use futures::future::join_all;
use serde_json::{Value, json};

fn approved(id: &str) -> (u16, Value) {
    (200, json!({"order_id": id, "state": "approved"}))
}

#[tokio::test]
async fn a_pending_order_is_approved_and_it_is_on_record_who_did_it() {
    on_every_database(|world| async move {
        let id = world.pending(100_01).await;

        let answered = world.worker().approve(&id).await;

        assert_eq!((answered.status, answered.body), approved(&id));
        let order = world.auditor().get(&format!("/orders/{id}")).await;
        assert_eq!(order.body["status"], "approved");
        assert_eq!(order.body["approved_at"], order.body["updated_at"]);
        let trail = "select caller || ' ' || action || ' ' || subject from audit_trail";
        assert_eq!(world.texts(trail).await, [format!("worker-1 order.approved {id}")]);
        assert_eq!(world.events().await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn an_order_that_was_ever_approved_is_answered_so_whatever_became_of_it() {
    on_every_database(|world| async move {
        let (sent, cancelled) = (world.approved(1).await, world.approved(1).await);
        let (kept, of_back_office) = (world.approved(1).await, world.placed("a", 1).await);
        world.back_office().mark_sent(&sent).await;
        world.shop().cancel(&cancelled).await;
        let before = world.dump().await;

        for id in [&sent, &cancelled, &kept, &of_back_office] {
            let again = world.worker().approve(id).await;

            assert_eq!((again.status, again.body), approved(id));
        }
        assert_eq!(world.dump().await, before);
    })
    .await;
}

#[tokio::test]
async fn an_order_approved_by_many_at_once_is_approved_once() {
    on_every_database(|world| async move {
        let (worker, id) = (world.worker(), world.pending(100_01).await);

        let answers = join_all((0..32).map(|_| worker.approve(&id))).await;

        assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
        assert_eq!(world.count("select count(*) from audit_trail").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_discarded_order_is_refused_with_the_reason_that_was_said_first() {
    on_every_database(|world| async move {
        let (pending, kept, early) = (world.pending(1).await, world.rejected(1).await, new_id());
        for id in [&pending, &early] {
            world.worker().discard(id, "risk_too_high").await;
            world.worker().discard(id, "cancelled_by_customer").await;
        }
        let before = world.dump().await;

        for id in [&pending, &kept, &early] {
            let refused = world.worker().approve(id).await;

            assert_eq!(refused.problem(), (409, "order_discarded".into()));
            assert_eq!(refused.text("reason"), "risk_too_high");
        }
        assert_eq!(world.dump().await, before);
    })
    .await;
}

#[tokio::test]
async fn an_order_that_nobody_wrote_down_is_unknown_and_may_still_be() {
    on_every_database(|world| async move {
        let id = new_id();

        for unknown in [id.as_str(), "ord_1", "%00"] {
            let refused = world.worker().approve(unknown).await;

            assert_eq!(refused.problem(), (404, "order_unknown".into()), "{unknown}");
        }
        assert_eq!(world.tombstones().await, [""; 0]);
        let created = world.worker().create(&id, &crate::support::creation(1)).await;
        assert_eq!(created.status, 201, "{created:?}");
    })
    .await;
}
