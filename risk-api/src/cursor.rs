//! Where a page of a list ends: opaque to callers, the place of the last item to us.

use contracts::OrderId;
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;

/// The place of one reservation in the order of the list: when it was made, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Cursor {
    /// Milliseconds since 1970 (UTC).
    pub(crate) created_at_ms: i64,
    /// Tells reservations of the same millisecond apart.
    pub(crate) order_id: OrderId,
}

/// A text that no page ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a next_cursor of an earlier answer")]
pub(crate) struct ParseCursorError;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.created_at_ms, self.order_id)
    }
}

impl FromStr for Cursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, ParseCursorError> {
        let (created_at_ms, order_id) = text.split_once('.').ok_or(ParseCursorError)?;
        Ok(Self {
            created_at_ms: created_at_ms.parse().map_err(|_| ParseCursorError)?,
            order_id: order_id.parse().map_err(|_| ParseCursorError)?,
        })
    }
}

impl TryFrom<String> for Cursor {
    type Error = ParseCursorError;

    fn try_from(text: String) -> Result<Self, ParseCursorError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back() {
        let cursor = Cursor { created_at_ms: 1_763_632_800_000, order_id: OrderId::make() };

        assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }

    #[test]
    fn what_no_page_ended_with_is_refused() {
        for bad in ["", "1", "1.2", ".", "x.ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01"] {
            assert!(bad.parse::<Cursor>().is_err(), "{bad:?} was read as a cursor");
        }
    }
}
