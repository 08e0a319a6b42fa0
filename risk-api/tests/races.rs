//! Many at once: the limit holds, and do and undo never both win.

use crate::support::{World, answer, on_every_database};
use contracts::OrderId;
use reqwest::RequestBuilder;

/// Sends all at once; the answers' statuses, in the order of the requests.
async fn at_once(requests: Vec<RequestBuilder>) -> Vec<u16> {
    let sent: Vec<_> = requests.into_iter().map(|request| tokio::spawn(answer(request))).collect();
    let mut statuses = Vec::new();
    for answer in sent {
        statuses.push(answer.await.expect("an answer").status);
    }
    statuses
}

/// Orders that hold credit although they were released.
async fn live_with_tombstone(world: &World) -> Vec<String> {
    let both = "select r.order_id
        from reservations r
        join tombstones t on t.order_id = r.order_id
        where t.reason is not null and r.state <> 'released'";
    world.rows(both).await
}

#[tokio::test]
async fn however_many_reserve_at_once_the_limit_holds_and_is_used_up() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 100_00).await;
        let orders: Vec<_> = (0..60).map(|_| OrderId::make()).collect();

        // Each twice: a repeat takes nothing.
        let twice = orders.iter().chain(&orders);
        let requests = twice.map(|order| world.reserving(*order, "cus_ada", 7_00)).collect();
        let statuses = at_once(requests).await;

        let count = |status| statuses.iter().filter(|found| **found == status).count();
        assert_eq!(count(201), 14, "{statuses:?}");
        assert_eq!(count(200), 14, "{statuses:?}");
        assert_eq!(count(409), 92, "{statuses:?}");
        let account = world.account("cus_ada").await;
        let live = account.list("live_reservations");
        let sum: i64 = live.iter().map(|r| r["amount"]["amount"].as_i64().expect("cents")).sum();
        assert_eq!((live.len(), sum), (14, 98_00));
        assert_eq!(account.body["available"]["amount"], 100_00 - sum);
    })
    .await;
}

#[tokio::test]
async fn while_orders_come_and_go_the_limit_holds() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 50_00).await;
        for _ in 0..6 {
            let orders: Vec<_> = (0..12).map(|_| OrderId::make()).collect();
            let mut requests = Vec::new();
            for (number, order) in orders.iter().enumerate() {
                requests.push(world.reserving(*order, "cus_ada", 9_00));
                match number % 3 {
                    0 => requests.push(world.releasing(*order, "undo", "timed_out")),
                    1 => requests.push(world.releasing(*order, "close", "order_sent")),
                    _ => {}
                }
            }
            let statuses = at_once(requests).await;
            assert!(statuses.iter().all(|status| [200, 201, 409].contains(status)), "{statuses:?}");

            let account = world.account("cus_ada").await;
            let live = account.body["live_reservation_count"].as_i64().expect("a count");
            assert!(live <= 5, "{account:?}");
            assert_eq!(account.body["available"]["amount"], 50_00 - 9_00 * live);
            assert_eq!(live_with_tombstone(&world).await, Vec::<String>::new());
        }
    })
    .await;
}

#[tokio::test]
async fn of_a_reserve_and_its_release_at_once_the_release_always_has_the_last_word() {
    on_every_database(|world| async move {
        world.grant("cus_ada", i64::MAX).await;
        let before = world.dump().await;
        let orders: Vec<_> = (0..60).map(|_| OrderId::make()).collect();

        let mut requests = Vec::new();
        for (number, order) in orders.iter().enumerate() {
            let reserve = world.reserving(*order, "cus_ada", 1_00);
            let release = world.releasing(*order, "undo", "timed_out");
            let mut pair = [reserve, release];
            if number % 2 == 0 {
                pair.reverse();
            }
            requests.extend(pair);
            requests.push(world.reserving(*order, "cus_ada", 1_00));
        }
        let statuses = at_once(requests).await;

        assert!(statuses.iter().all(|status| [200, 201, 409].contains(status)), "{statuses:?}");
        assert_eq!(world.dump().await, before);
        let tombstones: Vec<_> = orders.iter().map(|order| format!("{order}|timed_out")).collect();
        let mut found = world.tombstones().await;
        found.sort();
        let mut expected = tombstones;
        expected.sort();
        assert_eq!(found, expected);
    })
    .await;
}

#[tokio::test]
async fn of_a_confirm_and_a_close_at_once_the_close_always_has_the_last_word() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 100_00).await;
        let mut requests = Vec::new();
        for _ in 0..20 {
            let order_id = OrderId::make();
            world.reserve(order_id, "cus_ada", 1_00).await;
            let path = format!("/reservations/{order_id}/confirm");
            requests.push(world.worker().request(reqwest::Method::POST, &path));
            requests.push(world.releasing(order_id, "close", "order_cancelled"));
        }

        let statuses = at_once(requests).await;

        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        assert_eq!(world.available("cus_ada").await, 100_00);
        assert_eq!(live_with_tombstone(&world).await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn while_refused_orders_are_forgotten_a_release_of_them_is_not() {
    on_every_database(|world| async move {
        let orders: Vec<_> = (0..40).map(|_| OrderId::make()).collect();

        // Nobody has an account, so that each reserve is refused and forgets its row while the release waits for it.
        let mut requests = Vec::new();
        for order in &orders {
            requests.push(world.reserving(*order, "cus_nobody", 1));
            requests.push(world.releasing(*order, "undo", "unknown_customer"));
            requests.push(world.reserving(*order, "cus_nobody", 1));
        }
        let statuses = at_once(requests).await;

        assert!(statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
        let mut expected: Vec<_> =
            orders.iter().map(|order| format!("{order}|unknown_customer")).collect();
        expected.sort();
        let mut found = world.tombstones().await;
        found.sort();
        assert_eq!(found, expected);
    })
    .await;
}
