//! Looking into the outbox.

use crate::support::{Answer, on_every_database};
use serde_json::{Value, json};

#[tokio::test]
async fn an_operator_sees_where_every_event_stands() {
    on_every_database(|world| async move {
        let mut sent = Vec::new();
        for key in ["a", "b", "c", "d"] {
            sent.push(world.sent(key, 100_01).await);
        }
        let asked = json!({"owner": "worker-1", "types": ["order.sent"], "limit": 3, "lease_ms": 60_000});
        let leased = world.worker().post("/outbox/claim", &asked).await.list("events");
        let subject_of = |event: &Value| event["subject"].as_str().expect("a subject").to_owned();
        let postponed = json!({"event_id": leased[1]["event_id"], "lease_id": leased[1]["lease_id"], "for_ms": 60_000});
        world.worker().ack("postponed", &[postponed]).await;
        world.worker().ack("settled", &leased[2..]).await;

        let list = async |state: &str| {
            subjects(&world.auditor().get(&format!("/outbox/events?state={state}")).await)
        };
        assert_eq!(list("leased").await, [subject_of(&leased[0])]);
        assert_eq!(list("postponed").await, [subject_of(&leased[1])]);
        assert_eq!(list("settled").await, [subject_of(&leased[2])]);
        assert_eq!(list("waiting").await.len(), 1);
        assert_eq!(list("quarantined").await, [""; 0]);
        assert_eq!(subjects(&world.auditor().get("/outbox/events").await), sent);
    })
    .await;
}

#[tokio::test]
async fn events_are_listed_oldest_first_page_by_page() {
    on_every_database(|world| async move {
        let mut sent = Vec::new();
        for key in ["a", "b", "c"] {
            sent.push(world.sent(key, 100_01).await);
        }

        let first = world.auditor().get("/outbox/events?limit=2").await;
        let path = format!("/outbox/events?limit=2&starting_after={}", first.text("next_cursor"));
        let second = world.auditor().get(&path).await;

        assert_eq!([subjects(&first), subjects(&second)].concat(), sent);
        assert_eq!(second.body["next_cursor"], Value::Null);
        assert_eq!(
            [&first.body["has_more"], &second.body["has_more"]],
            [&json!(true), &json!(false)]
        );
    })
    .await;
}

#[tokio::test]
async fn a_parameter_that_does_not_fit_is_refused_by_its_name() {
    on_every_database(|world| async move {
        for (pointer, query) in [
            ("/limit", "limit=0"),
            ("/state", "state=lost"),
            ("/starting_after", "starting_after=evt_1"),
            ("/starting_after", "starting_after=1.evt_%00"),
            ("/status", "status=waiting"),
        ] {
            let refused = world.auditor().get(&format!("/outbox/events?{query}")).await;

            assert_eq!(refused.problem(), (422, "invalid_query".into()), "{query}");
            assert_eq!(refused.pointers(), [pointer], "{query}");
        }
    })
    .await;
}

fn subjects(page: &Answer) -> Vec<String> {
    let subject = |event: &Value| event["subject"].as_str().expect("a subject").to_owned();
    page.list("data").iter().map(subject).collect()
}
