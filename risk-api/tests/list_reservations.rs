//! `GET /reservations`.

use crate::support::{Answer, World, on_every_database};
use contracts::OrderId;

fn orders(page: &Answer) -> Vec<String> {
    let id = |row: &serde_json::Value| row["order_id"].as_str().expect("an id").to_owned();
    page.list("data").iter().map(id).collect()
}

async fn reserved(world: &World, count: usize) -> Vec<OrderId> {
    world.grant("cus_ada", 1_000_00).await;
    let mut reserved = Vec::new();
    for _ in 0..count {
        let order_id = OrderId::make();
        assert_eq!(world.reserve(order_id, "cus_ada", 1_00).await.status, 201);
        reserved.push(order_id);
    }
    reserved
}

#[tokio::test]
async fn reservations_are_listed_oldest_first_page_by_page_although_one_is_undone_meanwhile() {
    on_every_database(|world| async move {
        let made = reserved(&world, 5).await;

        let first = world.auditor().get("/reservations?limit=2").await;
        world.undo(made[1], "timed_out").await;
        let next = first.text("next_cursor");
        let path = format!("/reservations?limit=2&starting_after={next}");
        let second = world.auditor().get(&path).await;
        let path = format!("/reservations?limit=2&starting_after={}", second.text("next_cursor"));
        let third = world.auditor().get(&path).await;

        let listed = [orders(&first), orders(&second), orders(&third)].concat();
        assert_eq!(listed, made.iter().map(OrderId::to_string).collect::<Vec<_>>());
        assert_eq!(third.body["has_more"], false);
        assert!(third.body["next_cursor"].is_null());
    })
    .await;
}

#[tokio::test]
async fn reservations_are_found_by_state_and_by_when_they_changed() {
    on_every_database(|world| async move {
        let made = reserved(&world, 3).await;
        world.confirm(made[1]).await;
        world.close(made[2], "order_sent").await;

        for (state, order) in [("reserved", made[0]), ("confirmed", made[1]), ("released", made[2])]
        {
            let page = world.back_office().get(&format!("/reservations?state={state}")).await;
            assert_eq!(orders(&page), [order.to_string()], "{state}");
        }
        let changed = world.worker().get("/reservations?state=confirmed").await;
        let since = changed.list("data")[0]["updated_at"].as_str().expect("a time").to_owned();
        let path = format!("/reservations?updated_since={since}");
        let page = world.worker().get(&path).await;
        assert!(orders(&page).contains(&made[1].to_string()), "{page:?}");
        assert!(orders(&page).contains(&made[2].to_string()), "{page:?}");
        let path = "/reservations?updated_since=2999-01-01T00:00:00Z";
        assert!(orders(&world.worker().get(path).await).is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    on_every_database(|world| async move {
        for query in [
            "limit=0",
            "limit=101",
            "limit=x",
            "state=lost",
            "updated_since=yesterday",
            "starting_after=ord_1",
            "customer=cus_ada",
        ] {
            let refused = world.auditor().get(&format!("/reservations?{query}")).await;
            assert_eq!(refused.problem(), (422, "invalid_query".into()), "{query}");
        }
    })
    .await;
}
