//! Times: milliseconds since 1970 inside, RFC 3339 in UTC with milliseconds outside.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// 9999-12-30T22:00:00Z: the last second that the library writes in every time zone.
const LATEST_MS: i64 = 253_402_207_200_000;

/// A moment between 1970 and the end of the year 9999, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Moment(i64);

/// A text that is not a moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a time from 1970 on with its offset, such as 2026-11-20T10:00:00.000Z")]
pub struct ParseMomentError;

impl Moment {
    /// So many milliseconds since 1970 (UTC); what lies outside is moved to the nearest moment inside.
    #[must_use]
    pub fn from_ms(ms: i64) -> Self {
        Self(ms.clamp(0, LATEST_MS))
    }

    /// Milliseconds since 1970 (UTC).
    #[must_use]
    pub const fn ms(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timestamp = Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{timestamp:.3}")
    }
}

impl FromStr for Moment {
    type Err = ParseMomentError;

    fn from_str(text: &str) -> Result<Self, ParseMomentError> {
        let ms = text.parse::<Timestamp>().map_err(|_| ParseMomentError)?.as_millisecond();
        if (0..=LATEST_MS).contains(&ms) { Ok(Self(ms)) } else { Err(ParseMomentError) }
    }
}

impl TryFrom<String> for Moment {
    type Error = ParseMomentError;

    fn try_from(text: String) -> Result<Self, ParseMomentError> {
        text.parse()
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> String {
        moment.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_utc_with_milliseconds() {
        let moment: Moment = "2026-11-20T11:00:00+01:00".parse().expect("a moment");

        assert_eq!(moment.to_string(), "2026-11-20T10:00:00.000Z");
        assert_eq!(Moment::from_ms(i64::MAX).to_string(), "9999-12-30T22:00:00.000Z");
    }

    #[test]
    fn a_time_without_its_offset_or_out_of_bounds_is_refused() {
        let too_late = "9999-12-31T23:59:59Z";
        for bad in
            ["2026-11-20T10:00:00", "2026-11-20", "1969-12-31T23:59:59Z", too_late, "now", ""]
        {
            assert!(bad.parse::<Moment>().is_err(), "{bad:?} was read as a moment");
        }
    }
}
