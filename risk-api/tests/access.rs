//! Who may do what: every endpoint for every role, through HTTP.

use crate::support::on_every_database;
use risk_api::{ACCESS, AUDITOR, BACK_OFFICE, SHOP, WORKER};
use service_tests::WhoMay;

/// The table as the business wrote it: B back office, S shop, W worker, A auditor.
const WHO_MAY: WhoMay = WhoMay {
    letters: &[('B', BACK_OFFICE), ('S', SHOP), ('W', WORKER), ('A', AUDITOR)],
    rows: &[
        ("PUT", "/accounts/{customer_id}", "B"),
        ("GET", "/accounts/{customer_id}", "BSWA"),
        ("PUT", "/reservations/{order_id}", "W"),
        ("DELETE", "/reservations/{order_id}", "W"),
        ("GET", "/reservations/{order_id}", "BSWA"),
        ("POST", "/reservations/{order_id}/confirm", "W"),
        ("GET", "/reservations", "BWA"),
    ],
    examples: &[
        ("{customer_id}", "cus_ada"),
        ("{order_id}", "ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01"),
    ],
};

#[test]
fn the_table_says_what_the_business_wrote() {
    WHO_MAY.is_the_table(ACCESS);
}

#[tokio::test]
async fn every_endpoint_lets_in_whom_the_table_names_and_nobody_else() {
    on_every_database(|world| async move {
        WHO_MAY.is_what_it_does(&world).await;

        assert!(world.dump().await.is_empty());
        assert!(world.tombstones().await.is_empty());
        assert!(world.rows("select id from audit_trail").await.is_empty());
    })
    .await;
}
