//! Who asks: a customer with a bearer token, or a browser with a session. Nobody else gets past this file.
//!
//! A browser sends its session whoever made it send the request, so what changes something with a session must come
//! from a page of ours: the browser itself says so, and no other page can make it lie.

use crate::session::SESSION_COOKIE;
use crate::shop::Shop;
use crate::token::TokenKey;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use chassis::problem::Problem;
use contracts::CustomerId;
use cookie::Cookie;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The customer who asks. Take it as a handler's argument: without one, nobody known gets an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Customer(pub(crate) CustomerId);

/// Why nobody is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stranger {
    /// No token, or none that lets in.
    Nobody,
    /// A page of somebody else's made the browser send this.
    CrossSite,
}

/// Where a browser says that a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Site {
    Ours,
    Another,
    Unsaid,
}

impl FromRequestParts<Shop> for Customer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shop: &Shop) -> Result<Self, Problem> {
        Ok(known(&parts.method, &parts.headers, shop.token_key()).map(Self)?)
    }
}

/// Who this is. A bearer token counts before a session: whoever sends one means it.
pub(crate) fn known(
    method: &Method,
    headers: &HeaderMap,
    key: &TokenKey,
) -> Result<CustomerId, Stranger> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let bearer = value.to_str().ok().and_then(bearer_of).ok_or(Stranger::Nobody)?;
        return key.verify(bearer).map_err(|_| Stranger::Nobody);
    }
    let customer_id =
        session_of(headers).and_then(|token| key.verify(&token).ok()).ok_or(Stranger::Nobody)?;
    let is_safe = matches!(*method, Method::GET | Method::HEAD);
    if is_safe || site_of(headers) == Site::Ours {
        Ok(customer_id)
    } else {
        Err(Stranger::CrossSite)
    }
}

/// Whether a page of ours, or of somebody else's, made the browser send this.
pub(crate) fn site_of(headers: &HeaderMap) -> Site {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(&SEC_FETCH_SITE) {
        return if site == "same-origin" { Site::Ours } else { Site::Another };
    }
    let Some(origin) = text(&header::ORIGIN) else {
        return Site::Unsaid;
    };
    // The scheme is not compared: behind a proxy that ends TLS, this process does not know its own.
    let origin: Option<Uri> = origin.parse().ok();
    let authority = origin.as_ref().and_then(|origin| origin.authority()).map(|a| a.as_str());
    match text(&header::HOST) {
        Some(host) if authority == Some(host) => Site::Ours,
        _ => Site::Another,
    }
}

fn bearer_of(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn session_of(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    lines
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == SESSION_COOKIE)
        .map(|cookie| cookie.value().to_owned())
}

impl From<Stranger> for Problem {
    fn from(stranger: Stranger) -> Self {
        match stranger {
            Stranger::Nobody => Self::new(
                StatusCode::UNAUTHORIZED,
                "unauthenticated",
                "send your token as authorization: Bearer <token>, or begin a session with it",
            ),
            Stranger::CrossSite => cross_site(),
        }
    }
}

/// What a request is answered that a page of somebody else's sent.
pub(crate) fn cross_site() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "cross_site",
        "with a session this is done from the shop's own page only; use the page, or send a bearer token",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn key() -> TokenKey {
        TokenKey::of([7; 32])
    }

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let read = |(name, value): &(&str, &str)| {
            (name.parse::<HeaderName>().expect("a name"), value.parse().expect("a value"))
        };
        pairs.iter().map(read).collect()
    }

    fn token() -> String {
        let ada = "cus_ada".parse().expect("a customer id");
        key().issue(&ada, Duration::from_secs(60)).expect("a token")
    }

    #[test]
    fn a_bearer_token_lets_in_from_anywhere() {
        let bearer = format!("bearer {}", token());
        let headers = headers(&[("authorization", &bearer), ("sec-fetch-site", "cross-site")]);

        assert!(known(&Method::POST, &headers, &key()).is_ok());
    }

    #[test]
    fn a_bearer_token_that_is_wrong_is_not_made_good_by_a_session() {
        let cookie = format!("lacadon_session={}", token());
        let headers = headers(&[("authorization", "Bearer no"), ("cookie", &cookie)]);

        assert_eq!(known(&Method::GET, &headers, &key()), Err(Stranger::Nobody));
    }

    #[test]
    fn with_a_session_only_our_own_pages_change_anything() {
        let cookie = format!("theme=dark; lacadon_session={}", token());
        let ours = ("host", "shop.example:8080");
        for (said, is_let_in) in [
            (("sec-fetch-site", "same-origin"), true),
            (("sec-fetch-site", "same-site"), false),
            (("sec-fetch-site", "cross-site"), false),
            (("sec-fetch-site", "none"), false),
            (("origin", "http://shop.example:8080"), true),
            (("origin", "https://shop.example:8080"), true),
            (("origin", "http://evil.example"), false),
            (("origin", "null"), false),
            (("x-nothing", "said"), false),
        ] {
            let headers = headers(&[("cookie", &cookie), ours, said]);

            assert_eq!(known(&Method::POST, &headers, &key()).is_ok(), is_let_in, "{said:?}");
            assert!(known(&Method::GET, &headers, &key()).is_ok(), "{said:?}");
        }
    }
}
