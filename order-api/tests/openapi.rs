//! The OpenAPI document against the code and against the table of access.

use axum::http::Method;
use order_api::access::ACCESS;
use service_tests::openapi;

#[test]
fn the_committed_document_is_the_generated_one() {
    openapi::is_committed("order-api", &document(), include_str!("../openapi.json"));
}

#[test]
fn every_operation_has_its_row_in_the_table_of_access_and_every_row_its_operation() {
    openapi::has_the_rows_of(ACCESS, &document());
}

#[test]
fn every_refusal_is_described_as_a_problem() {
    openapi::describes_refusals_as_problems(&document());
}

#[test]
fn a_method_that_is_asked_for_is_one_that_is_known() {
    for access in ACCESS {
        assert!([Method::GET, Method::POST, Method::PUT].contains(&access.method), "{access:?}");
        assert!(!access.roles.is_empty(), "{access:?} lets nobody in");
    }
}

fn document() -> String {
    order_api::openapi_text().expect("a document")
}
