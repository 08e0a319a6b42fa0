//! What a service answered, and what its refusals must look like.

use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

/// What the service answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The header fields.
    pub headers: HeaderMap,
    /// Text that is no JSON comes as a string.
    pub body: Value,
}

/// Sends a request and reads the whole answer.
pub async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.expect("a body");
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answer { status, headers, body }
}

impl Answer {
    /// A field of the body, as text.
    #[must_use]
    pub fn text(&self, field: &str) -> String {
        let value = self.body.get(field).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("no text {field} in {self:?}")).to_owned()
    }

    /// A list in the body.
    #[must_use]
    pub fn list(&self, field: &str) -> Vec<Value> {
        let value = self.body.get(field).and_then(Value::as_array);
        value.unwrap_or_else(|| panic!("no list {field} in {self:?}")).clone()
    }

    /// The id of what was answered.
    #[must_use]
    pub fn id(&self) -> String {
        self.text("id")
    }

    /// A header field, if it is there.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a readable header"))
    }

    /// Status and code of a refusal, whose body is checked to be a whole problem.
    #[must_use]
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        assert_eq!(self.body.get("status"), Some(&json!(self.status)), "{self:?}");
        assert!(!self.text("title").is_empty() && !self.text("detail").is_empty(), "{self:?}");
        assert_eq!(Some(self.text("request_id").as_str()), self.header("x-request-id"));
        let kind = self.text("type");
        let code = kind.strip_prefix("urn:lacadon:problem:");
        (self.status, code.unwrap_or_else(|| panic!("no problem type in {self:?}")).to_owned())
    }

    /// The fields that a refusal names.
    #[must_use]
    pub fn pointers(&self) -> Vec<String> {
        let pointer = |error: &Value| error.get("pointer")?.as_str().map(str::to_owned);
        self.list("errors").iter().map(|error| pointer(error).expect("a pointer")).collect()
    }
}
