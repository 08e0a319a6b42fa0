//! The OpenAPI document against the code.

use serde_json::Value;

#[test]
fn the_committed_document_is_the_generated_one() {
    assert!(
        document() == include_str!("../openapi.json"),
        "mend it: cargo run --package gateway -- openapi > gateway/openapi.json"
    );
}

#[test]
fn every_operation_says_what_it_refuses() {
    let document: Value = serde_json::from_str(&document()).expect("json");
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let responses = operation["responses"].as_object().expect("responses");
            for must in ["401", "403", "500", "503"] {
                assert!(responses.contains_key(must), "{method} {path} says nothing of {must}");
            }
            let reads_body = operation.get("requestBody").is_some();
            assert_eq!(responses.contains_key("413"), reads_body, "{method} {path}");
        }
    }
}

fn document() -> String {
    gateway::openapi_text().expect("a document")
}
