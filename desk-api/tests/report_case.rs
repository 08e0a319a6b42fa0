//! `PUT /cases/{kind}/{subject}` and `GET /cases/{kind}/{subject}`.

use crate::support::{UNDO, VOUCHER, on_every_database};
use contracts::cases::{Case, CaseKind, CaseState, problem};
use serde_json::json;

#[tokio::test]
async fn a_case_that_is_found_again_is_the_same_case_seen_once_more() {
    on_every_database(|world| async move {
        let first = json!({"summary": "order.discard fails", "workflow_id": "place-ord_1",
            "run_id": "run-1", "activity_id": "discard"});
        let again = json!({"summary": "credit.release fails", "workflow_id": "place-ord_1",
            "run_id": "run-1", "activity_id": "release"});

        let opened = world.worker().put(&format!("/cases/{UNDO}"), &first).await;
        let seen = world.worker().put(&format!("/cases/{UNDO}"), &again).await;

        assert_eq!((opened.status, seen.status), (201, 200));
        assert_eq!((&opened.body["times_seen"], &seen.body["times_seen"]), (&json!(1), &json!(2)));
        assert_eq!(seen.text("first_seen_at"), opened.text("first_seen_at"));
        assert_eq!(seen.text("opened_at"), opened.text("opened_at"));
        let case: Case = serde_json::from_value(seen.body).expect("a case of the contract");
        assert_eq!((case.kind, case.state), (CaseKind::UndoKeepsFailing, CaseState::Open));
        assert_eq!(serde_json::to_value(case.report).expect("json"), again);
        assert_eq!(world.show(UNDO).await.list("decisions"), Vec::<serde_json::Value>::new());
    })
    .await;
}

#[tokio::test]
async fn what_was_retried_or_resolved_is_opened_again_when_it_is_found_again() {
    on_every_database(|world| async move {
        for case in [UNDO, VOUCHER] {
            world.report(case, "found").await;
            world.decide(case, "retry", None).await;
            assert_eq!(world.state(case).await, "retried");
            assert_eq!(world.report(case, "found").await.text("state"), "open");
            world.resolve(case).await;
            assert_eq!(world.state(case).await, "resolved");
            assert_eq!(world.report(case, "found").await.text("state"), "open");
        }
    })
    .await;
}

#[tokio::test]
async fn the_books_stay_as_a_person_left_them_and_a_run_that_is_stuck_again_is_said_so() {
    on_every_database(|world| async move {
        for decision in ["skip", "abandon"] {
            let voucher = format!("voucher_not_owed/vou_{decision}");
            let undo = format!("undo_keeps_failing/place-{decision}");
            for case in [&voucher, &undo] {
                world.report(case, "found").await;
                assert_eq!(world.decide(case, decision, Some("a gift")).await.status, 200);
            }

            let (voucher, undo) =
                (world.report(&voucher, "found").await, world.report(&undo, "found").await);

            assert_ne!(voucher.text("state"), "open");
            assert_eq!(voucher.body["times_seen"], 2);
            assert_eq!(undo.text("state"), "open");
        }
    })
    .await;
}

#[tokio::test]
async fn a_name_that_no_case_can_have_and_a_text_that_does_not_fit_are_refused() {
    on_every_database(|world| async move {
        let long = "a".repeat(129);
        for case in ["undo/place-1", "undo_keeps_failing/a%20b", "undo_keeps_failing/a%2Fb", &long]
        {
            assert_eq!(
                world.report(case, "found").await.problem(),
                (404, "not_found".into()),
                "{case}"
            );
        }
        let path = format!("/cases/{UNDO}");
        for (body, pointer) in [
            (json!({"summary": ""}), "/summary"),
            (json!({"summary": " "}), "/summary"),
            (json!({"summary": "a\u{0}b"}), "/summary"),
            (json!({"summary": "a".repeat(501)}), "/summary"),
            (json!({"summary": "a", "run_id": ""}), "/run_id"),
            (json!({"summary": "a", "workflow_id": "a".repeat(256)}), "/workflow_id"),
        ] {
            let refused = world.worker().put(&path, &body).await;
            assert_eq!(refused.problem(), (422, "invalid_body".into()), "{body}");
            assert_eq!(refused.pointers(), [pointer], "{body}");
        }
        let unknown = world.auditor().get(&path).await;
        assert_eq!(unknown.problem(), (404, problem::CASE_UNKNOWN.into()));
        let of_tomorrow = json!({"summary": "a".repeat(500), "of_tomorrow": 1});
        assert_eq!(world.worker().put(&path, &of_tomorrow).await.status, 201);
    })
    .await;
}
