//! Reading what became of a placement.

use crate::support::{HASH, World, new_id, on_every_database};
use serde_json::{Value, json};

async fn placement(world: &World, id: &str) -> Value {
    let read = world.shop().get(&format!("/orders/{id}/placement")).await;
    assert_eq!(read.status, 200, "{read:?}");
    read.body
}

fn body(id: &str, state: &str, reason: Value) -> Value {
    json!({"order_id": id, "customer_id": "cus_ada", "contents_hash": HASH, "state": state, "reason": reason})
}

fn with_status(mut body: Value, status: &str) -> Value {
    body["status"] = json!(status);
    body
}

#[tokio::test]
async fn a_placement_is_pending_until_it_is_decided_and_approved_for_ever_after() {
    on_every_database(|world| async move {
        let (id, other) = (world.pending(1).await, world.approved(1).await);
        let stands = |state, status| with_status(body(&id, state, Value::Null), status);

        assert_eq!(placement(&world, &id).await, stands("pending", "pending"));
        world.worker().approve(&id).await;
        assert_eq!(placement(&world, &id).await, stands("approved", "approved"));
        world.back_office().mark_sent(&id).await;
        assert_eq!(placement(&world, &id).await, stands("approved", "sent"));
        world.shop().cancel(&other).await;
        let cancelled = with_status(body(&other, "approved", Value::Null), "cancelled");
        assert_eq!(placement(&world, &other).await, cancelled);
    })
    .await;
}

#[tokio::test]
async fn a_discarded_placement_is_rejected_with_its_reason_kept_or_not() {
    on_every_database(|world| async move {
        let (pending, early, kept) = (world.pending(1).await, new_id(), world.rejected(1).await);
        let reason = json!("risk_too_high");
        for id in [&pending, &early] {
            world.worker().discard(id, "risk_too_high").await;

            assert_eq!(placement(&world, id).await, body(id, "rejected", reason.clone()));
        }
        let with_order = with_status(body(&kept, "rejected", reason), "rejected");
        assert_eq!(placement(&world, &kept).await, with_order);
    })
    .await;
}

#[tokio::test]
async fn everybody_with_a_key_may_ask_and_of_an_unknown_order_there_is_nothing_to_say() {
    on_every_database(|world| async move {
        let id = world.pending(1).await;

        for caller in [world.shop(), world.back_office(), world.worker(), world.auditor()] {
            assert_eq!(caller.get(&format!("/orders/{id}/placement")).await.status, 200);
            for unknown in [new_id().as_str(), "ord_1", "%00"] {
                let refused = caller.get(&format!("/orders/{unknown}/placement")).await;

                assert_eq!(refused.problem(), (404, "order_unknown".into()), "{unknown}");
            }
        }
    })
    .await;
}
