//! Bringing orders from another system.

use crate::support::on_every_database;
use futures::future::join_all;
use serde_json::{Value, json};

/// What is different about an order.
type Change = fn(&mut Value);

#[tokio::test]
async fn an_imported_order_keeps_its_total_whatever_its_lines_say() {
    on_every_database(|world| async move {
        let imported = world.back_office().import(&order("#1001")).await;

        assert_eq!(imported.status, 201, "{imported:?}");
        assert_eq!(imported.body["total"], json!({"amount": 104_90, "currency": "EUR"}));
        assert_eq!(imported.body["origin"], "import");
        assert_eq!(imported.body["external_ref"], "#1001");
        assert_eq!(imported.body["status"], "approved");
        assert_eq!(imported.body["placed_at"], "2026-11-01T09:30:00.000Z");
        assert_eq!(imported.body["lines"], order("#1001")["lines"]);
        let location = imported.header("location").expect("a location");
        assert_eq!(world.auditor().get(location).await.body, imported.body);
    })
    .await;
}

#[tokio::test]
async fn an_order_may_be_imported_without_its_lines() {
    on_every_database(|world| async move {
        let mut order = order("#1001");
        order.as_object_mut().expect("an object").remove("lines");

        let imported = world.back_office().import(&order).await;

        assert_eq!((imported.status, &imported.body["lines"]), (201, &json!([])));
    })
    .await;
}

#[tokio::test]
async fn importing_twice_changes_nothing_whatever_became_of_the_order() {
    on_every_database(|world| async move {
        let first = world.back_office().import(&order("#1001")).await;
        let again = world.back_office().import(&order("#1001")).await;
        let sent = world.back_office().mark_sent(&first.id()).await;
        let after = world.back_office().import(&order("#1001")).await;

        assert_eq!((again.status, &again.body), (200, &first.body));
        assert_eq!((after.status, &after.body), (200, &sent.body));
        assert_eq!(world.count("select count(*) from orders").await, 1);
        assert_eq!(world.count("select count(*) from outbox_events").await, 1);
    })
    .await;
}

#[tokio::test]
async fn the_same_moment_written_otherwise_is_the_same_order() {
    on_every_database(|world| async move {
        let first = world.back_office().import(&order("#1001")).await;
        let mut order = order("#1001");
        order["placed_at"] = json!("2026-11-01T10:30:00+01:00");

        let again = world.back_office().import(&order).await;

        assert_eq!((again.status, again.body), (200, first.body));
    })
    .await;
}

#[tokio::test]
async fn an_order_imported_by_many_at_once_is_one_order() {
    on_every_database(|world| async move {
        let (back_office, order) = (world.back_office(), order("#1001"));

        let answers = join_all((0..32).map(|_| back_office.import(&order))).await;

        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 31);
        assert!(answers.iter().all(|answer| answer.body == answers[0].body), "{answers:?}");
    })
    .await;
}

#[tokio::test]
async fn a_reference_with_other_contents_is_refused() {
    on_every_database(|world| async move {
        world.back_office().import(&order("#1001")).await;
        let changes: [Change; 5] = [
            |order| order["total"]["amount"] = json!(104_91),
            |order| order["total"]["currency"] = json!("USD"),
            |order| order["customer_id"] = json!("cus_bob"),
            |order| order["placed_at"] = json!("2026-11-01T09:30:00.001Z"),
            |order| order["lines"][0]["quantity"] = json!(3),
        ];
        for change in changes {
            let mut order = order("#1001");
            change(&mut order);
            if order["total"]["currency"] == "USD" {
                order["lines"] = json!([]);
            }

            let refused = world.back_office().import(&order).await;

            assert_eq!(refused.problem(), (409, "external_ref_differs".into()), "{order}");
        }
        assert_eq!(world.count("select count(*) from orders").await, 1);
    })
    .await;
}

#[tokio::test]
async fn an_order_that_was_cancelled_elsewhere_is_imported_and_then_cancelled() {
    on_every_database(|world| async move {
        let imported = world.back_office().import(&order("#1001")).await;
        let cancelled = world.back_office().cancel(&imported.id()).await;
        let again = world.back_office().import(&order("#1001")).await;

        assert_eq!((cancelled.status, &cancelled.body["status"]), (200, &json!("cancelled")));
        assert_eq!((again.status, again.body), (200, cancelled.body));
    })
    .await;
}

#[tokio::test]
async fn a_body_that_does_not_fit_is_refused_by_the_field() {
    on_every_database(|world| async move {
        let cases: [(&str, Change); 11] = [
            ("/external_ref", |order| order["external_ref"] = json!(" ")),
            ("/external_ref", |order| order["external_ref"] = json!("a\u{0}")),
            ("/external_ref", |order| order["external_ref"] = json!("x".repeat(256))),
            ("/customer_id", |order| order["customer_id"] = json!("ada")),
            ("/total/amount", |order| order["total"]["amount"] = json!(-1)),
            ("/placed_at", |order| order["placed_at"] = json!("yesterday")),
            ("/placed_at", |order| order["placed_at"] = json!("1969-12-31T23:59:59Z")),
            ("/status", |order| order["status"] = json!("sent")),
            ("/lines/0/sku", |order| {
                order["lines"][0] =
                    json!({"quantity": 1, "unit_price": {"amount": 1, "currency": "EUR"}})
            }),
            ("/lines/1/name", |order| order["lines"][1]["name"] = json!("")),
            ("/lines/0/quantity", |order| order["lines"][0]["quantity"] = json!(-2)),
        ];
        for (pointer, change) in cases {
            let mut order = order("#1001");
            change(&mut order);

            let refused = world.back_office().import(&order).await;

            assert_eq!(refused.problem(), (422, "invalid_body".into()), "{order}");
            assert_eq!(refused.pointers(), [pointer], "{order}");
        }
        let mut order = order("#1001");
        order["lines"][1]["unit_price"]["currency"] = json!("CHF");
        let refused = world.back_office().import(&order).await;
        assert_eq!(refused.problem(), (422, "mixed_currencies".into()));
        assert_eq!(world.count("select count(*) from orders").await, 0);
    })
    .await;
}

/// Two lines of 100.00 together, and 4.90 for shipping.
fn order(external_ref: &str) -> Value {
    json!({
        "external_ref": external_ref,
        "customer_id": "cus_ada",
        "total": {"amount": 104_90, "currency": "EUR"},
        "placed_at": "2026-11-01T09:30:00Z",
        "lines": [
            {"sku": "lamp-01", "name": "Desk lamp", "quantity": 2, "unit_price": {"amount": 45_00, "currency": "EUR"}},
            {"name": "Gift wrapping", "quantity": 1, "unit_price": {"amount": 10_00, "currency": "EUR"}},
        ],
    })
}
