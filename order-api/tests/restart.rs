//! Ending the process and starting it again.

use crate::support::{cart, on_every_database};
use serde_json::json;

#[tokio::test]
async fn a_restart_keeps_everything() {
    on_every_database(|world| async move {
        let placed = world.back_office().place("a", &cart(100_01)).await;
        let sent = world.back_office().mark_sent(&placed.id()).await;
        let before = world.auditor().get("/orders").await;
        let events = world.auditor().get("/outbox/events").await;

        let world = world.restart().await;

        assert_eq!(world.auditor().get("/orders").await.body, before.body);
        assert_eq!(world.auditor().get("/outbox/events").await.body, events.body);
        let again = world.back_office().place("a", &cart(100_01)).await;
        assert_eq!((again.status, &again.body), (201, &placed.body));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(world.back_office().mark_sent(&placed.id()).await.body, sent.body);
        let claimed = world.worker().claim("worker-1").await;
        assert_eq!(claimed[0]["subject"], json!(placed.id()));
    })
    .await;
}

#[tokio::test]
async fn a_lease_from_before_the_restart_still_holds_and_still_ends() {
    on_every_database(|world| async move {
        world.sent("a", 100_01).await;
        let claimed = world.worker().claim("worker-1").await;

        let world = world.restart().await;

        assert!(world.worker().claim("worker-2").await.is_empty());
        world.let_time_pass().await;
        let handed_over = world.worker().claim("worker-2").await;
        assert_eq!(handed_over[0]["event_id"], claimed[0]["event_id"]);
    })
    .await;
}
