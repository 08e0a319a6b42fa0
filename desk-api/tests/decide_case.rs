//! `POST /cases/{kind}/{subject}/decide`.

use crate::support::{UNDO, on_every_database};
use contracts::cases::problem;
use serde_json::json;

#[tokio::test]
async fn a_decision_is_on_file_with_who_when_and_why_and_a_repeat_of_it_is_the_same() {
    on_every_database(|world| async move {
        world.report(UNDO, "credit.release fails").await;

        let first = world.decide(UNDO, "skip", Some("risk-api was wound up")).await;
        let again = world.decide(UNDO, "skip", Some("in other words")).await;

        assert_eq!((first.status, again.status), (200, 200));
        assert_eq!(first.text("state"), "skipped");
        assert_eq!(first.body, again.body);
        let decisions = world.show(UNDO).await.list("decisions");
        assert_eq!(decisions.len(), 1);
        assert_eq!(decisions[0]["decision"], "skip");
        assert_eq!(decisions[0]["because"], "risk-api was wound up");
        assert_eq!(decisions[0]["by"], "back-office-1");
        assert!(decisions[0]["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{decisions:?}");
    })
    .await;
}

#[tokio::test]
async fn another_decision_of_a_closed_case_is_refused_and_changes_nothing() {
    on_every_database(|world| async move {
        world.report(UNDO, "it fails").await;
        world.decide(UNDO, "abandon", Some("refunded by hand")).await;

        for (decision, because) in [("retry", None), ("skip", Some("why not"))] {
            let refused = world.decide(UNDO, decision, because).await;
            assert_eq!(refused.problem(), (409, problem::CASE_CLOSED.into()));
        }

        assert_eq!(world.state(UNDO).await, "abandoned");
        assert_eq!(world.show(UNDO).await.list("decisions").len(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_was_resolved_by_itself_is_not_decided() {
    on_every_database(|world| async move {
        world.report(UNDO, "it fails").await;
        world.resolve(UNDO).await;

        let refused = world.decide(UNDO, "skip", Some("why not")).await;

        assert_eq!(refused.problem(), (409, problem::CASE_CLOSED.into()));
    })
    .await;
}

#[tokio::test]
async fn a_retry_that_was_for_nothing_may_be_followed_by_another_decision() {
    on_every_database(|world| async move {
        world.report(UNDO, "it fails").await;
        world.decide(UNDO, "retry", None).await;

        let skipped = world.decide(UNDO, "skip", Some("it fails for ever")).await;

        assert_eq!((skipped.status, skipped.text("state")), (200, "skipped".into()));
        let shown = world.show(UNDO).await.list("decisions");
        let decided: Vec<_> = shown.iter().map(|decision| decision["decision"].clone()).collect();
        assert_eq!(decided, [json!("skip"), json!("retry")]);
    })
    .await;
}

#[tokio::test]
async fn whoever_skips_or_abandons_says_why() {
    on_every_database(|world| async move {
        world.report(UNDO, "it fails").await;
        let long = "a".repeat(501);
        for because in [None, Some(""), Some("  "), Some("two\nlines"), Some(&*long)] {
            for decision in ["skip", "abandon"] {
                let refused = world.decide(UNDO, decision, because).await;
                assert_eq!(refused.problem(), (422, "invalid_body".into()), "{because:?}");
                assert_eq!(refused.pointers(), ["/because"], "{because:?}");
            }
        }
        let path = format!("/cases/{UNDO}/decide");
        for body in [json!({"decision": "forget"}), json!({"decision": "retry", "force": 1})] {
            let refused = world.back_office().post(&path, &body).await;
            assert_eq!(refused.problem(), (422, "invalid_body".into()), "{body}");
        }
        let unknown = world.decide("undo_keeps_failing/place-2", "retry", None).await;

        assert_eq!(unknown.problem(), (404, problem::CASE_UNKNOWN.into()));
        assert_eq!(world.state(UNDO).await, "open");
        assert!(world.show(UNDO).await.list("decisions").is_empty());
    })
    .await;
}
