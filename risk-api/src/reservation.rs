//! What an order holds of its customer's credit, and why it may hold it no longer.

use contracts::{CustomerId, Money, OrderId, Reason};
use serde::Deserialize;
use utoipa::ToSchema;

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
