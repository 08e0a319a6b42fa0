//! Money: a decimal is read exactly or refused, what is printed is read again, and no sum is ever silently wrong.

use crate::says_why;
use contracts::{Currency, Money, MoneyError};

/// More digits than 64 bits have: whatever is longer, leading zeros apart, is too large.
const DIGITS: usize = 30;

/// A line of text: an amount, a blank, a currency, and whatever else to reckon with.
pub(crate) fn holds(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    as_json(text);
    let mut words = text.splitn(3, ' ');
    let amount = words.next().unwrap_or_default();
    let currency = match words.next().unwrap_or_default().parse::<Currency>() {
        Ok(currency) => currency,
        Err(refused) => return says_why(&refused.to_string()),
    };
    let read = Money::parse_decimal(amount, currency);
    match &read {
        Ok(money) => {
            assert_eq!(Some(i128::from(money.amount_minor)), exactly(amount, currency), "{text:?}");
            let printed = money.to_string();
            let (printed_amount, printed_currency) = printed.split_once(' ').expect("two words");
            assert_eq!(printed_currency, currency.code());
            assert_eq!(Money::parse_decimal(printed_amount, currency), Ok(*money), "{printed}");
            let other = words.next().and_then(|n| n.trim().parse().ok()).unwrap_or(i64::MAX);
            sums_are_exact_or_refused(*money, other);
        }
        Err(refused) => {
            says_why(&refused.to_string());
            let exact = exactly(amount, currency);
            match refused {
                MoneyError::TooLarge => {
                    assert!(exact.is_none_or(|n| i64::try_from(n).is_err()), "{text:?}");
                }
                _ => assert_eq!(exact, None, "{text:?} was refused as {refused}"),
            }
        }
    }
}

/// The minor units of a decimal, read another way: digit by digit, in 128 bits. `None` where it is none, or has more
/// digits than are looked at.
fn exactly(text: &str, currency: Currency) -> Option<i128> {
    let exponent = usize::try_from(currency.exponent()?).ok()?;
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    if whole.is_empty() || fraction.is_some_and(str::is_empty) {
        return None;
    }
    let fraction = fraction.unwrap_or_default();
    let (kept, beyond) = (fraction.chars().take(exponent), fraction.chars().skip(exponent));
    if beyond.clone().any(|digit| digit != '0') {
        return None;
    }
    let padding = std::iter::repeat_n('0', exponent.saturating_sub(fraction.chars().count()));
    let all: Vec<char> =
        whole.chars().chain(kept).chain(padding).skip_while(|digit| *digit == '0').collect();
    if all.len() > DIGITS {
        return None;
    }
    let add = |sum: i128, digit: &char| Some(sum * 10 + i128::from(digit.to_digit(10)?));
    Some(sign * all.iter().try_fold(0, add)?)
}

fn sums_are_exact_or_refused(money: Money, other: i64) {
    let added = money.checked_add(Money::of_minor(other, money.currency));
    let product = money.checked_times(other);
    let (left, right) = (i128::from(money.amount_minor), i128::from(other));
    for (reckoned, exact) in [(added, left + right), (product, left * right)] {
        match reckoned {
            Ok(sum) => assert_eq!(i128::from(sum.amount_minor), exact),
            Err(refused) => {
                assert_eq!(refused, MoneyError::TooLarge);
                assert!(i64::try_from(exact).is_err(), "{exact} fits and was refused");
            }
        }
    }
    let foreign = if money.currency == Currency::EUR { "USD" } else { "EUR" };
    let foreign = Money::of_minor(other, foreign.parse().expect("a currency"));
    assert!(matches!(money.checked_add(foreign), Err(MoneyError::MixedCurrencies { .. })));
}

/// The bytes as somebody's JSON: what is taken is written as it was meant.
fn as_json(text: &str) {
    if let Ok(money) = serde_json::from_str::<Money>(text) {
        let written = serde_json::to_string(&money).expect("JSON");
        assert_eq!(serde_json::from_str::<Money>(&written).expect("it is read again"), money);
    }
}
