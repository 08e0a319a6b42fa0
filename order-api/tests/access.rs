//! Who may do what: every endpoint for every role, through HTTP.

use crate::support::on_every_database;
use order_api::access::{ACCESS, AUDITOR, BACK_OFFICE, SHOP, WORKER};
use service_tests::WhoMay;

/// The table as the business wrote it: B back office, S shop, W worker, A auditor.
const WHO_MAY: WhoMay = WhoMay {
    letters: &[('B', BACK_OFFICE), ('S', SHOP), ('W', WORKER), ('A', AUDITOR)],
    rows: &[
        ("POST", "/orders", "B"),
        ("GET", "/orders", "BSWA"),
        ("POST", "/orders/import", "B"),
        ("GET", "/orders/{id}", "BSWA"),
        ("PUT", "/orders/{id}", "W"),
        ("POST", "/orders/{id}/approve", "W"),
        ("POST", "/orders/{id}/discard", "W"),
        ("GET", "/orders/{id}/placement", "BSWA"),
        ("POST", "/orders/{id}/mark-sent", "B"),
        ("POST", "/orders/{id}/cancel", "BSW"),
        ("PUT", "/orders/{id}/notices/{kind}", "W"),
        ("GET", "/orders/{id}/notices", "BSA"),
        ("POST", "/outbox/claim", "W"),
        ("POST", "/outbox/ack", "W"),
        ("GET", "/outbox/events", "BA"),
        ("POST", "/outbox/events/{event_id}/release", "B"),
        ("POST", "/outbox/events/{event_id}/settle", "B"),
        ("PUT", "/derivation-key", "BS"),
    ],
    examples: &[("{id}", "ord_1"), ("{kind}", "order_approved"), ("{event_id}", "evt_1")],
};

#[test]
fn the_table_says_what_the_business_wrote() {
    WHO_MAY.is_the_table(ACCESS);
}

#[tokio::test]
async fn every_endpoint_lets_in_whom_the_table_names_and_nobody_else() {
    on_every_database(|world| async move {
        WHO_MAY.is_what_it_does(&world).await;

        assert_eq!(world.count("select count(*) from audit_trail").await, 0);
    })
    .await;
}
