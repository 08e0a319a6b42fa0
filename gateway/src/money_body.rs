//! A sum of money as it stands in a body.

use contracts::{Currency, Money};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// A sum of money: `{"amount": 1999, "currency": "EUR"}` is 19.99 euro.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Money)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoneyBody {
    /// Minor units, as in cents.
    #[schema(example = 1999)]
    pub(crate) amount: i64,
    /// ISO 4217, three capital letters.
    #[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub(crate) currency: Currency,
}

impl From<Money> for MoneyBody {
    fn from(money: Money) -> Self {
        Self { amount: money.amount_minor, currency: money.currency }
    }
}

impl From<MoneyBody> for Money {
    fn from(body: MoneyBody) -> Self {
        Self::of_minor(body.amount, body.currency)
    }
}

impl fmt::Display for MoneyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Money::from(*self).fmt(f)
    }
}
