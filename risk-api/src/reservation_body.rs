//! A reservation as callers see it.

use crate::reservation::{Reservation, State, StateName};
use chassis::time::Moment;
use contracts::{CustomerId, Money, OrderId, Reason};
use serde::Serialize;
use utoipa::ToSchema;

/// What an order holds of its customer's credit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reservation)]
pub(crate) struct ReservationBody {
    /// The order.
    #[schema(value_type = String, example = "ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01")]
    order_id: OrderId,
    /// Whose credit it is.
    #[schema(value_type = String, example = "cus_ada")]
    customer_id: CustomerId,
    /// How much.
    amount: MoneyBody,
    /// The points that it takes from the score: one per started 100.00.
    #[schema(minimum = 1)]
    score_delta: i64,
    /// What became of it.
    state: StateName,
    /// Why it was released; null until then.
    #[schema(required)]
    reason: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Moment,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Moment,
}

/// What became of an order's credit, also when no reservation is left of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditState)]
pub(crate) struct CreditStateBody {
    /// The order.
    #[schema(value_type = String, example = "ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01")]
    order_id: OrderId,
    /// Whether it holds credit.
    state: StateName,
    /// Why it does not, as it was first said; null if it does.
    #[schema(required, example = "cancelled_by_customer")]
    reason: Option<String>,
}

/// A sum of money in whole minor units.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Money)]
pub(crate) struct MoneyBody {
    /// Minor units: 500 is 5.00 EUR.
    #[schema(example = 500)]
    amount: i64,
    /// ISO 4217.
    #[schema(pattern = "^[A-Z]{3}$", example = "EUR")]
    currency: &'static str,
}

impl From<Money> for MoneyBody {
    fn from(money: Money) -> Self {
        Self { amount: money.amount_minor, currency: money.currency.code() }
    }
}

impl From<Reservation> for ReservationBody {
    fn from(reservation: Reservation) -> Self {
        Self {
            order_id: reservation.order_id,
            customer_id: reservation.customer_id,
            amount: reservation.amount.into(),
            score_delta: reservation.score_delta,
            state: reservation.state.name(),
            reason: reservation.state.reason().map(Reason::to_string),
            created_at: Moment::from_ms(reservation.created_at_ms),
            updated_at: Moment::from_ms(reservation.updated_at_ms),
        }
    }
}

impl CreditStateBody {
    /// The order's credit is in this state.
    pub(crate) fn of(order_id: OrderId, state: &State) -> Self {
        Self { order_id, state: state.name(), reason: state.reason().map(Reason::to_string) }
    }
}
