//! `GET /vouchers`.

use crate::support::{Answer, on_every_database};
use contracts::{OrderId, VoucherId};
use serde_json::{Value, json};

fn ids(page: &Answer) -> Vec<String> {
    let data = page.body["data"].as_array().expect("a page");
    data.iter().map(|voucher| voucher["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn vouchers_are_listed_oldest_first_page_by_page() {
    on_every_database(|world| async move {
        let mut issued = Vec::new();
        for number in 0..5 {
            issued.push(world.issued_to(&format!("cus_{number}")).await.text("id"));
        }

        let mut listed = Vec::new();
        let mut path = "/vouchers?limit=2".to_owned();
        loop {
            let page = world.auditor().get(&path).await;
            listed.extend(ids(&page));
            if page.body["has_more"] == json!(false) {
                assert_eq!(page.body["next_cursor"], Value::Null);
                break;
            }
            path = format!("/vouchers?limit=2&starting_after={}", page.text("next_cursor"));
        }

        assert_eq!(listed, issued);
    })
    .await;
}

#[tokio::test]
async fn vouchers_are_found_by_order_and_by_customer() {
    on_every_database(|world| async move {
        let first = world.issued_to("cus_ada").await;
        let second = world.issued_to("cus_ada").await;
        let other = world.issued_to("cus_bob").await;
        let order = |voucher: &Answer| format!("order_id={}", voucher.text("order_id"));

        for (query, expected) in [
            ("customer_id=cus_ada".to_owned(), vec![first.text("id"), second.text("id")]),
            (order(&other), vec![other.text("id")]),
            (format!("{}&customer_id=cus_bob", order(&other)), vec![other.text("id")]),
            (format!("{}&customer_id=cus_ada", order(&other)), vec![]),
            ("customer_id=cus_nobody".to_owned(), vec![]),
        ] {
            let page = world.auditor().get(&format!("/vouchers?{query}")).await;
            assert_eq!(ids(&page), expected, "{query}");
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_keeps_up_asks_for_what_changed_since() {
    on_every_database(|world| async move {
        let issued = world.issued_to("cus_ada").await;
        let redeemed = world.issued_to("cus_ada").await;
        let code = world.back_office().get(&format!("/vouchers/{}", redeemed.text("id"))).await;
        let path = format!("/vouchers/{}/redeem", code.text("code"));
        let paid = json!({"customer_id": "cus_ada", "order_id": OrderId::make()});
        let redeemed = world.back_office().post(&path, &paid).await;
        let redeemed_at = redeemed.text("redeemed_at");

        let since = |moment: &str| format!("/vouchers?updated_since={moment}");
        let all = world.auditor().get(&since(&issued.text("issued_at"))).await;
        let of_the_redemption = world.auditor().get(&since(&redeemed_at)).await;
        let of_tomorrow = world.auditor().get(&since("2999-01-01T00:00:00Z")).await;

        assert_eq!(ids(&all), [issued.text("id"), redeemed.text("id")]);
        assert_eq!(ids(&of_the_redemption).last(), Some(&redeemed.text("id")));
        assert!(ids(&of_tomorrow).is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_page_has_twenty_vouchers_unless_the_caller_says_otherwise() {
    on_every_database(|world| async move {
        for _ in 0..21 {
            world.issued_to("cus_ada").await;
        }

        let page = world.auditor().get("/vouchers").await;

        assert_eq!((ids(&page).len(), &page.body["has_more"]), (20, &json!(true)));
        assert_eq!(ids(&world.auditor().get("/vouchers?limit=100").await).len(), 21);
    })
    .await;
}

#[tokio::test]
async fn a_query_that_does_not_fit_is_refused_by_name() {
    on_every_database(|world| async move {
        let unknown_cursor = format!("starting_after={}", VoucherId::make());
        for (query, pointer) in [
            ("limit=0", "/limit"),
            ("limit=101", "/limit"),
            ("limit=x", "/limit"),
            ("order_id=ord_1", "/order_id"),
            ("customer_id=ada", "/customer_id"),
            ("starting_after=x", "/starting_after"),
            ("updated_since=yesterday", "/updated_since"),
            (unknown_cursor.as_str(), "/starting_after"),
            ("status=redeemed", "/status"),
        ] {
            let refused = world.auditor().get(&format!("/vouchers?{query}")).await;

            assert_eq!(refused.problem(), (422, "invalid_query".into()), "{query}");
            assert_eq!(refused.pointers(), [pointer], "{query}");
        }
    })
    .await;
}
