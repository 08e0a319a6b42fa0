//! Who a customer is, as a signed text: a JWT (HS256) for this shop that ends by itself.
//!
//! The gateway knows no passwords: whoever has checked a person issues a token (`cargo lacadon customer token`).

mod hmac_provider;

use crate::key_file::{self, KEY_LENGTH};
use contracts::CustomerId;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Whom every token is for: one that was signed for somebody else does not let in here.
const AUDIENCE: &str = "lacadon-shop";

/// No token of ours is longer; a longer one is not even looked at.
const MAX_TOKEN_LEN: usize = 1024;

/// Signs and checks customers' tokens. Shown to nobody.
#[derive(Clone)]
pub struct TokenKey {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

/// What a valid token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Who it is.
    pub customer_id: CustomerId,
    /// How long the token still holds.
    pub valid_for: Duration,
}

/// A text that lets nobody in: not ours, changed, for another audience, or over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this token is not valid, or not any more; get a new one")]
pub struct InvalidToken;

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sub: CustomerId,
    aud: String,
    iat: u64,
    exp: u64,
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(…)")
    }
}

impl TokenKey {
    /// The key of these bytes.
    #[must_use]
    pub fn of(bytes: [u8; KEY_LENGTH]) -> Self {
        Self {
            encoding: EncodingKey::from_secret(&bytes),
            decoding: DecodingKey::from_secret(&bytes),
        }
    }

    /// Reads the key from its file: 64 hexadecimal digits, readable by its owner alone.
    ///
    /// # Errors
    /// When the file is missing, readable by others or holds something else.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        key_file::read(path).map(Self::of)
    }

    /// A token that lets this customer in for so long.
    ///
    /// # Errors
    /// When the claims cannot be written, which does not happen.
    pub fn issue(&self, customer_id: &CustomerId, valid_for: Duration) -> anyhow::Result<String> {
        hmac_provider::install();
        let now = now_s();
        let claims = Claims {
            sub: customer_id.clone(),
            aud: AUDIENCE.to_owned(),
            iat: now,
            exp: now.saturating_add(valid_for.as_secs()),
        };
        Ok(jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)?)
    }

    /// Whom a token lets in.
    ///
    /// # Errors
    /// [`InvalidToken`], which does not say why: that helps only whoever forges one.
    pub fn verify(&self, token: &str) -> Result<CustomerId, InvalidToken> {
        self.read_token(token).map(|known| known.customer_id)
    }

    /// Whom a token lets in, and for how long.
    ///
    /// # Errors
    /// As [`TokenKey::verify`].
    pub fn read_token(&self, token: &str) -> Result<Known, InvalidToken> {
        if token.len() > MAX_TOKEN_LEN {
            return Err(InvalidToken);
        }
        hmac_provider::install();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "aud", "sub"]);
        validation.leeway = 0;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation)
            .map_err(|_| InvalidToken)?
            .claims;
        let left_s = claims.exp.saturating_sub(now_s());
        Ok(Known { customer_id: claims.sub, valid_for: Duration::from_secs(left_s) })
    }
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn key() -> TokenKey {
        TokenKey::of([7; KEY_LENGTH])
    }

    fn ada() -> CustomerId {
        "cus_ada".parse().expect("a customer id")
    }

    fn signed(claims: &serde_json::Value, algorithm: Algorithm) -> String {
        hmac_provider::install();
        jsonwebtoken::encode(&Header::new(algorithm), claims, &key().encoding).expect("a token")
    }

    #[test]
    fn a_token_lets_in_whom_it_was_issued_for() {
        let token = key().issue(&ada(), HOUR).expect("a token");

        let known = key().read_token(&token).expect("known");

        assert_eq!(known.customer_id, ada());
        assert!(known.valid_for <= HOUR && known.valid_for > HOUR / 2);
    }

    #[test]
    fn a_token_that_is_over_or_was_changed_or_is_of_another_key_lets_nobody_in() {
        let token = key().issue(&ada(), HOUR).expect("a token");
        let over = serde_json::json!({"sub": "cus_ada", "aud": AUDIENCE, "iat": 1, "exp": 2});
        let (head, signature) = token.rsplit_once('.').expect("three parts");
        let changed = format!("{head}.{}", signature.to_uppercase());
        let unsigned = format!("{head}.");

        for bad in [
            changed.as_str(),
            &unsigned,
            &signed(&over, Algorithm::HS256),
            "",
            "a.b.c",
            &token.repeat(9),
        ] {
            assert_eq!(key().verify(bad), Err(InvalidToken), "{bad}");
        }
        assert_eq!(TokenKey::of([8; KEY_LENGTH]).verify(&token), Err(InvalidToken));
    }

    #[test]
    fn a_token_for_another_audience_or_without_an_end_or_of_no_customer_lets_nobody_in() {
        let exp = now_s() + 3600;
        for claims in [
            serde_json::json!({"sub": "cus_ada", "aud": "another-shop", "iat": 1, "exp": exp}),
            serde_json::json!({"sub": "cus_ada", "iat": 1, "exp": exp}),
            serde_json::json!({"sub": "cus_ada", "aud": AUDIENCE, "iat": 1}),
            serde_json::json!({"sub": "cus_ada", "aud": AUDIENCE, "iat": 1, "exp": "never"}),
            serde_json::json!({"sub": "ada@shop.example", "aud": AUDIENCE, "iat": 1, "exp": exp}),
            serde_json::json!({"aud": AUDIENCE, "iat": 1, "exp": exp}),
        ] {
            assert_eq!(
                key().verify(&signed(&claims, Algorithm::HS256)),
                Err(InvalidToken),
                "{claims}"
            );
        }
    }

    /// `{"alg":"none"}` and a token of ada's for an hour, as every forger tries first.
    #[test]
    fn a_token_that_names_no_algorithm_lets_nobody_in() {
        let token = key().issue(&ada(), HOUR).expect("a token");
        let claims = token.split('.').nth(1).expect("claims");

        assert_eq!(key().verify(&format!("eyJhbGciOiJub25lIn0.{claims}.")), Err(InvalidToken));
    }

    #[test]
    fn the_key_is_never_shown() {
        assert_eq!(format!("{:?}", key()), "TokenKey(…)");
    }
}
