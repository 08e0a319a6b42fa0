//! Letting an event out of quarantine.

use crate::support::on_every_database;
use serde_json::json;

#[tokio::test]
async fn a_released_event_is_handed_out_again_with_a_clean_record() {
    on_every_database(|world| async move {
        let event_id = world.quarantined().await;

        let released = world.back_office().release(&event_id).await;

        assert_eq!((released.status, &released.body["state"]), (200, &json!("waiting")));
        assert_eq!(released.body["poison_count"], json!(0));
        let claimed = world.worker().claim("worker-1").await;
        assert_eq!(claimed[0]["event_id"], json!(event_id));
        let trail =
            "select caller || ' ' || subject from audit_trail where action = 'event.released'";
        assert_eq!(world.texts(trail).await, [format!("back-office-1 {event_id}")]);
    })
    .await;
}

#[tokio::test]
async fn releasing_an_event_that_is_not_in_quarantine_changes_nothing() {
    on_every_database(|world| async move {
        world.sent("a", 100_01).await;
        let waiting = world.auditor().get("/outbox/events").await.list("data").remove(0);
        let event_id = waiting["event_id"].as_str().expect("an id").to_owned();

        let still_waiting = world.back_office().release(&event_id).await;
        let events = world.worker().claim("worker-1").await;
        let still_leased = world.back_office().release(&event_id).await;
        world.worker().ack("settled", &events).await;
        let still_settled = world.back_office().release(&event_id).await;

        assert_eq!((still_waiting.status, &still_waiting.body), (200, &waiting));
        assert_eq!(still_leased.body["lease_owner"], "worker-1");
        assert_eq!((still_settled.status, &still_settled.body["state"]), (200, &json!("settled")));
        assert_eq!(
            world.count("select count(*) from audit_trail where action = 'event.released'").await,
            0
        );
    })
    .await;
}

#[tokio::test]
async fn an_event_that_never_happened_is_unknown() {
    on_every_database(|world| async move {
        for id in ["evt_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01", "1", "%00"] {
            let refused = world.back_office().release(id).await;

            assert_eq!(refused.problem(), (404, "event_unknown".into()), "{id}");
        }
    })
    .await;
}
