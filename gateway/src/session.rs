//! `POST /session` and `DELETE /session`: a browser keeps the customer's token where no script can read it.

use crate::customer::{Site, cross_site, site_of};
use crate::shop::Shop;
use crate::token::{InvalidToken, Known};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::problem::{Json, Problem, ProblemBody};
use cookie::{Cookie, SameSite};
use serde::Deserialize;
use utoipa::ToSchema;

/// The session's cookie.
pub(crate) const SESSION_COOKIE: &str = "lacadon_session";

/// What a session begins with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeginSession {
    /// The customer's token.
    token: String,
}

/// Begin a session.
///
/// The answer sets an HttpOnly cookie that holds as long as the token.
#[utoipa::path(
    post,
    path = "/session",
    operation_id = "begin_session",
    tag = "session",
    request_body = BeginSession,
    responses(
        (
            status = 204, description = "The session is open.",
            headers(("Set-Cookie" = String, description = "The session."))
        ),
        (
            status = 401, description = "`token_invalid`: not a token of this shop, or over.",
            body = ProblemBody, content_type = "application/problem+json"
        ),
    )
)]
pub(crate) async fn begin_session(
    State(shop): State<Shop>,
    headers: HeaderMap,
    Json(begin): Json<BeginSession>,
) -> Result<Response, Problem> {
    Ok((StatusCode::NO_CONTENT, begun(&shop, &headers, &begin.token)?).into_response())
}

/// End the session.
///
/// Repeatable. The token itself holds until its own end.
#[utoipa::path(
    delete,
    path = "/session",
    operation_id = "end_session",
    tag = "session",
    responses((
        status = 204, description = "There is no session any more.",
        headers(("Set-Cookie" = String, description = "Takes the session away."))
    ))
)]
pub(crate) async fn end_session(headers: HeaderMap) -> Result<Response, Problem> {
    Ok((StatusCode::NO_CONTENT, ended(&headers)?).into_response())
}

/// The header that begins a session. Nobody else's page may: it would make a person order as somebody else.
pub(crate) fn begun(
    shop: &Shop,
    headers: &HeaderMap,
    token: &str,
) -> Result<[(HeaderName, HeaderValue); 1], Problem> {
    if site_of(headers) == Site::Another {
        return Err(cross_site());
    }
    let token = token.trim();
    let Known { valid_for, .. } = shop.token_key().read_token(token)?;
    let left_s = i64::try_from(valid_for.as_secs()).unwrap_or(i64::MAX);
    set(cookie(headers, token).max_age(cookie::time::Duration::seconds(left_s)).build())
}

/// The header that ends a session.
pub(crate) fn ended(headers: &HeaderMap) -> Result<[(HeaderName, HeaderValue); 1], Problem> {
    if site_of(headers) == Site::Another {
        return Err(cross_site());
    }
    set(cookie(headers, "").max_age(cookie::time::Duration::ZERO).build())
}

fn cookie<'a>(headers: &HeaderMap, value: &'a str) -> cookie::CookieBuilder<'a> {
    // Behind a proxy that ends TLS only the browser knows that it came over TLS.
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    Cookie::build((SESSION_COOKIE, value))
        .http_only(true)
        .same_site(SameSite::Strict)
        .path("/")
        .secure(origin.is_some_and(|origin| origin.starts_with("https://")))
}

fn set(cookie: Cookie<'_>) -> Result<[(HeaderName, HeaderValue); 1], Problem> {
    let mut value =
        HeaderValue::from_str(&cookie.to_string()).map_err(|_| Problem::from(InvalidToken))?;
    value.set_sensitive(true);
    Ok([(header::SET_COOKIE, value)])
}

impl From<InvalidToken> for Problem {
    fn from(invalid: InvalidToken) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "token_invalid", invalid.to_string())
    }
}
