//! Settling an event by hand.

use crate::support::on_every_database;
use serde_json::json;

#[tokio::test]
async fn an_event_that_was_settled_by_hand_never_comes_back_and_who_did_it_is_on_record() {
    on_every_database(|world| async move {
        let event_id = world.quarantined().await;

        let first = world.back_office().settle(&event_id).await;
        let again = world.back_office().settle(&event_id).await;
        let released = world.back_office().release(&event_id).await;

        assert_eq!((first.status, &first.body["state"]), (200, &json!("settled")));
        assert_eq!((first.body, &again.body), (again.body.clone(), &released.body));
        world.let_time_pass().await;
        assert!(world.worker().claim("worker-1").await.is_empty());
        let trail =
            "select caller || ' ' || subject from audit_trail where action = 'event.settled'";
        assert_eq!(world.texts(trail).await, [format!("back-office-1 {event_id}")]);
    })
    .await;
}

#[tokio::test]
async fn an_event_that_never_happened_is_not_settled() {
    on_every_database(|world| async move {
        for id in ["evt_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01", "1", "%00"] {
            let refused = world.back_office().settle(id).await;

            assert_eq!(refused.problem(), (404, "event_unknown".into()), "{id}");
        }
    })
    .await;
}
