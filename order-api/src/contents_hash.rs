//! The hash of a placement's request: whoever asks again under the same order id with another one asks for another order.

use serde::Deserialize;
use std::fmt;
use std::str::FromStr;

/// SHA-256, written as hexadecimal digits.
const LENGTH: usize = 64;

/// A SHA-256, 64 lower-case hexadecimal digits. One spelling, because it is compared as a text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ContentsHash(String);

/// A text that is no hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be {LENGTH} lower-case hexadecimal digits")]
pub struct NotAHash;

impl ContentsHash {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContentsHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ContentsHash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let fits = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        let is_hash = text.len() == LENGTH && text.chars().all(fits);
        is_hash.then(|| Self(text.to_owned())).ok_or(NotAHash)
    }
}

impl TryFrom<String> for ContentsHash {
    type Error = NotAHash;

    fn try_from(text: String) -> Result<Self, NotAHash> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_one_spelling() {
        let hash = "0123456789abcdef".repeat(4);
        assert_eq!(hash.parse::<ContentsHash>().map(|read| read.to_string()), Ok(hash.clone()));

        for bad in ["", &hash[1..], &format!("{hash}0"), &hash.to_uppercase(), &"g".repeat(64)] {
            assert_eq!(bad.parse::<ContentsHash>(), Err(NotAHash), "{bad:?}");
        }
    }
}
