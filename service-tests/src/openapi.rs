//! A service's OpenAPI document against the committed one, against the table of access, and for its refusals.

use chassis::auth::Access;
use serde_json::Value;
use std::collections::BTreeSet;

/// Fails unless the committed document is the generated one.
pub fn is_committed(package: &str, generated: &str, committed: &str) {
    assert!(
        committed == generated,
        "mend it: cargo run --package {package} -- openapi > {package}/openapi.json"
    );
}

/// Fails unless every operation has its row in the table of access and every row its operation.
pub fn has_the_rows_of(access: &[Access], document: &str) {
    let document = read(document);
    let paths = document["paths"].as_object().expect("paths");
    let described: BTreeSet<_> = paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().expect("operations").keys();
            methods.map(move |method| (method.to_uppercase(), path.clone()))
        })
        .collect();

    let allowed: BTreeSet<_> =
        access.iter().map(|row| (row.method.to_string(), row.route.to_owned())).collect();

    assert_eq!(described, allowed);
    assert_eq!(access.len(), allowed.len(), "a row is there twice");
}

/// Fails unless every operation describes the refusals that it can meet, each as a problem.
pub fn describes_refusals_as_problems(document: &str) {
    let document = read(document);
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let responses = operation["responses"].as_object().expect("responses");
            for must in ["401", "403", "500", "503"] {
                assert!(responses.contains_key(must), "{method} {path} says nothing of {must}");
            }
            let reads_body = operation.get("requestBody").is_some();
            assert_eq!(responses.contains_key("413"), reads_body, "{method} {path}");
            for (status, response) in
                responses.iter().filter(|(status, _)| status.as_str() >= "400")
            {
                let response = resolved(&document, response);
                let content = &response["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(content, "#/components/schemas/Problem", "{method} {path} {status}");
            }
        }
    }
}

/// Fails unless whatever the document refers to is in it.
pub fn refers_to_nothing_that_is_missing(document: &str) {
    let document = read(document);
    let mut missing = BTreeSet::new();
    let mut unread = vec![&document];
    while let Some(value) = unread.pop() {
        match value {
            Value::Object(fields) => unread.extend(fields.values()),
            Value::Array(items) => unread.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        if let Some(reference) = value.get("$ref").and_then(Value::as_str)
            && document.pointer(reference.trim_start_matches('#')).is_none()
        {
            missing.insert(reference);
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

fn read(document: &str) -> Value {
    serde_json::from_str(document).expect("json")
}

fn resolved<'a>(document: &'a Value, response: &'a Value) -> &'a Value {
    match response.get("$ref").and_then(Value::as_str) {
        Some(reference) => {
            document.pointer(reference.trim_start_matches('#')).expect("a component")
        }
        None => response,
    }
}
