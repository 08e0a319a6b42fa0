//! Who may do what: every endpoint for every role, through HTTP.

use crate::support::on_every_database;
use service_tests::WhoMay;
use sqlx::Row;
use voucher_api::{ACCESS, AUDITOR, BACK_OFFICE, SHOP, WORKER};

/// The table as the business wrote it: B back office, S shop, W worker, A auditor.
const WHO_MAY: WhoMay = WhoMay {
    letters: &[('B', BACK_OFFICE), ('S', SHOP), ('W', WORKER), ('A', AUDITOR)],
    rows: &[
        ("POST", "/vouchers", "W"),
        ("GET", "/vouchers", "BSWA"),
        ("GET", "/vouchers/{id}", "BSWA"),
        ("POST", "/vouchers/{code}/redeem", "BS"),
    ],
    examples: &[("{id}", "vch_1"), ("{code}", "0000")],
};

#[test]
fn the_table_says_what_the_business_wrote() {
    WHO_MAY.is_the_table(ACCESS);
}

#[tokio::test]
async fn every_endpoint_lets_in_whom_the_table_names_and_nobody_else() {
    on_every_database(|world| async move {
        WHO_MAY.is_what_it_does(&world).await;

        let rows = sqlx::query("select count(*) from audit_trail");
        let count = rows.fetch_one(world.database.reader()).await.expect("a count");
        assert_eq!(count.try_get::<i64, _>(0).expect("a number"), 0);
    })
    .await;
}
