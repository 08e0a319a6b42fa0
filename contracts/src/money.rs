//! Money: whole minor units and an explicit currency. No floats, no decimals, no silent overflow.
//!
//! On the wire: `{"amount": 1999, "currency": "EUR"}` is 19.99 euro.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An ISO 4217 currency in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// The euro, the currency of the voucher rule.
    pub const EUR: Self = Self(iso_currency::Currency::EUR);

    /// The three upper-case letters of ISO 4217.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many digits stand behind the point: 2 for EUR, 0 for JPY, 3 for KWD. `None` where ISO 4217 gives none (XAU).
    #[must_use]
    pub fn exponent(self) -> Option<u32> {
        self.0.exponent().map(u32::from)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let unknown = || MoneyError::UnknownCurrency { found: text.chars().take(20).collect() };
        let currency = iso_currency::Currency::from_code(text).ok_or_else(unknown)?;
        if currency.code() == text { Ok(Self(currency)) } else { Err(unknown()) }
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;

    fn try_from(text: String) -> Result<Self, MoneyError> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.code().to_owned()
    }
}

/// Why a sum of money could not be made or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Two amounts of different currencies met.
    #[error("amounts in {left} and {right} cannot be added")]
    MixedCurrencies {
        /// The currency so far.
        left: Currency,
        /// The one that does not fit.
        right: Currency,
    },
    /// The result does not fit 64 bits of minor units.
    #[error("the amount is too large")]
    TooLarge,
    /// Not an ISO 4217 code in capital letters.
    #[error("{found:?} is not a currency code such as EUR")]
    UnknownCurrency {
        /// What was given, cut to 20 characters.
        found: String,
    },
    /// Not a decimal number with at most the digits that the currency has.
    #[error("{found:?} is not an amount in {currency}")]
    NotAnAmount {
        /// What was given, cut to 40 characters.
        found: String,
        /// The currency it was read for.
        currency: Currency,
    },
}

/// A sum of money in whole minor units (cents for EUR). May be negative; who accepts it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units.
    #[serde(rename = "amount")]
    pub amount_minor: i64,
    /// What the units are of.
    pub currency: Currency,
}

impl Money {
    /// So many minor units.
    #[must_use]
    pub const fn of_minor(amount_minor: i64, currency: Currency) -> Self {
        Self { amount_minor, currency }
    }

    /// So many euro cents.
    #[must_use]
    pub const fn eur_cents(amount_minor: i64) -> Self {
        Self::of_minor(amount_minor, Currency::EUR)
    }

    /// The sum of two amounts of one currency.
    ///
    /// # Errors
    /// [`MoneyError::MixedCurrencies`], [`MoneyError::TooLarge`].
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::MixedCurrencies { left: self.currency, right: other.currency });
        }
        let amount_minor =
            self.amount_minor.checked_add(other.amount_minor).ok_or(MoneyError::TooLarge)?;
        Ok(Self { amount_minor, ..self })
    }

    /// This amount so many times.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`].
    pub fn checked_times(self, quantity: i64) -> Result<Self, MoneyError> {
        let amount_minor = self.amount_minor.checked_mul(quantity).ok_or(MoneyError::TooLarge)?;
        Ok(Self { amount_minor, ..self })
    }

    /// Reads a decimal such as `100.01`, `-3` or `0.5` as an amount of `currency`, exactly: never rounded.
    ///
    /// # Errors
    /// [`MoneyError::NotAnAmount`] for anything else, also for more digits than the currency has;
    /// [`MoneyError::TooLarge`].
    pub fn parse_decimal(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let refused =
            || MoneyError::NotAnAmount { found: text.chars().take(40).collect(), currency };
        let exponent =
            usize::try_from(currency.exponent().ok_or_else(refused)?).map_err(|_| refused())?;
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let are_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let has_empty_fraction = digits.contains('.') && fraction.is_empty();
        if whole.is_empty() || has_empty_fraction || !are_digits(whole) || !are_digits(fraction) {
            return Err(refused());
        }
        // Zeros beyond the currency's digits change nothing ("5.000" is five euro); other digits would be rounded away.
        let fraction =
            if fraction.len() > exponent { fraction.trim_end_matches('0') } else { fraction };
        if fraction.len() > exponent {
            return Err(refused());
        }
        let amount_minor = format!("{sign}{whole}{fraction:0<exponent$}")
            .parse()
            .map_err(|_| MoneyError::TooLarge)?;
        Ok(Self { amount_minor, currency })
    }
}

impl fmt::Display for Money {
    /// As people write it: `120.50 EUR`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exponent = self.currency.exponent().unwrap_or(0);
        let sign = if self.amount_minor < 0 { "-" } else { "" };
        let units = self.amount_minor.unsigned_abs();
        match 10_u64.checked_pow(exponent) {
            Some(scale) if scale > 1 => {
                let width = usize::try_from(exponent).unwrap_or(0);
                write!(f, "{sign}{}.{:0width$} {}", units / scale, units % scale, self.currency)
            }
            _ => write!(f, "{sign}{units} {}", self.currency),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn money_is_written_as_minor_units_and_a_currency() {
        let json = r#"{"amount":1999,"currency":"EUR"}"#;

        let money: Money = serde_json::from_str(json).expect("golden payload");

        assert_eq!(money, Money::eur_cents(19_99));
        assert_eq!(serde_json::to_string(&money).expect("json"), json);
        assert_eq!(money.to_string(), "19.99 EUR");
    }

    #[test]
    fn an_amount_is_read_exactly_or_not_at_all() {
        let jpy: Currency = "JPY".parse().expect("a currency");

        assert_eq!(Money::parse_decimal("100.01", Currency::EUR), Ok(Money::eur_cents(100_01)));
        assert_eq!(Money::parse_decimal("100", Currency::EUR), Ok(Money::eur_cents(100_00)));
        assert_eq!(Money::parse_decimal("5.500", Currency::EUR), Ok(Money::eur_cents(5_50)));
        assert_eq!(Money::parse_decimal("-0.5", Currency::EUR), Ok(Money::eur_cents(-50)));
        assert_eq!(Money::parse_decimal("9900", jpy), Ok(Money::of_minor(9900, jpy)));
        for bad in ["", ".", "1.", "1.005", "1,00", "1e3", "+1", "--1", "€5", " 1", "0x10"] {
            assert!(
                Money::parse_decimal(bad, Currency::EUR).is_err(),
                "{bad:?} was read as an amount"
            );
        }
        assert_eq!(
            Money::parse_decimal("99999999999999999999", Currency::EUR),
            Err(MoneyError::TooLarge)
        );
    }

    #[test]
    fn a_currency_is_three_capital_letters() {
        for bad in ["eur", "EURO", "", "€", "ZZZ"] {
            assert!(bad.parse::<Currency>().is_err(), "{bad:?} was read as a currency");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(amount_minor in any::<i64>()) {
            let text = Money::eur_cents(amount_minor).to_string();

            prop_assert_eq!(Money::parse_decimal(text.trim_end_matches(" EUR"), Currency::EUR), Ok(Money::eur_cents(amount_minor)));
        }

        #[test]
        fn sums_are_exact_or_refused(a in any::<i64>(), b in any::<i64>()) {
            match Money::eur_cents(a).checked_add(Money::eur_cents(b)) {
                Ok(sum) => prop_assert_eq!(i128::from(sum.amount_minor), i128::from(a) + i128::from(b)),
                Err(e) => prop_assert_eq!(e, MoneyError::TooLarge),
            }
        }

        #[test]
        fn reading_an_amount_never_panics(text in ".{0,60}") {
            let _ = Money::parse_decimal(&text, Currency::EUR);
        }
    }
}
