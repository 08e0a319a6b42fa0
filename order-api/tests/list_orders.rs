//! Listing orders.

use crate::support::{Answer, World, cart, on_every_database};
use serde_json::{Value, json};

#[tokio::test]
async fn orders_are_listed_oldest_first_page_by_page() {
    on_every_database(|world| async move {
        let placed = place_some(&world, 5).await;

        let first = world.auditor().get("/orders?limit=2").await;
        let second = world.auditor().get(&next("/orders?limit=2", &first)).await;
        let third = world.auditor().get(&next("/orders?limit=2", &second)).await;

        assert_eq!([ids(&first), ids(&second), ids(&third)].concat(), placed);
        assert_eq!(
            [&first.body["has_more"], &third.body["has_more"]],
            [&json!(true), &json!(false)]
        );
        assert_eq!(third.body["next_cursor"], Value::Null);
        let one = first.list("data").remove(0);
        assert_eq!(world.auditor().get(&format!("/orders/{}", placed[0])).await.body, one);
    })
    .await;
}

#[tokio::test]
async fn a_page_has_twenty_orders_unless_asked_otherwise() {
    on_every_database(|world| async move {
        place_some(&world, 21).await;

        assert_eq!(ids(&world.auditor().get("/orders").await).len(), 20);
        assert_eq!(ids(&world.auditor().get("/orders?limit=100").await).len(), 21);
        let whole = world.auditor().get("/orders?limit=21").await;
        assert_eq!((ids(&whole).len(), &whole.body["has_more"]), (21, &json!(false)));
    })
    .await;
}

#[tokio::test]
async fn orders_of_the_same_millisecond_are_listed_once_each() {
    on_every_database(|world| async move {
        let mut placed = place_some(&world, 5).await;
        placed.sort();
        world.run("update orders set created_at_ms = 7").await.expect("one time for all");

        assert_eq!(walk(&world, "/orders?limit=1").await, placed);
    })
    .await;
}

#[tokio::test]
async fn a_list_holds_what_was_asked_for() {
    on_every_database(|world| async move {
        let approved = world.placed("a", 1).await;
        let sent = world.sent("b", 1).await;
        let mut for_bob = cart(1);
        for_bob["customer_id"] = json!("cus_bob");
        let bobs = world.back_office().place("c", &for_bob).await.id();
        world.shop().cancel(&bobs).await;

        let list = async |query: &str| ids(&world.auditor().get(&format!("/orders?{query}")).await);
        assert_eq!(list("status=approved").await, [approved.as_str()]);
        assert_eq!(list("status=sent").await, [sent.as_str()]);
        assert_eq!(list("status=cancelled&customer_id=cus_bob").await, [bobs.as_str()]);
        assert_eq!(list("status=sent&customer_id=cus_bob").await, [""; 0]);
        assert_eq!(list("customer_id=cus_ada").await, [approved, sent]);
    })
    .await;
}

#[tokio::test]
async fn orders_that_are_not_approved_are_listed_only_when_asked_for() {
    on_every_database(|world| async move {
        let pending = world.pending(1).await;
        let rejected = world.rejected(1).await;
        let approved = world.approved(1).await;

        let list = async |query: &str| ids(&world.auditor().get(&format!("/orders{query}")).await);
        assert_eq!(list("").await, [approved.as_str()]);
        assert_eq!(list("?customer_id=cus_ada").await, [approved.as_str()]);
        assert_eq!(list("?updated_since=1970-01-01T00:00:00Z").await, [approved.as_str()]);
        assert_eq!(list("?status=approved").await, [approved.as_str()]);
        assert_eq!(list("?status=pending").await, [pending.as_str()]);
        assert_eq!(list("?status=rejected").await, [rejected.as_str()]);
    })
    .await;
}

#[tokio::test]
async fn an_order_that_is_approved_behind_a_walk_is_found_by_its_change() {
    on_every_database(|world| async move {
        let pending = world.pending(1).await;
        let placed = place_some(&world, 1).await;
        world.run("update orders set updated_at_ms = 1000").await.expect("long ago");
        assert_eq!(walk(&world, "/orders?limit=1").await, placed);

        world.worker().approve(&pending).await;

        let changed = world.auditor().get("/orders?updated_since=1970-01-01T00:00:02Z").await;
        assert_eq!(ids(&changed), [pending]);
    })
    .await;
}

#[tokio::test]
async fn whoever_keeps_up_sees_what_was_changed_since() {
    on_every_database(|world| async move {
        let placed = place_some(&world, 3).await;
        world.run("update orders set updated_at_ms = 1000").await.expect("long ago");
        let sent = world.back_office().mark_sent(&placed[1]).await;

        let since = sent.text("updated_at");
        let changed = world.auditor().get(&format!("/orders?updated_since={since}")).await;
        let all = world.auditor().get("/orders?updated_since=1970-01-01T01:00:01%2B01:00").await;

        assert_eq!(ids(&changed), [placed[1].clone()]);
        assert_eq!(ids(&all), placed);
    })
    .await;
}

#[tokio::test]
async fn a_walk_sees_every_order_once_while_orders_change_under_it() {
    on_every_database(|world| async move {
        let placed = place_some(&world, 6).await;
        let path = "/orders?updated_since=1970-01-01T00:00:00Z&limit=2";

        let first = world.auditor().get(path).await;
        for changed in [&placed[0], &placed[2], &placed[5]] {
            world.back_office().mark_sent(changed).await;
        }
        let second = world.auditor().get(&next(path, &first)).await;
        world.shop().cancel(&placed[4]).await;
        let third = world.auditor().get(&next(path, &second)).await;

        assert_eq!([ids(&first), ids(&second), ids(&third)].concat(), placed);
    })
    .await;
}

#[tokio::test]
async fn a_parameter_that_does_not_fit_is_refused_by_its_name() {
    on_every_database(|world| async move {
        for (pointer, query) in [
            ("/limit", "limit=0"),
            ("/limit", "limit=101"),
            ("/limit", "limit=-1"),
            ("/limit", "limit=ten"),
            ("/status", "status=lost"),
            ("/status", "status="),
            ("/customer_id", "customer_id=ada"),
            ("/customer_id", "customer_id=cus_%00"),
            ("/updated_since", "updated_since=yesterday"),
            ("/starting_after", "starting_after=ord_1"),
            ("/starting_after", "starting_after=1.%00"),
            ("/state", "state=approved"),
        ] {
            let refused = world.auditor().get(&format!("/orders?{query}")).await;

            assert_eq!(refused.problem(), (422, "invalid_query".into()), "{query}");
            assert_eq!(refused.pointers(), [pointer], "{query}");
        }
    })
    .await;
}

async fn place_some(world: &World, count: i64) -> Vec<String> {
    let mut placed = Vec::new();
    for number in 0..count {
        placed.push(world.placed(&format!("key-{number}"), number).await);
    }
    placed
}

fn ids(page: &Answer) -> Vec<String> {
    let id = |order: &Value| order["id"].as_str().expect("an id").to_owned();
    page.list("data").iter().map(id).collect()
}

fn next(path: &str, page: &Answer) -> String {
    format!("{path}&starting_after={}", page.text("next_cursor"))
}

async fn walk(world: &World, path: &str) -> Vec<String> {
    let mut page = world.auditor().get(path).await;
    let mut seen = ids(&page);
    while page.body["has_more"] == json!(true) {
        page = world.auditor().get(&next(path, &page)).await;
        seen.extend(ids(&page));
    }
    seen
}
