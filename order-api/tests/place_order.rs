//! Placing an order by the back office.

use crate::support::{World, cart, on_every_database, secret_of};
use futures::future::join_all;
use order_api::access::BACK_OFFICE;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

#[tokio::test]
async fn an_order_costs_the_sum_of_its_lines() {
    on_every_database(|world| async move {
        for (key, cents) in [("a", 99_99), ("b", 100_00), ("c", 100_01), ("d", 0), ("e", i64::MAX)]
        {
            let placed = world.back_office().place(key, &cart(cents)).await;

            assert_eq!(placed.status, 201, "{placed:?}");
            assert_eq!(placed.body["total"], json!({"amount": cents, "currency": "EUR"}));
        }
        let placed = world.back_office().place("f", &cart_of(&[(3, 33_33), (1, 2)])).await;
        assert_eq!(placed.body["total"]["amount"], json!(100_01));
    })
    .await;
}

#[tokio::test]
async fn a_new_order_is_approved_not_sent_and_found_at_its_location() {
    on_every_database(|world| async move {
        let placed = world.back_office().place("a", &cart(100_01)).await;

        assert_eq!(placed.body["status"], "approved");
        assert_eq!(placed.body["sent_at"], Value::Null);
        assert_eq!(placed.body["approved_at"], placed.body["placed_at"]);
        assert!(placed.body.get("external_ref").is_none(), "{placed:?}");
        let location = placed.header("location").expect("a location").to_owned();
        assert_eq!(location, format!("/orders/{}", placed.id()));
        assert_eq!(world.auditor().get(&location).await.body, placed.body);
    })
    .await;
}

#[tokio::test]
async fn an_order_of_the_back_office_says_so_and_who_entered_it() {
    on_every_database(|world| async move {
        let placed = world.back_office().place("a", &cart(1)).await;

        assert_eq!(placed.body["origin"], "back_office");
        let trail =
            "select caller || ' ' || subject from audit_trail where action = 'order.placed'";
        assert_eq!(world.texts(trail).await, [format!("back-office-1 {}", placed.id())]);
    })
    .await;
}

#[tokio::test]
async fn the_shop_places_no_order_past_the_process_that_decides() {
    on_every_database(|world| async move {
        let refused = world.shop().place("a", &cart(1)).await;

        assert_eq!(refused.problem(), (403, "forbidden".into()));
        assert_eq!(world.count("select count(*) from orders").await, 0);
    })
    .await;
}

#[tokio::test]
async fn the_same_key_and_body_place_one_order_and_get_one_answer() {
    on_every_database(|world| async move {
        let first = world.back_office().place("a", &cart(100_01)).await;
        world.back_office().mark_sent(&first.id()).await;

        let again = world.back_office().place("a", &cart(100_01)).await;

        assert_eq!((again.status, &again.body), (201, &first.body));
        assert_eq!(first.header("idempotency-replayed"), None);
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(world.count("select count(*) from orders").await, 1);
    })
    .await;
}

#[tokio::test]
async fn the_same_request_sent_by_many_at_once_places_one_order() {
    on_every_database(|world| async move {
        let (back_office, cart) = (world.back_office(), cart(100_01));

        let answers = join_all((0..32).map(|_| back_office.place("a", &cart))).await;

        assert!(answers.iter().all(|answer| answer.status == 201), "{answers:?}");
        assert!(answers.iter().all(|answer| answer.body == answers[0].body), "{answers:?}");
        let is_new =
            |answer: &&_| crate::support::Answer::header(answer, "idempotency-replayed").is_none();
        assert_eq!(answers.iter().filter(is_new).count(), 1);
        assert_eq!(world.count("select count(*) from audit_trail").await, 1);
    })
    .await;
}

#[tokio::test]
async fn the_order_of_fields_makes_no_other_request() {
    on_every_database(|world| async move {
        let first = world.back_office().place("a", &cart(1)).await;
        let text = r#"{ "lines": [ {"unit_price": {"currency": "EUR", "amount": 1}, "quantity": 1,
            "sku": "lamp-01"} ], "customer_id": "cus_ada" }"#;

        let request =
            world.back_office().request(Method::POST, "/orders").header("idempotency-key", "a");
        let request = request.header("content-type", "application/json").body(text);
        let again = request.send().await.expect("an answer");

        assert_eq!(again.status(), 201);
        assert_eq!(again.json::<Value>().await.expect("an order"), first.body);
    })
    .await;
}

#[tokio::test]
async fn a_key_that_placed_another_order_is_refused() {
    on_every_database(|world| async move {
        world.placed("a", 100_01).await;

        let refused = world.back_office().place("a", &cart(100_02)).await;

        assert_eq!(refused.problem(), (422, "key_reused".into()));
        assert_eq!(world.count("select count(*) from orders").await, 1);
    })
    .await;
}

#[tokio::test]
async fn the_keys_of_one_caller_do_not_meet_those_of_another() {
    on_every_database(|world| async move {
        let first = world.back_office().place("a", &cart(1)).await;
        world.run("update orders set placed_by = 'back-office-2'").await.expect("a colleague's");
        let second = world.back_office().place("a", &cart(2)).await;

        assert_eq!((first.status, second.status), (201, 201));
        assert_ne!(first.id(), second.id());
    })
    .await;
}

#[tokio::test]
async fn an_order_needs_a_readable_key() {
    on_every_database(|world| async move {
        let without = world.back_office().post("/orders", &cart(1)).await;
        let too_long = world.back_office().place(&"k".repeat(256), &cart(1)).await;
        let longest = world.back_office().place(&"k".repeat(255), &cart(1)).await;

        assert_eq!(without.problem(), (400, "idempotency_key_required".into()));
        assert_eq!(too_long.problem(), (400, "idempotency_key_invalid".into()));
        assert_eq!(longest.status, 201);
    })
    .await;
}

#[tokio::test]
async fn an_order_in_two_currencies_is_refused() {
    on_every_database(|world| async move {
        let mut cart = cart_of(&[(1, 1), (1, 1)]);
        cart["lines"][1]["unit_price"]["currency"] = json!("USD");

        let refused = world.back_office().place("a", &cart).await;

        assert_eq!(refused.problem(), (422, "mixed_currencies".into()));
        assert_eq!(refused.pointers(), ["/lines/1/unit_price/currency"]);
    })
    .await;
}

#[tokio::test]
async fn a_total_beyond_64_bits_is_refused() {
    on_every_database(|world| async move {
        for lines in [&[(1, i64::MAX), (1, 1)][..], &[(2, i64::MAX)], &[(1_000_000, i64::MAX)]] {
            let refused = world.back_office().place("a", &cart_of(lines)).await;

            assert_eq!(refused.problem(), (422, "total_too_large".into()));
        }
        assert_eq!(world.count("select count(*) from orders").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_body_that_does_not_fit_is_refused_by_the_field() {
    on_every_database(|world| async move {
        let line =
            json!({"sku": "lamp", "quantity": 1, "unit_price": {"amount": 1, "currency": "EUR"}});
        let with_line = |change: &dyn Fn(&mut Value)| {
            let mut changed = line.clone();
            change(&mut changed);
            json!({"customer_id": "cus_ada", "lines": [changed]})
        };
        let cases = [
            ("/lines", json!({"customer_id": "cus_ada", "lines": []})),
            ("/lines", json!({"customer_id": "cus_ada", "lines": vec![line.clone(); 201]})),
            ("/customer_id", json!({"customer_id": "ada@shop.example", "lines": [line.clone()]})),
            ("/total", json!({"customer_id": "cus_ada", "lines": [line.clone()], "total": 1})),
            ("/lines/0/sku", with_line(&|line| line["sku"] = json!("  "))),
            ("/lines/0/sku", with_line(&|line| line["sku"] = json!("a\u{0}b"))),
            ("/lines/0/sku", with_line(&|line| line["sku"] = json!("x".repeat(256)))),
            ("/lines/0/quantity", with_line(&|line| line["quantity"] = json!(0))),
            ("/lines/0/quantity", with_line(&|line| line["quantity"] = json!(1_000_001))),
            ("/lines/0/quantity", with_line(&|line| line["quantity"] = json!(1.5))),
            ("/lines/0/name", with_line(&|line| line["name"] = json!("Lamp"))),
            (
                "/lines/0/unit_price/amount",
                with_line(&|line| line["unit_price"]["amount"] = json!(-1)),
            ),
            (
                "/lines/0/unit_price/amount",
                with_line(&|line| line["unit_price"]["amount"] = json!(u64::MAX)),
            ),
            (
                "/lines/0/unit_price/currency",
                with_line(&|line| line["unit_price"]["currency"] = json!("eur")),
            ),
            (
                "/lines/0/unit_price/cents",
                with_line(&|line| line["unit_price"]["cents"] = json!(1)),
            ),
        ];
        for (pointer, body) in cases {
            let refused = world.back_office().place("a", &body).await;

            assert_eq!(refused.problem(), (422, "invalid_body".into()), "{body}");
            assert_eq!(refused.pointers(), [pointer], "{body}");
        }
        assert_eq!(world.count("select count(*) from orders").await, 0);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_json_or_too_much_of_it_is_refused() {
    on_every_database(|world| async move {
        let send = async |content_type: &'static str, body: String| {
            let request = world.back_office().request(Method::POST, "/orders");
            let request =
                request.header("idempotency-key", "a").header("content-type", content_type);
            crate::support::answer(request.body(body)).await.problem()
        };

        let json = "application/json";
        assert_eq!(send(json, "{".into()).await, (400, "malformed_body".into()));
        assert_eq!(send("text/plain", "{}".into()).await, (415, "unsupported_media_type".into()));
        assert_eq!(send(json, " ".repeat(65 * 1024)).await, (413, "body_too_large".into()));
    })
    .await;
}

#[tokio::test]
async fn two_hundred_lines_are_one_order() {
    on_every_database(|world| async move {
        let placed = world.back_office().place("a", &cart_of(&[(1_000_000, 1); 200])).await;

        assert_eq!(placed.status, 201, "{placed:?}");
        assert_eq!(placed.body["total"]["amount"], json!(200_000_000));
        assert_eq!(placed.list("lines").len(), 200);
    })
    .await;
}

#[tokio::test]
async fn a_caller_that_hangs_up_after_the_commit_finds_its_order() {
    on_every_database(|world| async move {
        let unread = send_and_do_not_listen(&world, "a").await;
        world.wait_for("select count(*) from orders").await;
        drop(unread);

        let again = world.back_office().place("a", &cart(100_01)).await;

        assert_eq!(again.status, 201, "{again:?}");
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(world.count("select count(*) from orders").await, 1);
    })
    .await;
}

async fn send_and_do_not_listen(world: &World, key: &str) -> TcpStream {
    let body = cart(100_01).to_string();
    let (secret, length) = (secret_of(BACK_OFFICE), body.len());
    let request = format!(
        "POST /orders HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {secret}\r\n\
         idempotency-key: {key}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    let mut stream = TcpStream::connect(world.address()).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("the request is sent");
    stream
}

/// Quantity and euro cents of each line.
fn cart_of(lines: &[(i64, i64)]) -> Value {
    let line = |(quantity, cents): &(i64, i64)| json!({"sku": "lamp-01", "quantity": quantity, "unit_price": {"amount": cents, "currency": "EUR"}});
    json!({"customer_id": "cus_ada", "lines": lines.iter().map(line).collect::<Vec<_>>()})
}
