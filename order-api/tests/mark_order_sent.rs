//! Marking an order sent.

use crate::support::{World, on_every_database, secret_of};
use futures::future::{join, join_all};
use order_api::access::BACK_OFFICE;
use reqwest::Method;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const UNKNOWN: &str = "ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01";

#[tokio::test]
async fn a_sent_order_tells_its_subscribers_in_the_same_transaction() {
    on_every_database(|world| async move {
        let id = world.placed("a", 100_01).await;

        let sent = world.back_office().mark_sent(&id).await;

        assert_eq!((sent.status, &sent.body["status"]), (200, &json!("sent")));
        assert_eq!(sent.body["sent_at"], sent.body["updated_at"]);
        assert_eq!(sent.body["total"]["amount"], json!(100_01));
        assert_eq!(world.auditor().get(&format!("/orders/{id}")).await.body, sent.body);
        let events = world.worker().claim("worker-1").await;
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!((&events[0]["type"], &events[0]["subject"]), (&json!("order.sent"), &json!(id)));
    })
    .await;
}

#[tokio::test]
async fn a_sent_order_that_holds_credit_tells_of_that_too_and_no_other_does() {
    on_every_database(|world| async move {
        let of_shop = world.approved(100_01).await;
        let of_back_office = world.placed("a", 100_01).await;

        for _ in 0..2 {
            world.back_office().mark_sent(&of_shop).await;
            world.back_office().mark_sent(&of_back_office).await;
        }

        let expected = [
            format!("order.sent {of_shop}"),
            format!("order.sent.credit {of_shop}"),
            format!("order.sent {of_back_office}"),
        ];
        assert_eq!(world.events().await, expected);
    })
    .await;
}

#[tokio::test]
async fn an_order_that_is_not_approved_is_not_sent() {
    on_every_database(|world| async move {
        let (pending, rejected) = (world.pending(100_01).await, world.rejected(100_01).await);
        let before = world.dump().await;

        let not_yet = world.back_office().mark_sent(&pending).await;
        let never = world.back_office().mark_sent(&rejected).await;

        assert_eq!(not_yet.problem(), (409, "order_pending".into()));
        assert_eq!(never.problem(), (409, "order_rejected".into()));
        assert_eq!(world.dump().await, before);
        world.worker().approve(&pending).await;
        assert_eq!(world.back_office().mark_sent(&pending).await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn an_order_sent_by_many_at_once_is_sent_once() {
    on_every_database(|world| async move {
        let id = world.placed("a", 100_01).await;
        let back_office = world.back_office();

        let answers = join_all((0..32).map(|_| back_office.mark_sent(&id))).await;

        assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
        assert!(answers.iter().all(|answer| answer.body == answers[0].body), "{answers:?}");
        assert_eq!(world.count("select count(*) from outbox_events").await, 1);
        assert_eq!(
            world.count("select count(*) from audit_trail where action = 'order.sent'").await,
            1
        );
    })
    .await;
}

#[tokio::test]
async fn it_stays_on_record_who_marked_what_sent() {
    on_every_database(|world| async move {
        let id = world.placed("a", 100_01).await;
        let path = format!("/orders/{id}/mark-sent");
        let request =
            world.back_office().request(Method::POST, &path).header("x-request-id", "parcel-7");
        request.send().await.expect("an answer");

        let trail =
            "select caller || ' ' || role || ' ' || action || ' ' || subject || ' ' || request_id
            from audit_trail where action = 'order.sent'";
        let written = world.texts(trail).await;
        assert_eq!(written, [format!("back-office-1 back-office order.sent {id} parcel-7")]);
        for change in ["delete from audit_trail", "update audit_trail set caller = 'nobody'"] {
            assert!(world.run(change).await.is_err(), "{change} was let through");
        }
        assert_eq!(world.texts(trail).await, written);
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_order_is_not_sent() {
    on_every_database(|world| async move {
        let id = world.placed("a", 100_01).await;
        let cancelled = world.shop().cancel(&id).await;

        let refused = world.back_office().mark_sent(&id).await;

        assert_eq!(refused.problem(), (409, "order_cancelled".into()));
        assert_eq!(world.auditor().get(&format!("/orders/{id}")).await.body, cancelled.body);
        assert_eq!(world.count("select count(*) from outbox_events").await, 0);
    })
    .await;
}

#[tokio::test]
async fn an_order_that_nobody_placed_is_unknown() {
    on_every_database(|world| async move {
        for id in [UNKNOWN, "ord_1", "1", "%00", "ord_019A9F0C-52D1-7C3E-9D2B-6F1F0F6F7A01"] {
            let refused = world.back_office().mark_sent(id).await;

            assert_eq!(refused.problem(), (404, "order_unknown".into()), "{id}");
        }
        assert_eq!(world.count("select count(*) from outbox_events").await, 0);
    })
    .await;
}

#[tokio::test]
async fn an_order_sent_and_cancelled_at_once_ends_as_exactly_one_of_the_two() {
    on_every_database(|world| async move {
        let (back_office, shop) = (world.back_office(), world.shop());
        for round in 0..20 {
            let id = world.placed(&format!("race-{round}"), 100_01).await;

            let (sent, cancelled) = join(back_office.mark_sent(&id), shop.cancel(&id)).await;

            let outcome = world.auditor().get(&format!("/orders/{id}")).await.text("status");
            match outcome.as_str() {
                "sent" => {
                    assert_eq!(sent.status, 200, "{sent:?}");
                    assert_eq!(cancelled.problem(), (409, "order_sent".into()));
                }
                "cancelled" => {
                    assert_eq!(cancelled.status, 200, "{cancelled:?}");
                    assert_eq!(sent.problem(), (409, "order_cancelled".into()));
                }
                other => panic!("the order ended {other}"),
            }
        }
        let sent = world.count("select count(*) from orders where status = 'sent'").await;
        assert_eq!(world.count("select count(*) from outbox_events").await, sent);
    })
    .await;
}

#[tokio::test]
async fn a_caller_that_hangs_up_after_the_commit_loses_nothing() {
    on_every_database(|world| async move {
        let id = world.placed("a", 100_01).await;
        let unread = send_and_do_not_listen(&world, &id).await;
        world.wait_for("select count(*) from orders where status = 'sent'").await;
        drop(unread);

        let events = world.worker().claim("worker-1").await;
        let again = world.back_office().mark_sent(&id).await;

        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!((again.status, &again.body["status"]), (200, &json!("sent")));
        assert_eq!(world.count("select count(*) from outbox_events").await, 1);
    })
    .await;
}

async fn send_and_do_not_listen(world: &World, id: &str) -> TcpStream {
    let secret = secret_of(BACK_OFFICE);
    let request = format!(
        "POST /orders/{id}/mark-sent HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {secret}\r\n\
         content-length: 0\r\n\r\n"
    );
    let mut stream = TcpStream::connect(world.address()).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("the request is sent");
    stream
}
