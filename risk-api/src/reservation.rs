//! What an order holds of its customer's credit, and why it may hold it no longer.

use contracts::{CustomerId, Money, OrderId};
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;
use utoipa::ToSchema;

/// The longest reason.
const MAX_REASON_LEN: usize = 64;

/// A reservation as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reservation {
    pub(crate) order_id: OrderId,
    pub(crate) customer_id: CustomerId,
    pub(crate) amount: Money,
    pub(crate) score_delta: i64,
    pub(crate) state: State,
    pub(crate) created_at_ms: i64,
    pub(crate) updated_at_ms: i64,
}

/// What became of a reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// It holds credit; its order is not decided.
    Reserved,
    /// It holds credit; its order is approved.
    Confirmed,
    /// It holds nothing any more.
    Released(Reason),
}

/// The state without its reason: what lists ask for and rows hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReservationState)]
pub(crate) enum StateName {
    /// Holds credit; its order is not decided.
    Reserved,
    /// Holds credit; its order is approved.
    Confirmed,
    /// Holds nothing any more.
    Released,
}

impl State {
    /// The state without its reason.
    pub(crate) const fn name(&self) -> StateName {
        match self {
            Self::Reserved => StateName::Reserved,
            Self::Confirmed => StateName::Confirmed,
            Self::Released(_) => StateName::Released,
        }
    }

    /// Why it was released, if it was.
    pub(crate) const fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Reserved | Self::Confirmed => None,
            Self::Released(reason) => Some(reason),
        }
    }
}

impl StateName {
    /// As rows and queries write it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Confirmed => "confirmed",
            Self::Released => "released",
        }
    }
}

impl Reservation {
    /// Whether this is what is asked for again.
    pub(crate) fn has_contents(&self, customer_id: &CustomerId, amount: Money) -> bool {
        self.customer_id == *customer_id && self.amount == amount
    }
}

/// Why credit was released: a stable code such as `cancelled_by_customer`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Reason(String);

/// A text that is no reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 lower-case letters, digits or _")]
pub(crate) struct NotAReason;

impl Reason {
    /// The code.
    pub(crate) fn as_str(&self) -> &str {
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

impl TryFrom<String> for Reason {
    type Error = NotAReason;

    fn try_from(text: String) -> Result<Self, NotAReason> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_a_stable_code() {
        assert!("cancelled_by_customer".parse::<Reason>().is_ok());
        for bad in ["", "Cancelled", "no credit", "x\u{0}", &"x".repeat(65)] {
            assert_eq!(bad.parse::<Reason>(), Err(NotAReason), "{bad:?}");
        }
    }
}
