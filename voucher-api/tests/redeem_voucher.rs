//! `POST /vouchers/{code}/redeem`.

use crate::support::on_every_database;
use contracts::OrderId;
use serde_json::json;

#[tokio::test]
async fn a_voucher_is_redeemed_once_and_the_same_order_may_ask_again() {
    on_every_database(|world| async move {
        let issued = world.issued_to("cus_ada").await;
        let (code, order_id) = (issued.text("code"), OrderId::make());

        let redeemed = world.shop().redeem(&code, "cus_ada", order_id).await;
        let again = world.shop().redeem(&code, "cus_ada", order_id).await;
        let other = world.shop().redeem(&code, "cus_ada", OrderId::make()).await;

        assert_eq!((redeemed.status, redeemed.text("status")), (200, "redeemed".into()));
        assert_eq!(redeemed.text("redeemed_order_id"), order_id.to_string());
        assert_eq!((again.status, again.body), (200, redeemed.body));
        assert_eq!(other.problem(), (409, "voucher_redeemed".into()));
    })
    .await;
}

#[tokio::test]
async fn of_orders_that_redeem_at_once_one_gets_the_voucher() {
    on_every_database(|world| async move {
        let code = world.issued_to("cus_ada").await.text("code");
        let shop = world.shop();
        let redeeming: Vec<_> = (0..8)
            .map(|_| {
                let path = format!("/vouchers/{code}/redeem");
                let asked = json!({"order_id": OrderId::make(), "customer_id": "cus_ada"});
                let request = shop.request(reqwest::Method::POST, &path).json(&asked);
                tokio::spawn(crate::support::answer(request))
            })
            .collect();

        let mut redeemed = 0;
        for answer in redeeming {
            match answer.await.expect("an answer").status {
                200 => redeemed += 1,
                status => assert_eq!(status, 409),
            }
        }
        assert_eq!(redeemed, 1);
    })
    .await;
}

#[tokio::test]
async fn another_customers_code_answers_exactly_as_one_that_does_not_exist() {
    on_every_database(|world| async move {
        let ada = world.issued_to("cus_ada").await;
        let spent = world.issued_to("cus_ada").await.text("code");
        world.shop().redeem(&spent, "cus_ada", OrderId::make()).await;
        // Nothing random: the code 0000-0000-0000-0000 has the check character 0.
        let unknown =
            world.shop().redeem("0000-0000-0000-0000-0", "cus_eve", OrderId::make()).await;

        for code in [ada.text("code"), spent, "no code at all".replace(' ', "%20")] {
            let refused = world.shop().redeem(&code, "cus_eve", OrderId::make()).await;

            assert_eq!(refused.problem(), (404, "voucher_unknown".into()));
            assert_eq!(refused.text("detail"), unknown.text("detail"));
        }
        let untouched = world.shop().get(&format!("/vouchers/{}", ada.text("id"))).await;
        assert_eq!(untouched.text("status"), "issued");
    })
    .await;
}

#[tokio::test]
async fn a_code_is_read_however_people_write_it() {
    on_every_database(|world| async move {
        let code = world.issued_to("cus_ada").await.text("code");
        let order_id = OrderId::make();

        for written in [
            code.to_lowercase(),
            code.replace('-', ""),
            code.replace('-', "%20"),
            code.replace('0', "o").replace('1', "l"),
            code.replace('0', "O").replace('1', "I"),
        ] {
            let redeemed = world.shop().redeem(&written, "cus_ada", order_id).await;
            assert_eq!(redeemed.status, 200, "{written}");
        }
    })
    .await;
}

#[tokio::test]
async fn looking_for_codes_that_do_not_exist_is_limited_and_a_right_code_costs_nothing() {
    on_every_database(|world| async move {
        let code = world.issued_to("cus_ada").await.text("code");
        let order_id = OrderId::make();
        for _ in 0..20 {
            assert_eq!(world.shop().redeem(&code, "cus_ada", order_id).await.status, 200);
        }

        for _ in 0..10 {
            let unknown = world.shop().redeem("0000-0000-0000-0000-0", "cus_ada", order_id).await;
            assert_eq!(unknown.status, 404);
        }
        let refused = world.shop().redeem("0000-0000-0000-0000-0", "cus_ada", order_id).await;

        assert_eq!(refused.problem(), (429, "too_many_lookups".into()));
        let seconds = refused.header("retry-after").and_then(|text| text.parse::<u32>().ok());
        assert!(seconds.is_some_and(|seconds| (1..=31).contains(&seconds)));
        let other = world.shop().redeem("0000-0000-0000-0000-0", "cus_bob", order_id).await;
        assert_eq!(other.status, 404, "another customer is not held up");
    })
    .await;
}

#[tokio::test]
async fn unknown_fields_are_refused() {
    on_every_database(|world| async move {
        let code = world.issued_to("cus_ada").await.text("code");
        let asked = json!({"order_id": OrderId::make(), "customer_id": "cus_ada", "tip": 1});

        let refused = world.shop().post(&format!("/vouchers/{code}/redeem"), &asked).await;

        assert_eq!(refused.problem(), (422, "invalid_body".into()));
        assert_eq!(refused.pointers(), ["/tip"]);
    })
    .await;
}
