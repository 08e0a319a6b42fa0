//! Giving a notice of an order.

use crate::support::{new_id, on_every_database};
use contracts::placement::NoticeKind;
use futures::future::join_all;
use serde_json::json;

#[tokio::test]
async fn a_notice_is_given_once_per_order_and_kind() {
    on_every_database(|world| async move {
        let id = world.approved(1).await;

        for kind in NoticeKind::ALL {
            let first = world.worker().give_notice(&id, kind.as_str()).await;
            let again = world.worker().give_notice(&id, kind.as_str()).await;

            assert_eq!((first.status, again.status), (201, 200));
            assert_eq!(first.body, again.body);
            assert_eq!(
                (&first.body["order_id"], &first.body["kind"]),
                (&json!(id), &json!(kind.as_str()))
            );
            assert!(first.body["created_at"].is_string(), "{first:?}");
        }
        assert_eq!(world.count("select count(*) from notices").await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_notice_given_by_many_at_once_is_one_notice() {
    on_every_database(|world| async move {
        let (worker, id) = (world.worker(), world.approved(1).await);

        let answers = join_all((0..32).map(|_| worker.give_notice(&id, "order_approved"))).await;

        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 31);
        assert!(answers.iter().all(|answer| answer.body == answers[0].body), "{answers:?}");
    })
    .await;
}

#[tokio::test]
async fn of_an_order_that_is_not_approved_no_notice_is_given() {
    on_every_database(|world| async move {
        let (pending, rejected) = (world.pending(1).await, world.rejected(1).await);

        let not_yet = world.worker().give_notice(&pending, "order_approved").await;
        let never = world.worker().give_notice(&rejected, "order_approved").await;

        assert_eq!(not_yet.problem(), (409, "order_pending".into()));
        assert_eq!(never.problem(), (409, "order_rejected".into()));
        assert_eq!(world.count("select count(*) from notices").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_notice_tells_something_that_is_known_of_an_order_that_is_there() {
    on_every_database(|world| async move {
        let id = world.approved(1).await;

        for kind in ["order_lost", "ORDER_APPROVED", "%00"] {
            let refused = world.worker().give_notice(&id, kind).await;

            assert_eq!(refused.problem(), (404, "not_found".into()), "{kind}");
        }
        for unknown in [new_id().as_str(), "ord_1"] {
            let refused = world.worker().give_notice(unknown, "order_approved").await;

            assert_eq!(refused.problem(), (404, "order_unknown".into()), "{unknown}");
        }
    })
    .await;
}
