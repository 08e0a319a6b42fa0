//! Writing an order down as pending.

use crate::support::{HASH, OTHER_HASH, creation, new_id, on_every_database};
use contracts::placement::CreateOrder;
use futures::future::join_all;
use serde_json::{Value, json};

#[tokio::test]
async fn an_order_is_written_down_as_pending_under_the_id_that_the_caller_derived() {
    on_every_database(|world| async move {
        let id = new_id();

        let created = world.worker().create(&id, &creation(100_01)).await;

        assert_eq!((created.status, created.id()), (201, id.clone()));
        assert_eq!((&created.body["status"], &created.body["origin"]), (&json!("pending"), &json!("shop")));
        assert_eq!(created.body["total"], json!({"amount": 100_01, "currency": "EUR"}));
        assert!(created.body.get("approved_at").is_none(), "{created:?}");
        assert_eq!(created.header("location"), Some(format!("/orders/{id}").as_str()));
        assert_eq!(world.auditor().get(&format!("/orders/{id}")).await.body, created.body);
        let kept = "select contents_hash || coalesce(placed_by, '') || coalesce(idempotency_key, '') from orders";
        assert_eq!(world.texts(kept).await, [HASH]);
    })
    .await;
}

#[tokio::test]
async fn asking_again_answers_the_order_as_it_stands_whatever_became_of_it() {
    on_every_database(|world| async move {
        let (sent, cancelled) = (world.pending(100_01).await, world.pending(100_01).await);
        let first = world.auditor().get(&format!("/orders/{sent}")).await;

        let pending = world.worker().create(&sent, &creation(100_01)).await;
        world.worker().approve(&sent).await;
        let approved = world.worker().create(&sent, &creation(100_01)).await;
        let marked = world.back_office().mark_sent(&sent).await;
        world.worker().approve(&cancelled).await;
        let called_off = world.shop().cancel(&cancelled).await;

        assert_eq!((pending.status, &pending.body), (200, &first.body));
        assert_eq!((approved.status, &approved.body["status"]), (200, &json!("approved")));
        assert!(approved.body["approved_at"].is_string(), "{approved:?}");
        let before = world.dump().await;
        for (id, stands) in [(&sent, marked), (&cancelled, called_off)] {
            let again = world.worker().create(id, &creation(100_01)).await;
            assert_eq!((again.status, &again.body), (200, &stands.body));
            assert!(again.body["approved_at"].is_string(), "{again:?}");
        }
        assert_eq!(world.dump().await, before);
    })
    .await;
}

#[tokio::test]
async fn an_order_written_down_by_many_at_once_is_one_order() {
    on_every_database(|world| async move {
        let (worker, id, body) = (world.worker(), new_id(), creation(100_01));

        let answers = join_all((0..32).map(|_| worker.create(&id, &body))).await;

        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 31);
        assert!(answers.iter().all(|answer| answer.body == answers[0].body), "{answers:?}");
    })
    .await;
}

#[tokio::test]
async fn the_request_of_the_process_is_understood_also_by_an_older_service() {
    on_every_database(|world| async move {
        let id = new_id();
        let mut body = creation(100_01);
        body["order_id"] = json!(id);
        let wire: CreateOrder = serde_json::from_value(body).expect("the contract");
        let mut body = serde_json::to_value(&wire).expect("json");
        body["of_tomorrow"] = json!({"a": 1});
        body["lines"][0]["of_tomorrow"] = json!(1);
        body["lines"][0]["unit_price"]["of_tomorrow"] = json!(1);

        let created = world.worker().create(&id, &body).await;

        assert_eq!((created.status, created.id()), (201, id));
    })
    .await;
}

#[tokio::test]
async fn another_request_under_the_same_id_is_refused_and_changes_nothing() {
    on_every_database(|world| async move {
        let (pending, discarded) = (world.pending(100_01).await, world.pending(100_01).await);
        let (approved, early) = (world.approved(100_01).await, new_id());
        world.worker().discard(&discarded, "risk_too_high").await;
        world.worker().discard(&early, "risk_too_high").await;
        let (before, tombstones) = (world.dump().await, world.tombstones().await);
        let mut other = creation(100_01);
        other["contents_hash"] = json!(OTHER_HASH);

        for id in [&pending, &discarded, &approved, &early] {
            let refused = world.worker().create(id, &other).await;

            assert_eq!(refused.problem(), (422, "contents_differ".into()));
        }
        assert_eq!((world.dump().await, world.tombstones().await), (before, tombstones));
    })
    .await;
}

#[tokio::test]
async fn an_order_of_which_none_can_be_made_is_refused_and_leaves_nothing_at_all() {
    on_every_database(|world| async move {
        let id = new_id();
        let with_second_line = |quantity: i64, amount: i64, currency: &str| {
            let mut body = creation(1);
            let line = json!({"sku": "b", "quantity": quantity,
                "unit_price": {"amount": amount, "currency": currency}});
            body["lines"].as_array_mut().expect("lines").push(line);
            body
        };

        for (code, body) in [
            ("mixed_currencies", with_second_line(1, 1, "USD")),
            ("total_too_large", with_second_line(1, i64::MAX, "EUR")),
            ("total_too_large", with_second_line(2, i64::MAX, "EUR")),
            ("nothing_to_pay", creation(0)),
        ] {
            let refused = world.worker().create(&id, &body).await;

            assert_eq!(refused.problem(), (422, code.into()), "{body}");
        }
        assert_eq!(world.dump().await, [""; 0]);
        assert_eq!(world.tombstones().await, [""; 0]);
        assert_eq!(world.worker().create(&id, &creation(1)).await.status, 201);
    })
    .await;
}

#[tokio::test]
async fn a_body_that_does_not_fit_is_refused_by_the_field() {
    on_every_database(|world| async move {
        let with = |change: &dyn Fn(&mut Value)| {
            let mut body = creation(1);
            change(&mut body);
            body
        };
        let cases = [
            ("/customer_id", with(&|body| body["customer_id"] = json!("ada"))),
            ("/lines", with(&|body| body["lines"] = json!([]))),
            ("/lines/0/sku", with(&|body| body["lines"][0]["sku"] = json!(" "))),
            ("/lines/0/sku", with(&|body| body["lines"][0]["sku"] = json!("a\u{0}"))),
            ("/lines/0/quantity", with(&|body| body["lines"][0]["quantity"] = json!(0))),
            ("/lines/0/unit_price/amount", creation(-1)),
            ("/contents_hash", with(&|body| body["contents_hash"] = json!(""))),
            ("/contents_hash", with(&|body| body["contents_hash"] = json!(HASH.to_uppercase()))),
            ("/contents_hash", with(&|body| body["contents_hash"] = json!(format!("{HASH}a")))),
        ];
        for (pointer, body) in cases {
            let refused = world.worker().create(&new_id(), &body).await;

            assert_eq!(refused.problem(), (422, "invalid_body".into()), "{body}");
            assert_eq!(refused.pointers(), [pointer], "{body}");
        }
        let no_id = world.worker().create("ord_1", &creation(1)).await;
        assert_eq!(no_id.problem(), (404, "not_found".into()));
        assert_eq!(world.tombstones().await, [""; 0]);
    })
    .await;
}
