//! Discarding an order that is not approved.

use crate::support::{HASH, OTHER_HASH, creation, discard, new_id, on_every_database};
use contracts::placement::{DiscardOrder, Discarded, RejectReason};
use serde_json::{Value, json};

fn discarded(id: &str, reason: &str) -> (u16, Value) {
    (200, json!({"order_id": id, "state": "discarded", "reason": reason}))
}

fn approved(id: &str) -> (u16, Value) {
    (200, json!({"order_id": id, "state": "approved"}))
}

#[tokio::test]
async fn after_a_discard_everything_is_as_before_the_tombstone_apart() {
    on_every_database(|world| async move {
        world.placed("a", 100_01).await;
        let kept = world.approved(100_01).await;
        world.worker().give_notice(&kept, "order_approved").await;
        let before = world.dump().await;

        let id = world.pending(200_00).await;
        world.worker().give_notice(&id, "order_approved").await;
        world.back_office().mark_sent(&id).await;
        world.shop().cancel(&id).await;
        assert_ne!(world.dump().await, before);
        let answered = world.worker().discard(&id, "risk_too_high").await;

        assert_eq!((answered.status, answered.body), discarded(&id, "risk_too_high"));
        assert_eq!(world.dump().await, before);
        let tombstone =
            "select order_id || ' ' || customer_id || ' ' || contents_hash || ' ' || reason
            from tombstones where reason is not null";
        assert_eq!(world.texts(tombstone).await, [format!("{id} cus_ada {HASH} risk_too_high")]);
        let read = world.auditor().get(&format!("/orders/{id}")).await;
        assert_eq!(read.problem(), (404, "order_unknown".into()));
    })
    .await;
}

#[tokio::test]
async fn a_discard_that_comes_first_refuses_the_late_create_and_says_why() {
    on_every_database(|world| async move {
        let id = new_id();

        let answered = world.worker().discard(&id, "order_store_failed").await;
        let late = world.worker().create(&id, &creation(100_01)).await;

        assert_eq!((answered.status, answered.body), discarded(&id, "order_store_failed"));
        assert_eq!(late.problem(), (409, "order_discarded".into()));
        assert_eq!(late.text("reason"), "order_store_failed");
        assert_eq!(world.dump().await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn discarding_again_changes_nothing_and_answers_the_first_reason() {
    on_every_database(|world| async move {
        let (pending, early, kept) = (world.pending(1).await, new_id(), world.rejected(1).await);
        for id in [&pending, &early] {
            world.worker().discard(id, "risk_too_high").await;
        }
        let (before, tombstones) = (world.dump().await, world.tombstones().await);

        for id in [&pending, &early, &kept] {
            let again = world.worker().discard(id, "cancelled_by_customer").await;

            assert_eq!((again.status, again.body), discarded(id, "risk_too_high"));
        }
        assert_eq!((world.dump().await, world.tombstones().await), (before, tombstones));
    })
    .await;
}

#[tokio::test]
async fn an_order_that_was_ever_approved_is_left_alone_whatever_became_of_it() {
    on_every_database(|world| async move {
        let (sent, cancelled) = (world.approved(1).await, world.approved(1).await);
        let kept = world.approved(1).await;
        world.back_office().mark_sent(&sent).await;
        world.shop().cancel(&cancelled).await;
        let before = world.dump().await;

        for id in [&sent, &cancelled, &kept] {
            for keep_rejected in [false, true] {
                let mut asked = discard("risk_too_high");
                asked["keep_rejected"] = json!(keep_rejected);
                let answered = world.worker().post(&format!("/orders/{id}/discard"), &asked).await;

                assert_eq!((answered.status, answered.body), approved(id));
            }
        }
        assert_eq!(world.dump().await, before);
        let buried = "select count(*) from tombstones where reason is not null";
        assert_eq!(world.count(buried).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_rejected_order_may_be_kept_for_those_who_ask_later() {
    on_every_database(|world| async move {
        let id = world.rejected(100_01).await;

        let order = world.auditor().get(&format!("/orders/{id}")).await;
        let late = world.worker().create(&id, &creation(100_01)).await;

        assert_eq!((order.status, &order.body["status"]), (200, &json!("rejected")));
        assert!(order.body.get("approved_at").is_none(), "{order:?}");
        assert_eq!(late.problem(), (409, "order_discarded".into()));
        assert_eq!(world.count("select count(*) from audit_trail").await, 0);
        assert_eq!(world.events().await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_discard_of_another_request_takes_nothing_away_and_is_told_so() {
    on_every_database(|world| async move {
        let (pending, approved) = (world.pending(100_01).await, world.approved(100_01).await);
        let (gone, of_back_office) = (world.pending(100_01).await, world.placed("a", 1).await);
        let own = discard("risk_too_high");
        world.worker().post(&format!("/orders/{gone}/discard"), &own).await;
        let buried = "select count(*) from tombstones where reason is not null";
        let before = world.dump().await;
        let mut other = discard("invalid_order");
        other["contents_hash"] = json!(OTHER_HASH);

        for id in [&pending, &approved, &gone, &of_back_office] {
            for keep_rejected in [false, true] {
                other["keep_rejected"] = json!(keep_rejected);
                let answered = world.worker().post(&format!("/orders/{id}/discard"), &other).await;

                let differs = json!({"order_id": id, "state": "contents_differ"});
                assert_eq!((answered.status, answered.body), (200, differs));
            }
        }
        assert_eq!(world.dump().await, before);
        assert_eq!(world.count(buried).await, 1, "the one that was discarded by its own request");
        assert_eq!(world.worker().approve(&pending).await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn the_messages_of_the_process_are_understood_both_ways() {
    on_every_database(|world| async move {
        let (pending, approved) = (world.pending(1).await, world.approved(1).await);
        for (id, expected) in [
            (pending, Discarded::Discarded { reason: RejectReason::RiskUnavailable }),
            (approved, Discarded::Approved),
        ] {
            let asked = DiscardOrder {
                order_id: id.parse().expect("an order id"),
                customer_id: "cus_ada".parse().expect("a customer id"),
                contents_hash: HASH.to_owned(),
                reason: RejectReason::RiskUnavailable,
                keep_rejected: false,
            };
            let mut body = serde_json::to_value(&asked).expect("json");
            body["of_tomorrow"] = json!(1);

            let answered = world.worker().post(&format!("/orders/{id}/discard"), &body).await;

            let read: Discarded = serde_json::from_value(answered.body).expect("the contract");
            assert_eq!(read, expected);
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_that_does_not_fit_is_refused_by_the_field_and_buries_nothing() {
    on_every_database(|world| async move {
        let path = format!("/orders/{}/discard", new_id());
        for (field, value) in [
            ("customer_id", json!("ada")),
            ("contents_hash", json!("ab")),
            ("reason", json!("")),
            ("reason", json!("Too late")),
            ("reason", json!("x".repeat(65))),
            ("keep_rejected", json!("yes")),
        ] {
            let mut asked = discard("risk_too_high");
            asked[field] = value;

            let refused = world.worker().post(&path, &asked).await;

            assert_eq!(refused.problem(), (422, "invalid_body".into()), "{asked}");
            assert_eq!(refused.pointers(), [format!("/{field}")], "{asked}");
        }
        let no_id = world.worker().discard("ord_1", "risk_too_high").await;
        assert_eq!(no_id.problem(), (404, "not_found".into()));
        assert_eq!(world.tombstones().await, [""; 0]);
    })
    .await;
}
