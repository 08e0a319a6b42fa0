//! An account as callers see it.

use crate::account::Account;
use crate::reservation::Reservation;
use crate::reservation_body::{MoneyBody, ReservationBody};
use contracts::CustomerId;
use serde::Serialize;
use utoipa::ToSchema;

/// The most live reservations that an account shows.
pub(crate) const MAX_SHOWN: i64 = 100;

/// A customer's credit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct AccountBody {
    /// Whose it is.
    #[schema(value_type = String, example = "cus_ada")]
    customer_id: CustomerId,
    /// What live reservations may come to together.
    limit: MoneyBody,
    /// What is left of the limit. Negative if the limit was lowered below what is live.
    available: MoneyBody,
    /// The score without any live reservation.
    #[schema(minimum = 0)]
    base_score: i64,
    /// An order must leave at least this score.
    minimum_score: i64,
    /// The base score less one point per started 100.00 of each live reservation.
    score: i64,
    /// How many reservations are live.
    #[schema(minimum = 0)]
    live_reservation_count: i64,
    /// The oldest 100 of them.
    #[schema(max_items = 100)]
    live_reservations: Vec<ReservationBody>,
}

impl AccountBody {
    /// The account and its oldest live reservations.
    pub(crate) fn of(account: Account, live: Vec<Reservation>) -> Self {
        Self {
            limit: account.terms.limit.into(),
            available: account.available().into(),
            base_score: account.terms.base_score,
            minimum_score: account.terms.minimum_score,
            score: account.score(),
            live_reservation_count: account.live.count,
            live_reservations: live.into_iter().map(ReservationBody::from).collect(),
            customer_id: account.customer_id,
        }
    }
}
