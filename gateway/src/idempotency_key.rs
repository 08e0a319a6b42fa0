//! `Idempotency-Key`: with the customer it names the order, so that a repeat is the same order for ever.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use chassis::problem::Problem;
use uuid::Uuid;

/// The longest key.
const KEY_LIMIT: usize = 255;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A customer's key, required: 1 to 255 visible ASCII characters. Take it as a handler's argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdempotencyKey(String);

impl IdempotencyKey {
    /// A key that nobody has used.
    pub(crate) fn make() -> Self {
        Self(Uuid::new_v4().to_string())
    }

    /// The key of this text; `None` if it cannot be one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_valid = (1..=KEY_LIMIT).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_valid.then(|| Self(text.to_owned()))
    }

    /// The key as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn from_headers(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
        let Some(value) = values.next() else {
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "idempotency_key_required",
                "send an Idempotency-Key header: a text of your own that stays the same when you repeat this request",
            ));
        };
        let only = value.to_str().ok().filter(|_| values.next().is_none());
        only.and_then(Self::parse).ok_or_else(|| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "idempotency_key_invalid",
                "send one Idempotency-Key of 1 to 255 visible ASCII characters",
            )
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::from_headers(&parts.headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_1_to_255_visible_characters() {
        for good in ["1", "a-b_c:~", &"x".repeat(255), IdempotencyKey::make().as_str()] {
            assert!(IdempotencyKey::parse(good).is_some(), "{good:?}");
        }
        for bad in ["", "a b", "ä", "a\0", &"x".repeat(256)] {
            assert!(IdempotencyKey::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn two_keys_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(IDEMPOTENCY_KEY, "1".parse().expect("a value"));
        headers.append(IDEMPOTENCY_KEY, "2".parse().expect("a value"));

        let refused = IdempotencyKey::from_headers(&headers).expect_err("refused");

        assert_eq!(refused.code(), "idempotency_key_invalid");
    }
}
