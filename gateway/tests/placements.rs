//! What is told of a placement whose process cannot be asked.

use crate::support::stub::{ADAS, BOBS, NOBODYS, Stub};
use crate::support::{NOWHERE, World};
use reqwest::Method;

async fn placement(world: &World, id: &str) -> crate::support::Answer {
    world.get("cus_ada", &format!("/placements/{id}")).await
}

#[tokio::test]
async fn without_a_process_the_order_or_its_tombstone_tells() {
    let stub = Stub::start().await;
    let world = World::before(&stub).await;
    for (state, reason, status, told) in [
        ("pending", None, Some("pending"), "pending"),
        ("approved", None, Some("sent"), "approved"),
        ("approved", None, Some("cancelled"), "cancelled"),
        ("rejected", Some("risk_too_high"), None, "rejected"),
    ] {
        stub.set_placement(state, reason, status);

        let answer = placement(&world, ADAS).await;

        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["state"], told);
        assert_eq!(answer.json()["reason"].as_str(), reason);
        assert_eq!(answer.json()["sentence"].is_string(), reason.is_some());
        if told != "pending" {
            assert_eq!(answer.json()["status"].as_str(), status);
        }
    }
}

#[tokio::test]
async fn a_reason_of_tomorrow_is_told_as_another_one() {
    let stub = Stub::start().await;
    stub.set_placement("rejected", Some("of_tomorrow"), None);
    let world = World::before(&stub).await;

    assert_eq!(placement(&world, ADAS).await.json()["reason"], "other");
}

#[tokio::test]
async fn somebody_elses_placement_is_unknown_and_what_nobody_knows_now_is_not() {
    let world = World::before(&Stub::start().await).await;

    for id in [BOBS, "ord_1"] {
        let refused = placement(&world, id).await;
        assert_eq!(
            (refused.status.as_u16(), refused.code().as_str()),
            (404, "placement_unknown"),
            "{id}"
        );
    }
    let nobodys = placement(&world, NOBODYS).await;
    assert_eq!(
        (nobodys.status.as_u16(), nobodys.code().as_str()),
        (503, "placement_not_known_now")
    );
    let away = placement(&World::at(NOWHERE, NOWHERE, NOWHERE).await, ADAS).await;
    assert_eq!((away.status.as_u16(), away.code().as_str()), (503, "placement_not_known_now"));
}

#[tokio::test]
async fn a_watch_tells_every_change_and_ends_with_the_last() {
    let stub = Stub::start().await;
    stub.set_placement("pending", None, Some("pending"));
    let world = World::before(&stub).await;
    let path = format!("/placements/{ADAS}/events");
    let request = world.as_customer("cus_ada", Method::GET, &path);

    let mut stream = request.send().await.expect("a stream");
    let first = stream.chunk().await.expect("an event").expect("not the end");
    stub.set_placement("rejected", Some("insufficient_credit"), None);
    // The stream ends by itself, or this never comes to its end.
    let rest = stream.text().await.expect("the rest");

    assert!(String::from_utf8_lossy(&first).contains(r#""state":"pending""#), "{first:?}");
    let rest: Vec<_> = rest.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(rest[0], "event: placement");
    assert!(rest[1].contains(r#""reason":"insufficient_credit""#), "{rest:?}");
    assert_eq!(rest[2..], ["event: end", "data: end"]);
}

#[tokio::test]
async fn nobody_watches_somebody_elses_placement() {
    let world = World::before(&Stub::start().await).await;

    let refused = world.get("cus_ada", &format!("/placements/{BOBS}/events")).await;

    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (404, "placement_unknown"));
}
