//! `Idempotency-Key`: telling a repeat from a new request.
//!
//! The key lives, permanently unique per caller, on the row that the request made, with the body's hash beside it, both
//! written in the transaction that made the row: there is no state "in flight" that a crash could leave behind.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use chassis::problem::Problem;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The longest key.
const KEY_LIMIT: usize = 255;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Add this to the answer of a repeat: `(IDEMPOTENCY_REPLAYED, Json(answer))`.
pub const IDEMPOTENCY_REPLAYED: [(HeaderName, HeaderValue); 1] =
    [(HeaderName::from_static("idempotency-replayed"), HeaderValue::from_static("true"))];

/// The request's `Idempotency-Key`, required: 1 to 255 visible ASCII characters. Take it as a handler's argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads the header.
    ///
    /// # Errors
    /// 400 `idempotency_key_required` or `idempotency_key_invalid`.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
        let Some(value) = values.next() else {
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "idempotency_key_required",
                "send an Idempotency-Key header: a text of your own that stays the same when you repeat this request",
            ));
        };
        let bytes = value.as_bytes();
        let is_valid = (1..=KEY_LIMIT).contains(&bytes.len())
            && bytes.iter().all(u8::is_ascii_graphic)
            && values.next().is_none();
        match value.to_str() {
            Ok(text) if is_valid => Ok(Self(text.to_owned())),
            Ok(_) | Err(_) => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "idempotency_key_invalid",
                "send one Idempotency-Key of 1 to 255 visible ASCII characters",
            )),
        }
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::from_headers(&parts.headers)
    }
}

/// What a request asked for, as a hash that neither spacing nor the order of fields changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyHash(String);

impl BodyHash {
    /// Hashes a body that was read.
    ///
    /// # Errors
    /// When `body` cannot be written as JSON, which is our fault: 500.
    pub fn of(body: &impl Serialize) -> Result<Self, Problem> {
        let value = serde_json::to_value(body).map_err(|cause| Problem::internal(&cause))?;
        let mut hasher = Sha256::new();
        feed(&value, &mut hasher);
        Ok(Self(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// 64 hex digits, for the column beside the key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a key that was used before may be answered again.
    ///
    /// # Errors
    /// 422 `key_reused` when it was used for another body.
    pub fn check_repeat(&self, recorded: &str) -> Result<(), Problem> {
        if self.0 == recorded {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "key_reused",
            "this Idempotency-Key was used for another body; use a new key for a new request",
        ))
    }
}

/// Feeds fields in the order of their names: the map's own order depends on how the JSON library was built.
fn feed(value: &Value, hasher: &mut Sha256) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| name.as_str());
            hasher.update(format!("{{{}", fields.len()));
            for (name, value) in fields {
                hasher.update(format!("{}:{name}", name.len()));
                feed(value, hasher);
            }
        }
        Value::Array(items) => {
            hasher.update(format!("[{}", items.len()));
            items.iter().for_each(|item| feed(item, hasher));
        }
        Value::String(text) => hasher.update(format!("\"{}:{text}", text.len())),
        Value::Null | Value::Bool(_) | Value::Number(_) => hasher.update(format!("={value};")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn key(value: &'static str) -> Result<IdempotencyKey, &'static str> {
        let headers = HeaderMap::from_iter([(IDEMPOTENCY_KEY, HeaderValue::from_static(value))]);
        IdempotencyKey::from_headers(&headers).map_err(|problem| problem.code())
    }

    #[test]
    fn a_key_is_required_and_visible() {
        let missing = IdempotencyKey::from_headers(&HeaderMap::new());

        assert_eq!(missing.map_err(|p| p.code()), Err("idempotency_key_required"));
        assert_eq!(key("abc-1").map(|key| key.0), Ok("abc-1".to_owned()));
        assert_eq!(key(""), Err("idempotency_key_invalid"));
        assert_eq!(key("a b"), Err("idempotency_key_invalid"));
        assert_eq!(
            key(Box::leak("x".repeat(256).into_boxed_str())),
            Err("idempotency_key_invalid")
        );
    }

    #[test]
    fn the_order_of_fields_makes_no_other_request_and_a_value_does() {
        let hash = |value| BodyHash::of(&value).expect("json");
        let first = hash(json!({"a": 1, "b": ["x", null]}));

        assert_eq!(first, hash(json!({"b": ["x", null], "a": 1})));
        for other in [json!({"a": 1, "b": ["x"]}), json!({"a": "1", "b": ["x", null]}), json!({})] {
            assert_ne!(first, hash(other));
        }
    }

    #[test]
    fn a_key_used_for_another_body_is_refused() {
        let recorded = BodyHash::of(&json!({"a": 1})).expect("json");

        assert!(recorded.check_repeat(recorded.as_str()).is_ok());
        let refusal = recorded.check_repeat("0000").expect_err("another body");
        assert_eq!((refusal.status().as_u16(), refusal.code()), (422, "key_reused"));
    }
}
