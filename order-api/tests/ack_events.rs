//! Acknowledging events: what a worker says of them, and whether it counts.

use crate::support::{World, on_every_database};
use serde_json::{Value, json};

#[tokio::test]
async fn a_settled_event_is_never_handed_out_again() {
    on_every_database(|world| async move {
        world.sent("a", 100_01).await;
        let events = world.worker().claim("worker-1").await;

        let acked = world.worker().ack("settled", &events).await;
        let again = world.worker().ack("settled", &events).await;
        world.let_time_pass().await;

        assert_eq!(acked.body, json!({"settled": 1, "postponed": 0, "poison": 0}));
        assert_eq!(again.body, json!({"settled": 0, "postponed": 0, "poison": 0}));
        assert_eq!(world.worker().claim("worker-2").await, [Value::Null; 0]);
    })
    .await;
}

#[tokio::test]
async fn settled_is_true_whoever_says_it_and_however_late() {
    on_every_database(|world| async move {
        world.sent("a", 100_01).await;
        let late = world.worker().claim("worker-1").await;
        world.let_time_pass().await;
        world.worker().claim("worker-2").await;

        let acked = world.worker().ack("settled", &late).await;

        assert_eq!(acked.body["settled"], json!(1));
        world.let_time_pass().await;
        assert_eq!(world.worker().claim("worker-3").await, [Value::Null; 0]);
    })
    .await;
}

#[tokio::test]
async fn whoever_lost_the_lease_does_not_speak_for_whoever_has_it() {
    on_every_database(|world| async move {
        world.sent("a", 100_01).await;
        let late = saying(&world.worker().claim("worker-1").await, "for_ms", json!(1));
        world.let_time_pass().await;
        world.worker().claim("worker-2").await;

        let postponed = world.worker().ack("postponed", &late).await;
        let poison = world.worker().ack("poison", &saying(&late, "reason", json!("late"))).await;

        assert_eq!(postponed.body["postponed"], json!(0));
        assert_eq!(poison.body["poison"], json!(0));
        assert_eq!(event(&world).await["state"], "leased");
    })
    .await;
}

#[tokio::test]
async fn a_postponed_event_comes_back_and_is_not_counted_against() {
    on_every_database(|world| async move {
        world.sent("a", 100_01).await;
        for _ in 0..10 {
            let events = world.worker().claim("worker-1").await;
            assert_eq!(events.len(), 1, "{events:?}");
            let later = saying(&events, "for_ms", json!(30_000));
            assert_eq!(world.worker().ack("postponed", &later).await.body["postponed"], json!(1));
            assert_eq!(world.worker().claim("worker-1").await, [Value::Null; 0]);
            assert_eq!(event(&world).await["state"], "postponed");
            world.let_time_pass().await;
        }

        let event = event(&world).await;
        assert_eq!((&event["state"], &event["poison_count"]), (&json!("waiting"), &json!(0)));
        assert_eq!(event["hand_outs"], json!(10));
    })
    .await;
}

#[tokio::test]
async fn an_event_that_fails_again_and_again_is_quarantined_and_blocks_nobody() {
    on_every_database(|world| async move {
        world.sent("a", 100_01).await;
        for _ in 0..5 {
            let events =
                saying(&world.worker().claim("worker-1").await, "reason", json!("bad\u{0}order"));
            assert_eq!(world.worker().ack("poison", &events).await.body["poison"], json!(1));
            world.let_time_pass().await;
        }
        let next = world.sent("b", 100_01).await;

        let claimed = world.worker().claim("worker-1").await;

        assert_eq!(claimed.len(), 1, "{claimed:?}");
        assert_eq!(claimed[0]["subject"], json!(next));
        let event = event(&world).await;
        assert_eq!((&event["state"], &event["poison_count"]), (&json!("quarantined"), &json!(5)));
        assert_eq!(event["last_failure"], "bad order");
    })
    .await;
}

#[tokio::test]
async fn an_acknowledgement_of_what_is_not_there_says_so_and_harms_nothing() {
    on_every_database(|world| async move {
        let strange = [
            json!({"event_id": "evt_\u{0}", "lease_id": "lse_1"}),
            json!({"event_id": "1", "lease_id": ""}),
        ];

        let acked = world.worker().ack("settled", &strange).await;
        let empty = world.worker().post("/outbox/ack", &json!({"field_of_tomorrow": 1})).await;

        assert_eq!(acked.body, json!({"settled": 0, "postponed": 0, "poison": 0}));
        assert_eq!((empty.status, empty.body), (200, acked.body));
    })
    .await;
}

#[tokio::test]
async fn an_acknowledgement_of_too_much_is_refused() {
    on_every_database(|world| async move {
        let many = vec![json!({"event_id": "evt_1", "lease_id": "lse_1"}); 257];

        let refused = world.worker().ack("settled", &many).await;

        assert_eq!(refused.problem(), (422, "invalid_body".into()));
        assert_eq!(refused.pointers(), ["/settled"]);
    })
    .await;
}

/// Claimed events, with something said of each.
fn saying(events: &[Value], field: &str, value: Value) -> Vec<Value> {
    let said = |event: &Value| json!({"event_id": event["event_id"], "lease_id": event["lease_id"], field: value});
    events.iter().map(said).collect()
}

/// The oldest event as an operator sees it.
async fn event(world: &World) -> Value {
    world.back_office().get("/outbox/events").await.list("data").remove(0)
}
