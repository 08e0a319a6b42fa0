//! Extractors that answer problems: 400 malformed, 415 not JSON, 422 of the wrong content.

use super::{FieldError, Problem};
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::Segment;

/// A JSON body, read or answered.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "send the body as content-type: application/json",
            ));
        }
        // It is there: the stack around every route has read it.
        let body = Bytes::from_request(request, state).await;
        parse(&body.map_err(|_| malformed("the body could not be read; send it again"))?).map(Self)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|text| text.split(';').next()).unwrap_or("").trim();
    let (kind, subtype) = media_type.split_once('/').unwrap_or(("", ""));
    let subtype = subtype.to_ascii_lowercase();
    kind.eq_ignore_ascii_case("application") && (subtype == "json" || subtype.ends_with("+json"))
}

fn malformed(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed_body", detail.into())
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let json = &mut serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut *json).map_err(|error| {
        let pointer = pointer_to(error.path());
        let cause = error.into_inner();
        match cause.classify() {
            Category::Data => Problem::invalid_body(vec![FieldError::new(pointer, plain(&cause))]),
            Category::Io | Category::Syntax | Category::Eof => {
                malformed(format!("the body is not JSON: {cause}"))
            }
        }
    })?;
    json.end().map_err(|cause| malformed(format!("the body is not one JSON value: {cause}")))?;
    Ok(value)
}

/// Line and column say nothing to somebody whose program wrote the JSON.
fn plain(cause: &serde_json::Error) -> String {
    let text = cause.to_string();
    match text.rfind(" at line ") {
        Some(end) => {
            text.chars().take(text.get(..end).map_or(0, |head| head.chars().count())).collect()
        }
        None => text,
    }
}

fn pointer_to(path: &serde_path_to_error::Path) -> String {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                Some(format!("/{}", key.replace('~', "~0").replace('/', "~1")))
            }
            Segment::Unknown => None,
        })
        .collect()
}

/// The query parameters. Use `#[serde(deny_unknown_fields)]`, so that a misspelt filter is not ignored.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or("");
        let pairs = form_urlencoded::parse(query.as_bytes());
        let parsed = serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs));
        parsed.map(Self).map_err(|error| {
            let pointer = pointer_to(error.path());
            Problem::invalid_query(vec![FieldError::new(pointer, error.into_inner().to_string())])
        })
    }
}

/// The variable parts of the path. Take them as text and parse them: an id that cannot be is one that is unknown.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(Problem::not_found()),
        }
    }
}
