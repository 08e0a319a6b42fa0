//! Many at once: do and undo of a placement never both win.

use crate::support::{Answer, World, answer, creation, new_id, on_every_database};
use reqwest::{Method, RequestBuilder};
use serde_json::json;

/// Sends all at once; the answers in the order of the requests.
async fn at_once(requests: Vec<RequestBuilder>) -> Vec<Answer> {
    let sent: Vec<_> = requests.into_iter().map(|request| tokio::spawn(answer(request))).collect();
    let mut answers = Vec::new();
    for answer in sent {
        answers.push(answer.await.expect("an answer"));
    }
    answers
}

fn creating(world: &World, id: &str) -> RequestBuilder {
    world.worker().request(Method::PUT, &format!("/orders/{id}")).json(&creation(100_01))
}

/// Orders that are alive although they were discarded.
async fn alive_with_tombstone(world: &World) -> Vec<String> {
    let both = "select o.id
        from orders o
        join tombstones t on t.order_id = o.id
        where t.reason is not null and o.status <> 'rejected'";
    world.texts(both).await
}

async fn tombstones_of(world: &World, ids: &[String], reason: &str) {
    let mut expected: Vec<_> = ids.iter().map(|id| format!("{id}|{reason}")).collect();
    expected.sort();
    let mut found = world.tombstones().await;
    found.sort();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn of_a_create_and_its_discard_at_once_the_discard_always_has_the_last_word() {
    on_every_database(|world| async move {
        world.placed("a", 100_01).await;
        let before = world.dump().await;
        let ids: Vec<_> = (0..60).map(|_| new_id()).collect();

        let mut requests = Vec::new();
        for (number, id) in ids.iter().enumerate() {
            let mut pair = [creating(&world, id), world.worker().discarding(id, "timed_out")];
            if number % 2 == 0 {
                pair.reverse();
            }
            requests.extend(pair);
            requests.push(creating(&world, id));
        }
        let answers = at_once(requests).await;

        assert!(
            answers.iter().all(|answer| [200, 201, 409].contains(&answer.status)),
            "{answers:?}"
        );
        assert_eq!(world.dump().await, before);
        tombstones_of(&world, &ids, "timed_out").await;
    })
    .await;
}

#[tokio::test]
async fn of_an_approve_and_a_discard_at_once_exactly_one_wins_and_the_other_says_so() {
    on_every_database(|world| async move {
        let mut ids = Vec::new();
        for _ in 0..40 {
            ids.push(world.pending(100_01).await);
        }

        let mut requests = Vec::new();
        for (number, id) in ids.iter().enumerate() {
            let mut pair =
                [world.worker().approving(id), world.worker().discarding(id, "risk_too_high")];
            // What comes first on the wire wins more often.
            if number % 2 == 0 {
                pair.reverse();
            }
            requests.extend(pair);
        }
        let answers = at_once(requests).await;

        let mut approved = 0;
        for (number, (id, pair)) in ids.iter().zip(answers.chunks(2)).enumerate() {
            let (approve, discard) =
                if number % 2 == 0 { (&pair[1], &pair[0]) } else { (&pair[0], &pair[1]) };
            assert_eq!(discard.status, 200, "{discard:?}");
            let read = world.auditor().get(&format!("/orders/{id}")).await;
            if approve.status == 200 {
                approved += 1;
                assert_eq!(discard.body, json!({"order_id": id, "state": "approved"}));
                assert_eq!(read.body["status"], "approved");
            } else {
                assert_eq!(approve.problem(), (409, "order_discarded".into()));
                assert_eq!(
                    (approve.text("reason"), discard.text("reason")),
                    ("risk_too_high".into(), "risk_too_high".into())
                );
                assert_eq!(read.problem(), (404, "order_unknown".into()));
            }
        }
        assert_eq!(alive_with_tombstone(&world).await, [""; 0]);
        assert_eq!(world.count("select count(*) from orders").await, approved);
        let trail = "select count(*) from audit_trail where action = 'order.approved'";
        assert_eq!(world.count(trail).await, approved);
    })
    .await;
}

#[tokio::test]
async fn whatever_comes_at_once_an_order_is_approved_or_has_a_tombstone_and_never_both() {
    on_every_database(|world| async move {
        let ids: Vec<_> = (0..30).map(|_| new_id()).collect();
        let mut requests = Vec::new();
        for id in &ids {
            requests.push(creating(&world, id));
            requests.push(world.worker().approving(id));
            requests.push(world.worker().discarding(id, "timed_out"));
            requests.push(creating(&world, id));
            requests.push(world.worker().approving(id));
        }

        let answers = at_once(requests).await;

        let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        assert!(
            statuses.iter().all(|status| [200, 201, 404, 409].contains(status)),
            "{statuses:?}"
        );
        assert_eq!(alive_with_tombstone(&world).await, [""; 0]);
        for id in &ids {
            let placement = world.auditor().get(&format!("/orders/{id}/placement")).await;
            let state = placement.text("state");
            assert!(["approved", "rejected"].contains(&state.as_str()), "{placement:?}");
            // What is asked late is answered what was decided.
            let late = world.worker().approve(id).await;
            assert_eq!(late.status == 200, state == "approved", "{late:?}");
        }
        assert_eq!(world.count("select count(*) from orders where status = 'pending'").await, 0);
    })
    .await;
}

#[tokio::test]
async fn while_unknown_orders_are_forgotten_a_discard_of_them_is_not() {
    on_every_database(|world| async move {
        let ids: Vec<_> = (0..40).map(|_| new_id()).collect();

        // Nobody writes them down, so that each approve is refused and forgets its row while the discard waits for it.
        let mut requests = Vec::new();
        for id in &ids {
            requests.push(world.worker().approving(id));
            requests.push(world.worker().discarding(id, "timed_out"));
            requests.push(world.worker().approving(id));
        }
        let answers = at_once(requests).await;

        assert!(
            answers.iter().all(|answer| [200, 404, 409].contains(&answer.status)),
            "{answers:?}"
        );
        tombstones_of(&world, &ids, "timed_out").await;
    })
    .await;
}

#[tokio::test]
async fn a_cancel_that_comes_with_the_approve_is_done_or_told_to_ask_again() {
    on_every_database(|world| async move {
        for _ in 0..20 {
            let id = world.pending(100_01).await;
            let cancel = world.shop().request(Method::POST, &format!("/orders/{id}/cancel"));
            let sending =
                world.back_office().request(Method::POST, &format!("/orders/{id}/mark-sent"));

            let answers = at_once(vec![world.worker().approving(&id), cancel, sending]).await;

            assert_eq!(answers[0].status, 200, "{answers:?}");
            for late in &answers[1..] {
                let is_told = late.status == 200
                    || ["order_pending", "order_sent", "order_cancelled"]
                        .contains(&late.problem().1.as_str());
                assert!(is_told, "{late:?}");
            }
        }
    })
    .await;
}
