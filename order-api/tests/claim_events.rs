//! Claiming events: who is handed what, and when.

use crate::support::{PATIENCE, on_every_database, secret_of};
use futures::future::join;
use order_api::access::WORKER;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

#[tokio::test]
async fn a_waiting_claim_is_answered_as_soon_as_an_order_is_sent() {
    on_every_database(|world| async move {
        let id = world.placed("a", 100_01).await;
        let patient = json!({
            "owner": "worker-1", "types": ["order.sent"], "limit": 10, "lease_ms": 5_000, "wait_ms": 25_000,
        });
        let (worker, back_office) = (world.worker(), world.back_office());
        let started = Instant::now();

        let (claimed, sent) =
            join(worker.post("/outbox/claim", &patient), back_office.mark_sent(&id)).await;

        assert_eq!(sent.status, 200, "{sent:?}");
        assert_eq!(claimed.list("events").len(), 1, "{claimed:?}");
        assert!(started.elapsed() < PATIENCE, "it took {:?}", started.elapsed());
    })
    .await;
}

#[tokio::test]
async fn a_claim_that_finds_nothing_is_answered_empty_when_its_wait_ends() {
    on_every_database(|world| async move {
        let asked = json!({
            "owner": "worker-1", "types": ["order.sent"], "limit": 10, "lease_ms": 5_000, "wait_ms": 50,
        });

        let claimed = world.worker().post("/outbox/claim", &asked).await;

        assert_eq!((claimed.status, claimed.list("events").len()), (200, 0));
    })
    .await;
}

#[tokio::test]
async fn an_event_is_handed_to_one_worker_at_a_time() {
    on_every_database(|world| async move {
        let id = world.sent("a", 100_01).await;

        let first = world.worker().claim("worker-1").await;
        let second = world.worker().claim("worker-2").await;

        assert_eq!(first[0]["subject"], json!(id));
        assert!(first[0]["age_ms"].as_i64().expect("an age") >= 0, "{first:?}");
        assert_eq!(second, [Value::Null; 0]);
    })
    .await;
}

#[tokio::test]
async fn an_event_whose_lease_ran_out_is_handed_to_another_worker() {
    on_every_database(|world| async move {
        world.sent("a", 100_01).await;
        let first = world.worker().claim("worker-1").await;
        world.let_time_pass().await;

        let second = world.worker().claim("worker-2").await;

        assert_eq!(second[0]["event_id"], first[0]["event_id"]);
        assert_ne!(second[0]["lease_id"], first[0]["lease_id"]);
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_starts_again_frees_its_own_leases_and_no_others() {
    on_every_database(|world| async move {
        world.sent("a", 100_01).await;
        world.worker().claim("worker-1").await;
        let first_since_start = |owner: &str| {
            json!({"owner": owner, "types": ["order.sent"], "limit": 10, "lease_ms": 5_000,
                "is_first_since_start": true})
        };

        let other = world.worker().post("/outbox/claim", &first_since_start("worker-2")).await;
        let same = world.worker().post("/outbox/claim", &first_since_start("worker-1")).await;

        assert_eq!(other.list("events").len(), 0, "{other:?}");
        assert_eq!(same.list("events").len(), 1, "{same:?}");
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_was_set_back_holds_no_event() {
    on_every_database(|world| async move {
        let id = world.sent("a", 100_01).await;
        world.worker().claim("worker-1").await;
        world.set_clock_back().await;

        let claimed = world.worker().claim("worker-2").await;

        assert_eq!(claimed.len(), 1, "{claimed:?}");
        assert_eq!(claimed[0]["subject"], json!(id));
    })
    .await;
}

#[tokio::test]
async fn a_type_that_was_not_asked_for_stays_where_it_is() {
    on_every_database(|world| async move {
        world.sent("a", 100_01).await;
        let asked = json!({"owner": "worker-1", "types": ["order.cancelled"], "limit": 10, "lease_ms": 5_000});

        let other = world.worker().post("/outbox/claim", &asked).await;

        assert_eq!(other.list("events").len(), 0, "{other:?}");
        assert_eq!(world.worker().claim("worker-1").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn no_more_events_are_handed_out_than_were_asked_for() {
    on_every_database(|world| async move {
        for key in ["a", "b", "c"] {
            world.sent(key, 100_01).await;
        }
        let asked =
            json!({"owner": "worker-1", "types": ["order.sent"], "limit": 2, "lease_ms": 5_000});

        let claimed = world.worker().post("/outbox/claim", &asked).await.list("events");
        let rest = world.worker().claim("worker-2").await;

        assert_eq!((claimed.len(), rest.len()), (2, 1));
        assert!(claimed[1]["occurred_at_ms"].as_i64() >= claimed[0]["occurred_at_ms"].as_i64());
    })
    .await;
}

#[tokio::test]
async fn an_event_that_two_workers_dropped_in_silence_is_handed_out_alone() {
    on_every_database(|world| async move {
        for key in ["a", "b", "c"] {
            world.sent(key, 100_01).await;
        }
        for owner in ["worker-1", "worker-2"] {
            assert_eq!(world.worker().claim(owner).await.len(), 3);
            world.let_time_pass().await;
        }

        let alone = world.worker().claim("worker-3").await;
        let meanwhile = world.worker().claim("worker-3").await;
        let also_alone = world.worker().claim("worker-4").await;

        assert_eq!((alone.len(), meanwhile.len(), also_alone.len()), (1, 0, 1));
        assert_ne!(alone[0]["event_id"], also_alone[0]["event_id"]);
    })
    .await;
}

#[tokio::test]
async fn an_event_is_free_at_once_when_the_worker_that_waits_for_it_hangs_up() {
    on_every_database(|world| async move {
        let id = world.placed("a", 100_01).await;
        let body = json!({"owner": "worker-1", "types": ["order.sent"], "limit": 10, "lease_ms": 60_000,
            "wait_ms": 25_000}).to_string();
        let (secret, length) = (secret_of(WORKER), body.len());
        let request = format!(
            "POST /outbox/claim HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {secret}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let mut gone = TcpStream::connect(world.address()).await.expect("a connection");
        gone.write_all(request.as_bytes()).await.expect("the request is sent");
        drop(gone);
        world.back_office().mark_sent(&id).await;

        let patient = json!({"owner": "worker-2", "types": ["order.sent"], "limit": 10, "lease_ms": 5_000,
            "wait_ms": 20_000});
        let claimed = world.worker().post("/outbox/claim", &patient).await;

        assert_eq!(claimed.list("events").len(), 1, "{claimed:?}");
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_is_newer_than_the_service_is_understood() {
    on_every_database(|world| async move {
        world.sent("a", 100_01).await;
        let asked = json!({"owner": "worker-1", "types": ["order.sent"], "limit": 10, "lease_ms": 5_000,
            "field_of_tomorrow": {"a": 1}});

        let claimed = world.worker().post("/outbox/claim", &asked).await;

        assert_eq!((claimed.status, claimed.list("events").len()), (200, 1), "{claimed:?}");
    })
    .await;
}

#[tokio::test]
async fn a_claim_out_of_bounds_is_refused_by_the_field() {
    on_every_database(|world| async move {
        let cases: [(&str, Value); 12] = [
            ("/owner", json!({"owner": ""})),
            ("/owner", json!({"owner": "a\u{0}"})),
            ("/owner", json!({"owner": "x".repeat(101)})),
            ("/types", json!({"types": []})),
            ("/types", json!({"types": ["\u{0}"]})),
            ("/types", json!({"types": vec!["order.sent"; 9]})),
            ("/limit", json!({"limit": 0})),
            ("/limit", json!({"limit": -1})),
            ("/limit", json!({"limit": 257})),
            ("/lease_ms", json!({"lease_ms": 0})),
            ("/lease_ms", json!({"lease_ms": 60_001})),
            ("/wait_ms", json!({"wait_ms": 30_001})),
        ];
        for (pointer, change) in cases {
            let mut asked = json!({"owner": "worker-1", "types": ["order.sent"], "limit": 10, "lease_ms": 5_000});
            for (field, value) in change.as_object().expect("an object") {
                asked[field] = value.clone();
            }

            let refused = world.worker().post("/outbox/claim", &asked).await;

            assert_eq!(refused.problem(), (422, "invalid_body".into()), "{asked}");
            assert_eq!(refused.pointers(), [pointer], "{asked}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_service_that_stops_answers_those_who_wait() {
    on_every_database(|world| async move {
        let patient = json!({"owner": "worker-1", "types": ["order.sent"], "limit": 10, "lease_ms": 5_000,
            "wait_ms": 30_000});
        let request = world.worker().request(reqwest::Method::POST, "/outbox/claim").json(&patient);
        let waiting = tokio::spawn(crate::support::answer(request));
        world.worker().get("/orders").await;
        let started = Instant::now();

        world.stop().await;

        assert!(started.elapsed() < Duration::from_secs(9), "it took {:?}", started.elapsed());
        drop(waiting);
    })
    .await;
}
