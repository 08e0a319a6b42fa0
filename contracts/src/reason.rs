//! Why something was taken back: a stable code that a service stores and hands out as it came.
//!
//! Which codes there are is the business of the process that decides: a code of tomorrow is kept by today's build.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest reason.
const MAX_REASON_LEN: usize = 64;

/// A code such as `cancelled_by_customer`: 1 to 64 lower-case letters, digits or `_`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reason(String);

/// A text that is no reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 lower-case letters, digits or _")]
pub struct NotAReason;

impl Reason {
    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Reason {
    type Err = NotAReason;

    fn from_str(text: &str) -> Result<Self, NotAReason> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let is_reason = (1..=MAX_REASON_LEN).contains(&text.len()) && text.chars().all(fits);
        is_reason.then(|| Self(text.to_owned())).ok_or(NotAReason)
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.0
    }
}

impl TryFrom<String> for Reason {
    type Error = NotAReason;

    fn try_from(text: String) -> Result<Self, NotAReason> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::RejectReason;

    #[test]
    fn every_reason_of_the_process_is_a_code() {
        for reason in RejectReason::ALL {
            assert_eq!(
                reason.as_str().parse::<Reason>().map(|kept| kept.to_string()),
                Ok(reason.to_string())
            );
        }
    }

    #[test]
    fn a_text_that_is_no_code_is_no_reason() {
        for bad in ["", "Cancelled", "no credit", "x\u{0}", &"x".repeat(65)] {
            assert_eq!(bad.parse::<Reason>(), Err(NotAReason), "{bad:?}");
        }
    }
}
