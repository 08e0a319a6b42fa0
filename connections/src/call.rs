//! One HTTP call on a service of ours: one attempt, a deadline, and what of the answer is final.
//!
//! Final are a success and the problem types that the caller names (`order_unknown`, …). Everything else is retried
//! by Temporal: transport errors, 5xx, and any other 4xx too, for a 401 may be a key rotation and a 404 a proxy in
//! between. The client itself never retries, follows no redirect and uses no proxy of the environment.

use contracts::Reply;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::convert::Infallible;
use std::fmt;
use std::sync::Once;
use std::time::Duration;
use url::Url;

/// More than any answer of ours, and little enough to hold for every call in flight.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// A service on the same network answers this fast or not at all.
const CONNECT_LIMIT: Duration = Duration::from_millis(500);

/// Idle connections are dropped before the far side's own limit closes them under a request.
const IDLE_CONNECTION_LIMIT: Duration = Duration::from_secs(20);

/// What every problem type of ours begins with; its code follows.
const PROBLEM_TYPE_PREFIX: &str = "urn:lacadon:problem:";

/// The secret that this caller proves itself with. Never printed.
#[derive(Clone)]
pub struct BearerKey(HeaderValue);

impl BearerKey {
    /// Takes the text of a key file; surrounding white space is not part of the key.
    ///
    /// # Errors
    /// When it is empty or cannot stand in a header.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let text = text.trim();
        let mut value = HeaderValue::from_str(&format!("Bearer {text}")).map_err(|_| InvalidKey)?;
        value.set_sensitive(true);
        if text.is_empty() { Err(InvalidKey) } else { Ok(Self(value)) }
    }
}

impl fmt::Debug for BearerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerKey(…)")
    }
}

/// A key file without a usable key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key is one line of visible characters")]
pub struct InvalidKey;

/// One call: what is asked, and how long the whole answer may take.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// The method.
    pub method: Method,
    /// The segments of the path, not yet escaped.
    pub path: &'a [&'a str],
    /// The query, not yet escaped.
    pub query: &'a [(&'a str, &'a str)],
    /// From connecting to the last byte of the answer.
    pub deadline: Duration,
    /// Joins the logs of both sides.
    pub request_id: String,
}

impl<'a> Call<'a> {
    /// The same call with a query.
    #[must_use]
    pub fn with_query(self, query: &'a [(&'a str, &'a str)]) -> Self {
        Self { query, ..self }
    }
}

/// A problem of ours, as far as it decides what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The last segment of its type, as in `order_unknown`.
    pub code: String,
    /// The reason that some carry beside it, as a code.
    pub reason: Option<String>,
}

/// Why there is no final answer. Ask again; nothing is known of what happened.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Not reached, cut off, or too slow.
    #[error("{service} did not answer: {what}")]
    NoAnswer {
        /// Which service.
        service: &'static str,
        /// What happened, without addresses or contents.
        what: &'static str,
        /// The client's own words, for the log.
        #[source]
        cause: reqwest::Error,
    },
    /// Answered, and the answer settles nothing.
    #[error("{service} answered {status}{}", problem_code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default())]
    NotFinal {
        /// Which service.
        service: &'static str,
        /// Its status.
        status: StatusCode,
        /// The code of its problem type, if it gave one of ours.
        problem_code: Option<String>,
    },
    /// A success that cannot be read.
    #[error("{service} answered {status} with something else than expected: {what}")]
    Unreadable {
        /// Which service.
        service: &'static str,
        /// Its status.
        status: StatusCode,
        /// What is wrong with it, without its contents.
        what: String,
    },
}

/// A service of ours, and the right to call it.
#[derive(Debug, Clone)]
pub struct Service {
    name: &'static str,
    base: Url,
    key: BearerKey,
    client: reqwest::Client,
}

impl Service {
    /// Names a service by its address; nothing is connected yet.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(name: &'static str, base: Url, key: BearerKey) -> Result<Self, reqwest::Error> {
        install_crypto();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_LIMIT)
            .pool_idle_timeout(IDLE_CONNECTION_LIMIT)
            .tcp_nodelay(true)
            .build()?;
        Ok(Self { name, base, key, client })
    }

    /// What the service is called in logs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Asks without a body.
    ///
    /// # Errors
    /// [`CallError`]: no final answer.
    pub async fn ask<T: DeserializeOwned, R>(
        &self,
        call: Call<'_>,
        final_refusal: impl Fn(&Problem) -> Option<R>,
    ) -> Result<Reply<T, R>, CallError> {
        self.send(self.request(&call), final_refusal).await
    }

    /// Asks with a JSON body.
    ///
    /// # Errors
    /// [`CallError`]: no final answer.
    pub async fn ask_with<B: Serialize + Sync, T: DeserializeOwned, R>(
        &self,
        call: Call<'_>,
        body: &B,
        final_refusal: impl Fn(&Problem) -> Option<R>,
    ) -> Result<Reply<T, R>, CallError> {
        self.send(self.request(&call).json(body), final_refusal).await
    }

    /// Asks without a body where no refusal is final: whatever it is, it is mended outside and asked again.
    ///
    /// # Errors
    /// [`CallError`]: no final answer.
    pub async fn granted<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, CallError> {
        self.ask(call, nothing_is_final).await.map(only_granted)
    }

    /// The same with a JSON body.
    ///
    /// # Errors
    /// [`CallError`]: no final answer.
    pub async fn granted_with<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        call: Call<'_>,
        body: &B,
    ) -> Result<T, CallError> {
        self.ask_with(call, body, nothing_is_final).await.map(only_granted)
    }

    fn request(&self, call: &Call<'_>) -> RequestBuilder {
        let mut url = self.base.clone();
        // Only an address without a host has no path segments; the configuration refuses such.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(call.path);
        }
        self.client
            .request(call.method.clone(), url)
            .query(call.query)
            .timeout(call.deadline)
            .header(reqwest::header::AUTHORIZATION, self.key.0.clone())
            .header(ACCEPT, "application/json, application/problem+json")
            .header("x-request-id", &call.request_id)
    }

    async fn send<T: DeserializeOwned, R>(
        &self,
        request: RequestBuilder,
        final_refusal: impl Fn(&Problem) -> Option<R>,
    ) -> Result<Reply<T, R>, CallError> {
        let response = request.send().await.map_err(|cause| self.no_answer(cause))?;
        let status = response.status();
        let is_problem = says_problem(&response);
        let body = self.read(response).await?;
        if status.is_success() {
            // Retry: a proxy's page or a service gone wrong, never a refusal.
            return serde_json::from_slice(&body)
                .map(Reply::Granted)
                .map_err(|error| self.unreadable(status, error.to_string()));
        }
        let problem = if is_problem { read_problem(&body) } else { None };
        match problem.as_ref().and_then(final_refusal) {
            Some(refusal) if status.is_client_error() => Ok(Reply::Refused(refusal)),
            _ => {
                let problem_code = problem.map(|problem| problem.code);
                Err(CallError::NotFinal { service: self.name, status, problem_code })
            }
        }
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, CallError> {
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|cause| self.no_answer(cause))? {
            if body.len().saturating_add(chunk.len()) > MAX_ANSWER_BYTES {
                return Err(self.unreadable(status, format!("more than {MAX_ANSWER_BYTES} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn no_answer(&self, cause: reqwest::Error) -> CallError {
        let what = if cause.is_timeout() {
            "not in time"
        } else if cause.is_connect() {
            "it cannot be reached"
        } else {
            "the connection broke"
        };
        CallError::NoAnswer { service: self.name, what, cause: cause.without_url() }
    }

    fn unreadable(&self, status: StatusCode, what: String) -> CallError {
        CallError::Unreadable { service: self.name, status, what }
    }
}

fn nothing_is_final(_: &Problem) -> Option<Infallible> {
    None
}

fn only_granted<T>(reply: Reply<T, Infallible>) -> T {
    match reply {
        Reply::Granted(granted) => granted,
        Reply::Refused(impossible) => match impossible {},
    }
}

/// Reads the address of a service from a setting.
///
/// # Errors
/// When it is none, in words for whoever set it.
pub fn parse_url(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|error| format!("not a URL: {error}"))?;
    let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
    if is_http { Ok(url) } else { Err("an http:// or https:// URL is needed".to_owned()) }
}

/// Installs the process's one provider of cryptography, once; reqwest is built without one of its own.
pub fn install_crypto() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // An error means that the process has one already, which is all that is wanted.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

fn says_problem(response: &Response) -> bool {
    response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/problem+json"))
}

fn read_problem(body: &[u8]) -> Option<Problem> {
    #[derive(serde::Deserialize)]
    struct Body {
        #[serde(rename = "type")]
        problem_type: String,
        #[serde(default)]
        reason: Option<String>,
    }
    let body: Body = serde_json::from_slice(body).ok()?;
    let code = body.problem_type.strip_prefix(PROBLEM_TYPE_PREFIX)?;
    let is_code = |text: &str| {
        text.len() <= 64
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    is_code(code)
        .then(|| Problem { code: code.to_owned(), reason: body.reason.filter(|r| is_code(r)) })
}
