//! Calls on the services, as an operator makes them. Refusals are kept as the service wrote them.

use anyhow::Context;
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// One call. The services answer in milliseconds or, by their own time limits, with a 503 or 504 well before this.
const ONE_CALL: Duration = Duration::from_secs(10);

/// Items of one page when a whole list is read: as many as a service gives.
const PAGE: &str = "100";

/// One service, as one caller.
#[derive(Clone)]
pub struct Api {
    service: &'static str,
    base: String,
    secret: String,
    client: reqwest::Client,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Api({} at {})", self.service, self.base)
    }
}

/// A problem as a service describes it (RFC 9457).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `urn:lacadon:problem:<code>`.
    #[serde(rename = "type", default)]
    pub problem_type: String,
    /// The code in words.
    #[serde(default)]
    pub title: String,
    /// The HTTP status.
    #[serde(default)]
    pub status: u16,
    /// What to do about it.
    #[serde(default)]
    pub detail: String,
    /// Names the request in the logs of the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Why, as a stable code, where the code alone does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The fields at fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// A field at fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// Where in the body.
    #[serde(default)]
    pub pointer: String,
    /// What is wrong with it.
    #[serde(default)]
    pub detail: String,
}

impl Problem {
    /// The last segment of its type, as in `order_unknown`.
    #[must_use]
    pub fn code(&self) -> &str {
        self.problem_type.rsplit(':').next().unwrap_or_default()
    }
}

/// Why a call has no answer to go on with.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The service said no, or that it cannot now.
    #[error("{}", sentence(service, problem))]
    Refused {
        /// Which service.
        service: &'static str,
        /// What it said.
        problem: Problem,
    },
    /// It is not known where the service is.
    #[error(
        "nothing runs on {data_dir}: start it with `cargo dev`, name another one with --data-dir, or say with \
         {variable} and LACADON_KEY_FILE where {service} is and which key to use"
    )]
    NothingRuns {
        /// Which service.
        service: &'static str,
        /// Where `run.json` was looked for.
        data_dir: String,
        /// What would have said it.
        variable: &'static str,
    },
    /// Nobody answered, or nothing that makes sense.
    #[error(
        "{service} at {base} does not answer: {source}; `cargo lacadon doctor` looks for the reason"
    )]
    Unreachable {
        /// Which service.
        service: &'static str,
        /// Where it was asked.
        base: String,
        /// What happened.
        source: reqwest::Error,
    },
}

/// An answer that is not a refusal.
#[derive(Debug, Clone)]
pub struct Answer {
    /// 200, 201 …
    pub status: StatusCode,
    /// Whether the service says that it gave this answer before (`Idempotency-Replayed`).
    pub is_replayed: bool,
    /// The JSON body.
    pub body: Value,
}

impl Api {
    /// A service at `base`, called with `secret`.
    ///
    /// # Errors
    /// When there can be no HTTP client.
    pub fn new(service: &'static str, base: &str, secret: String) -> anyhow::Result<Self> {
        let base = base.trim_end_matches('/').to_owned();
        Ok(Self { service, base, secret, client: crate::http::client(ONE_CALL)? })
    }

    /// The same service through the same connections, as another caller.
    #[must_use]
    pub fn called_with(&self, secret: String) -> Self {
        Self { secret, ..self.clone() }
    }

    /// Where it is.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Reads something.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value, CallError> {
        let request = self.request(Method::GET, path).query(query);
        Ok(self.send(request).await?.body)
    }

    /// Changes something.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, CallError> {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Changes something that has no body.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn post_empty(&self, path: &str) -> Result<Answer, CallError> {
        self.send(self.request(Method::POST, path)).await
    }

    /// Makes something, at most once per key.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn post_once(
        &self,
        path: &str,
        key: &str,
        body: &Value,
    ) -> Result<Answer, CallError> {
        let request = self.request(Method::POST, path).header("idempotency-key", key);
        self.send(request.json(body)).await
    }

    /// Sets something.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn put(&self, path: &str, body: &Value) -> Result<Answer, CallError> {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    /// Every item of a list, page by page.
    ///
    /// # Errors
    /// [`CallError`], and a list that does not end properly.
    pub async fn all(&self, path: &str, query: &[(&str, String)]) -> anyhow::Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let mut asked = query.to_vec();
            asked.push(("limit", PAGE.to_owned()));
            asked.extend(after.iter().map(|cursor| ("starting_after", cursor.clone())));
            let page: Page = serde_json::from_value(self.get(path, &asked).await?)
                .with_context(|| format!("{} answers with no list at {path}", self.service))?;
            items.extend(page.data);
            match page.next_cursor {
                Some(cursor) if page.has_more && after.as_ref() != Some(&cursor) => {
                    after = Some(cursor);
                }
                _ => return Ok(items),
            }
        }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.secret)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer, CallError> {
        let failed = |source| {
            let source = reqwest::Error::without_url(source);
            CallError::Unreachable { service: self.service, base: self.base.clone(), source }
        };
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        let is_replayed =
            response.headers().get("idempotency-replayed").is_some_and(|value| value == "true");
        if status.is_success() {
            let body = response.json().await.map_err(failed)?;
            return Ok(Answer { status, is_replayed, body });
        }
        // A refusal that breaks off says nothing of its reason: it is no answer. One without a word is.
        let body = response.bytes().await.map_err(failed)?;
        let mut problem: Problem = serde_json::from_slice(&body).unwrap_or_default();
        problem.status = status.as_u16();
        Err(CallError::Refused { service: self.service, problem })
    }
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Value>,
    #[serde(default)]
    has_more: bool,
    #[serde(default)]
    next_cursor: Option<String>,
}

/// The problem as somebody would tell it, the service's advice first.
fn sentence(service: &str, problem: &Problem) -> String {
    let mut text = match (problem.detail.as_str(), problem.title.as_str()) {
        ("", "") => format!("{service} answers {} without a word", problem.status),
        ("", title) => format!("{service}: {title}"),
        (detail, _) => format!("{service}: {detail}"),
    };
    for error in &problem.errors {
        text.push_str(&format!("\n  {} {}", error.pointer, error.detail));
    }
    let request = problem.request_id.as_ref().map(|id| format!(", request {id}"));
    let code = if problem.code().is_empty() { "no code" } else { problem.code() };
    text.push_str(&format!(" ({} {code}{})", problem.status, request.unwrap_or_default()));
    text
}

/// A text field of a JSON object; a dash where it is missing or null.
#[must_use]
pub fn text(item: &Value, field: &str) -> String {
    match item.get(field) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => "-".to_owned(),
        Some(other) => other.to_string(),
    }
}

/// A sum of money in a JSON object, as people write it.
#[must_use]
pub fn money(item: &Value, field: &str) -> String {
    item.get(field)
        .and_then(|value| serde_json::from_value::<contracts::Money>(value.clone()).ok())
        .map_or_else(|| "-".to_owned(), |money| money.to_string())
}

/// A path segment, as it must be written in a URL.
#[must_use]
pub fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    /// An order that was rejected, as far as it is read by a client to whom so many bytes less arrive.
    async fn refusal_cut_by(bytes: usize) -> CallError {
        let body = r#"{"type": "urn:lacadon:problem:order_rejected", "reason": "risk_too_high"}"#;
        let length = body.len();
        let said = format!(
            "HTTP/1.1 409 Conflict\r\ncontent-type: application/problem+json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move {
            let (mut caller, _) = listener.accept().await.expect("a caller");
            let heard = caller.read(&mut [0; 4096]).await.expect("a request");
            assert!(heard > 0, "the caller went away");
            let arrives = &said.as_bytes()[..said.len() - bytes];
            caller.write_all(arrives).await.expect("written");
        });
        let api = Api::new("gateway", &base, String::new()).expect("a client");
        api.get("/placements/1", &[]).await.expect_err("it was refused")
    }

    #[tokio::test]
    async fn a_refusal_that_breaks_off_is_no_answer() {
        let cut = refusal_cut_by(20).await;
        assert!(matches!(cut, CallError::Unreachable { .. }), "{cut:?}");

        let whole = refusal_cut_by(0).await;
        let CallError::Refused { problem, .. } = &whole else { panic!("{whole:?}") };
        assert_eq!((problem.code(), problem.status), ("order_rejected", 409));
        assert_eq!(problem.reason.as_deref(), Some("risk_too_high"));
    }

    #[test]
    fn a_problem_is_told_with_its_advice_its_fields_and_its_code() {
        let problem = Problem {
            problem_type: "urn:lacadon:problem:invalid_body".into(),
            status: 422,
            detail: "mend the fields that are named".into(),
            request_id: Some("req-1".into()),
            errors: vec![FieldError { pointer: "/lines/0".into(), detail: "is empty".into() }],
            ..Problem::default()
        };

        assert_eq!(
            sentence("order-api", &problem),
            "order-api: mend the fields that are named\n  /lines/0 is empty (422 invalid_body, request req-1)"
        );
    }

    #[test]
    fn a_segment_cannot_leave_its_place_in_the_path() {
        assert_eq!(segment("../x?y=a b"), "..%2Fx%3Fy%3Da%20b");
    }
}
