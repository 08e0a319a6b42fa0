//! `POST /cases/{kind}/{subject}/resolve`.

use crate::support::{UNDO, on_every_database};
use contracts::cases::problem;

#[tokio::test]
async fn what_is_wrong_no_longer_is_resolved_once() {
    on_every_database(|world| async move {
        let unknown = world.resolve(UNDO).await;
        assert_eq!(unknown.problem(), (404, problem::CASE_UNKNOWN.into()));
        world.report(UNDO, "it fails").await;

        let (first, again) = (world.resolve(UNDO).await, world.resolve(UNDO).await);

        assert_eq!((first.status, again.status), (200, 200));
        assert_eq!(first.text("state"), "resolved");
        assert_eq!(first.body, again.body);
    })
    .await;
}

#[tokio::test]
async fn what_a_person_closed_stays_as_that_person_left_it() {
    on_every_database(|world| async move {
        world.report(UNDO, "it fails").await;
        world.decide(UNDO, "abandon", Some("the customer is refunded by hand")).await;

        let resolved = world.resolve(UNDO).await;

        assert_eq!((resolved.status, resolved.text("state")), (200, "abandoned".into()));
    })
    .await;
}
