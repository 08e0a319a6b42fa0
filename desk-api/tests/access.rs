//! Who may do what: every endpoint for every role, through HTTP.

use crate::support::on_every_database;
use desk_api::{ACCESS, AUDITOR, BACK_OFFICE, WORKER};
use service_tests::WhoMay;

/// The table as the business wrote it: B back office, W worker, A auditor. The shop has no business here.
const WHO_MAY: WhoMay = WhoMay {
    letters: &[('B', BACK_OFFICE), ('W', WORKER), ('A', AUDITOR)],
    rows: &[
        ("PUT", "/cases/{kind}/{subject}", "BW"),
        ("GET", "/cases/{kind}/{subject}", "BWA"),
        ("POST", "/cases/{kind}/{subject}/resolve", "W"),
        ("POST", "/cases/{kind}/{subject}/decide", "B"),
        ("GET", "/cases", "BWA"),
    ],
    examples: &[("{kind}", "event_quarantined"), ("{subject}", "evt_1")],
};

#[test]
fn the_table_says_what_the_business_wrote() {
    WHO_MAY.is_the_table(ACCESS);
}

#[tokio::test]
async fn every_endpoint_lets_in_whom_the_table_names_and_nobody_else() {
    on_every_database(|world| async move {
        WHO_MAY.is_what_it_does(&world).await;

        assert!(world.rows("select subject from cases").await.is_empty());
        assert!(world.trail().await.is_empty());
    })
    .await;
}
