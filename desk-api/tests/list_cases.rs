//! `GET /cases`.

use crate::support::{Answer, on_every_database};
use serde_json::Value;

fn subjects(page: &Answer) -> Vec<String> {
    let subject = |row: &Value| row["subject"].as_str().expect("a subject").to_owned();
    page.list("data").iter().map(subject).collect()
}

#[tokio::test]
async fn cases_are_listed_oldest_first_page_by_page_although_one_is_seen_again_meanwhile() {
    on_every_database(|world| async move {
        let names: Vec<_> = (1..=5).map(|number| format!("evt.{number}")).collect();
        for name in &names {
            world.report(&format!("event_quarantined/{name}"), "it names no order").await;
        }

        let first = world.auditor().get("/cases?limit=2").await;
        world.report("event_quarantined/evt.1", "it still names no order").await;
        let next = first.text("next_cursor");
        let second = world.auditor().get(&format!("/cases?limit=2&starting_after={next}")).await;
        let next = second.text("next_cursor");
        let third = world.auditor().get(&format!("/cases?limit=2&starting_after={next}")).await;

        assert_eq!([subjects(&first), subjects(&second), subjects(&third)].concat(), names);
        assert_eq!(third.body["has_more"], false);
        assert!(third.body["next_cursor"].is_null());
    })
    .await;
}

#[tokio::test]
async fn cases_are_found_by_state_and_by_kind() {
    on_every_database(|world| async move {
        for (kind, subject) in
            [("event_quarantined", "a"), ("event_quarantined", "b"), ("voucher_not_owed", "c")]
        {
            world.report(&format!("{kind}/{subject}"), "found").await;
        }
        world.decide("event_quarantined/b", "skip", Some("a test order")).await;

        for (query, found) in [
            ("", vec!["a", "b", "c"]),
            ("?state=open", vec!["a", "c"]),
            ("?state=skipped", vec!["b"]),
            ("?kind=event_quarantined", vec!["a", "b"]),
            ("?kind=event_quarantined&state=open", vec!["a"]),
            ("?kind=event_unsettled", vec![]),
        ] {
            let page = world.worker().get(&format!("/cases{query}")).await;
            assert_eq!(subjects(&page), found, "{query}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_filter_that_does_not_exist_or_does_not_fit_is_refused() {
    on_every_database(|world| async move {
        for query in ["limit=0", "limit=101", "state=shut", "kind=odd", "starting_after=x", "of=1"]
        {
            let refused = world.auditor().get(&format!("/cases?{query}")).await;
            assert_eq!(refused.problem(), (422, "invalid_query".into()), "{query}");
        }
    })
    .await;
}
