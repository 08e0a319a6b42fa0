//! The OpenAPI document against the code and against the table of access.

use desk_api::ACCESS;
use service_tests::openapi;

#[test]
fn the_committed_document_is_the_generated_one() {
    openapi::is_committed("desk-api", &document(), include_str!("../openapi.json"));
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
fn whatever_the_document_refers_to_is_in_it() {
    openapi::refers_to_nothing_that_is_missing(&document());
}

fn document() -> String {
    desk_api::openapi_text().expect("a document")
}
