//! Many at once: one case, one decision.

use crate::support::{UNDO, on_every_database};
use futures::future::join_all;

#[tokio::test]
async fn however_many_find_it_at_once_there_is_one_case_and_none_is_forgotten() {
    on_every_database(|world| async move {
        let found = join_all((0..16).map(|_| world.report(UNDO, "it fails"))).await;

        assert_eq!(found.iter().filter(|answer| answer.status == 201).count(), 1);
        assert!(found.iter().all(|answer| [200, 201].contains(&answer.status)), "{found:?}");
        assert_eq!(world.show(UNDO).await.body["times_seen"], 16);
        assert_eq!(world.trail().await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn of_many_decisions_at_once_one_is_taken_and_is_the_one_on_file() {
    on_every_database(|world| async move {
        for number in 0..8 {
            let case = format!("undo_keeps_failing/place-{number}");
            world.report(&case, "it fails").await;

            let decisions = ["skip", "abandon", "skip", "abandon"];
            let told =
                join_all(decisions.map(|decision| world.decide(&case, decision, Some("so")))).await;

            let taken: Vec<_> =
                decisions.iter().zip(&told).filter(|(_, told)| told.status == 200).collect();
            let on_file = world.show(&case).await.list("decisions");
            assert_eq!(on_file.len(), 1, "{on_file:?}");
            assert_eq!(taken.len(), 2, "the one and its repeat: {told:?}");
            assert!(taken.iter().all(|(decision, _)| on_file[0]["decision"] == **decision));
        }
    })
    .await;
}
