//! Ending the process and starting it again, and callers that hang up.

use crate::support::{World, euro, on_every_database, secret_of};
use contracts::OrderId;
use contracts::credit::problem;
use risk_api::WORKER;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

#[tokio::test]
async fn a_restart_keeps_everything() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 100_00).await;
        let (kept, undone) = (OrderId::make(), OrderId::make());
        world.reserve(kept, "cus_ada", 30_00).await;
        world.undo(undone, "timed_out").await;
        let before = (world.dump().await, world.tombstones().await);

        let world = world.restart().await;

        assert_eq!((world.dump().await, world.tombstones().await), before);
        assert_eq!(world.available("cus_ada").await, 70_00);
        assert_eq!(world.reserve(kept, "cus_ada", 30_00).await.status, 200);
        let late = world.reserve(undone, "cus_ada", 1).await;
        assert_eq!(late.problem(), (409, problem::RELEASED.into()));
    })
    .await;
}

#[tokio::test]
async fn a_caller_that_hangs_up_after_the_commit_finds_its_reservation() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 100_00).await;
        let order_id = OrderId::make();
        let unread = send_and_do_not_listen(&world, order_id).await;
        world.wait_for("select order_id from reservations").await;
        drop(unread);

        let again = world.reserve(order_id, "cus_ada", 100_00).await;

        assert_eq!(again.status, 200, "{again:?}");
        assert_eq!(world.available("cus_ada").await, 0);
    })
    .await;
}

async fn send_and_do_not_listen(world: &World, order_id: OrderId) -> TcpStream {
    let body = json!({"customer_id": "cus_ada", "amount": euro(100_00)}).to_string();
    let (secret, length) = (secret_of(WORKER), body.len());
    let request = format!(
        "PUT /reservations/{order_id} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {secret}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    let mut stream = TcpStream::connect(world.address()).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("the request is sent");
    stream
}

#[tokio::test]
async fn whoever_hung_up_asks_again_and_finds_what_was_done() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 200_00).await;
        let orders: Vec<_> = (0..40).map(|_| OrderId::make()).collect();

        // Dropped at whatever point they have come to: before they are sent, before and after the commit.
        let sent: Vec<_> = orders
            .iter()
            .map(|order| tokio::spawn(world.reserving(*order, "cus_ada", 5_00).send()))
            .collect();
        for (number, request) in sent.into_iter().enumerate() {
            if number % 4 == 0 {
                let _ = request.await;
            } else {
                request.abort();
            }
        }

        for order in &orders {
            let again = world.reserve(*order, "cus_ada", 5_00).await;
            assert!([200, 201].contains(&again.status), "{again:?}");
        }
        assert_eq!(world.available("cus_ada").await, 0);
        for order in &orders {
            assert_eq!(world.undo(*order, "timed_out").await.status, 200);
        }
        assert_eq!(world.available("cus_ada").await, 200_00);
    })
    .await;
}
