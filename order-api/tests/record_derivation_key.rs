//! The one key from which an installation derives ids.

use crate::support::on_every_database;
use futures::future::join_all;
use serde_json::json;

const FIRST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const OTHER: &str = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752";

#[tokio::test]
async fn the_key_that_comes_first_is_the_key_of_the_installation() {
    on_every_database(|world| async move {
        let first =
            world.back_office().put("/derivation-key", &json!({"fingerprint": FIRST})).await;
        let again = world.shop().put("/derivation-key", &json!({"fingerprint": FIRST})).await;

        assert_eq!((first.status, &first.body["fingerprint"]), (201, &json!(FIRST)));
        assert_eq!((again.status, again.body), (200, first.body));
    })
    .await;
}

#[tokio::test]
async fn another_key_is_refused_with_the_advice_to_restore_the_first() {
    on_every_database(|world| async move {
        world.back_office().put("/derivation-key", &json!({"fingerprint": FIRST})).await;

        let refused =
            world.back_office().put("/derivation-key", &json!({"fingerprint": OTHER})).await;

        assert_eq!(refused.problem(), (409, "derivation_key_differs".into()));
        assert!(refused.text("detail").contains("restore the original key"), "{refused:?}");
        let kept = world.back_office().put("/derivation-key", &json!({"fingerprint": FIRST})).await;
        assert_eq!(kept.status, 200, "{kept:?}");
    })
    .await;
}

#[tokio::test]
async fn of_two_keys_that_come_at_once_one_is_recorded() {
    on_every_database(|world| async move {
        let back_office = world.back_office();
        let bodies = [json!({"fingerprint": FIRST}), json!({"fingerprint": OTHER})];

        let answers =
            join_all((0..16).map(|n| back_office.put("/derivation-key", &bodies[n % 2]))).await;

        let count = |status| answers.iter().filter(|answer| answer.status == status).count();
        assert_eq!((count(201), count(200), count(409)), (1, 7, 8), "{answers:?}");
    })
    .await;
}

#[tokio::test]
async fn a_fingerprint_is_64_hexadecimal_digits() {
    on_every_database(|world| async move {
        for bad in ["", "abc", &FIRST.to_uppercase(), &format!("{FIRST}0"), &"g".repeat(64)] {
            let refused =
                world.back_office().put("/derivation-key", &json!({"fingerprint": bad})).await;

            assert_eq!(refused.problem(), (422, "invalid_body".into()), "{bad}");
            assert_eq!(refused.pointers(), ["/fingerprint"], "{bad}");
        }
    })
    .await;
}
