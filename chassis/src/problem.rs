//! Refusals as problem+json (RFC 9457), and extractors that answer them.
//!
//! The `problem_details` crate does not fit: it keeps `type` as an `http::Uri`, which cannot hold a URN.

mod document;
mod extract;

pub use document::{ProblemBody, document};
pub use extract::{Json, Path, Query};

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::borrow::Cow;
use tracing::error;
use utoipa::ToSchema;

tokio::task_local! {
    /// Set around every request, so that a problem can name it wherever it is made.
    pub(crate) static REQUEST_ID: String;
}

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Names the request that is being answered, as in the logs; `None` outside of one.
#[must_use]
pub fn request_id() -> Option<String> {
    REQUEST_ID.try_with(Clone::clone).ok()
}

/// Why a request was refused, in a form that programs (`code`) and people (`detail`) understand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    retry_after_s: Option<u32>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where in the body, a JSON pointer; for a query parameter `/` and its name.
    #[schema(example = "/lines/0/quantity")]
    pub pointer: String,
    /// What is wrong, for people.
    pub detail: String,
}

impl FieldError {
    /// Names a field and what is wrong with it.
    #[must_use]
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

impl Problem {
    /// A refusal. `code` is snake_case and stable (`order_unknown`); `detail` is a sentence that says what to do.
    #[must_use]
    pub fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { status, code, detail: detail.into(), errors: Vec::new(), retry_after_s: None }
    }

    /// 422 `invalid_body`: well-formed, but of the wrong shape or content, in these fields.
    #[must_use]
    pub fn invalid_body(errors: Vec<FieldError>) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_body",
            "the body does not fit; mend the fields named in errors",
        )
        .with_errors(errors)
    }

    /// 422 `invalid_query`: query parameters that do not exist or do not fit.
    #[must_use]
    pub fn invalid_query(errors: Vec<FieldError>) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_query",
            "the query parameters do not fit; mend those named in errors",
        )
        .with_errors(errors)
    }

    /// 404 `not_found`: there is no such route.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing here; check the path")
    }

    /// 500 `internal`: our fault. Logs the cause, which the caller does not see.
    #[must_use]
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        error!(%cause, "a request failed inside: {cause}");
        Self::logged_before()
    }

    /// 500 `internal`, its cause having been logged where it happened.
    pub(crate) fn logged_before() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something failed on our side; quote the request id when you report it",
        )
    }

    /// 503: cannot be answered now; the caller may ask again after so many seconds.
    #[must_use]
    pub fn unavailable(
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
        retry_after_s: u32,
    ) -> Self {
        let mut problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
        problem.retry_after_s = Some(retry_after_s);
        problem
    }

    /// Names the fields at fault.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }

    /// Says when to ask again, seconds.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The last segment of the problem's type.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    fn body(&self) -> ProblemBody {
        ProblemBody {
            problem_type: format!("urn:lacadon:problem:{}", self.code),
            title: title_of(self.code),
            status: self.status.as_u16(),
            detail: self.detail.to_string(),
            request_id: request_id(),
            errors: self.errors.clone(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = axum::Json(self.body());
        let mut response =
            (self.status, [(header::CONTENT_TYPE, CONTENT_TYPE)], body).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// `order_unknown` becomes `Order unknown`: one text per code, so that it needs no second list.
fn title_of(code: &str) -> String {
    let mut letters = code.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters.map(|c| if c == '_' { ' ' } else { c })).collect()
}
