//! Where a page of a list ends: opaque to callers, the place of the last item to us.

use crate::case::Name;
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;

/// The place of one case in the order of the list: when it was found first, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Cursor {
    /// Milliseconds since 1970 (UTC).
    pub(crate) first_seen_at_ms: i64,
    /// Tells cases of the same millisecond apart.
    pub(crate) name: Name,
}

/// A text that no page ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a next_cursor of an earlier answer")]
pub(crate) struct ParseCursorError;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first_seen_at_ms, name } = self;
        write!(f, "{first_seen_at_ms}.{}.{}", name.kind.as_str(), name.subject)
    }
}

impl FromStr for Cursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, ParseCursorError> {
        // A subject may hold dots itself.
        let (first_seen_at_ms, name) = text.split_once('.').ok_or(ParseCursorError)?;
        let (kind, subject) = name.split_once('.').ok_or(ParseCursorError)?;
        Ok(Self {
            first_seen_at_ms: first_seen_at_ms.parse().map_err(|_| ParseCursorError)?,
            name: Name::of(kind, subject).ok_or(ParseCursorError)?,
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
        let name = Name::of("event_quarantined", "evt.1").expect("a name");
        let cursor = Cursor { first_seen_at_ms: 1_763_632_800_000, name };

        assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }

    #[test]
    fn what_no_page_ended_with_is_refused() {
        for bad in ["", "1", "1.event_quarantined", "1.event.x", "x.event_quarantined.x", "..."] {
            assert!(bad.parse::<Cursor>().is_err(), "{bad:?} was read as a cursor");
        }
    }
}
