//! What a customer wants to order, checked: everything that is wrong with it is said at once, with its place.
//!
//! order-api checks the same again; here it is for the customer, who should not wait for a process to hear it.

use crate::money_body::MoneyBody;
use chassis::problem::FieldError;
use contracts::placement::{OrderLine, OrderRequest};
use contracts::{CustomerId, Money, MoneyError};
use garde::Validate;
use serde::Deserialize;
use std::fmt::Display;
use utoipa::ToSchema;

/// The most lines of an order.
pub(crate) const MAX_LINES: usize = 200;

/// The most pieces of a line.
const MAX_QUANTITY: i64 = 1_000_000;

/// What is to be ordered.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cart {
    /// The lines, all in one currency.
    #[garde(length(min = 1, max = MAX_LINES), dive)]
    #[schema(min_items = 1, max_items = 200)]
    pub(crate) lines: Vec<CartLine>,
}

/// One line of an order to place.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CartLine {
    /// The article's number; not blank, no control characters.
    #[garde(length(chars, max = 255), custom(is_plain_text))]
    #[schema(min_length = 1, max_length = 255, example = "lamp-01")]
    pub(crate) sku: String,
    /// How many pieces.
    #[garde(range(min = 1, max = MAX_QUANTITY))]
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub(crate) quantity: i64,
    /// What one piece costs; not negative.
    #[garde(custom(is_not_negative))]
    pub(crate) unit_price: MoneyBody,
}

/// What a customer wants, fit to be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The request as the process takes it.
    pub(crate) request: OrderRequest,
    /// What it costs.
    pub(crate) total: Money,
}

impl Cart {
    /// This customer's order of these lines.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place.
    pub(crate) fn wanted_by(self, customer_id: CustomerId) -> Result<Wanted, Vec<FieldError>> {
        let mut errors = match self.validate() {
            Ok(()) => Vec::new(),
            Err(report) => report
                .into_inner()
                .into_iter()
                .map(|(path, error)| FieldError::new(pointer(path), error.to_string()))
                .collect(),
        };
        let lines: Vec<OrderLine> = self.lines.into_iter().map(OrderLine::from).collect();
        let total = total_of(&lines, &mut errors);
        match total {
            Some(total) if errors.is_empty() => {
                Ok(Wanted { request: OrderRequest { customer_id, lines }, total })
            }
            _ => Err(errors),
        }
    }
}

impl From<CartLine> for OrderLine {
    fn from(line: CartLine) -> Self {
        Self { sku: line.sku, quantity: line.quantity, unit_price: line.unit_price.into() }
    }
}

/// The sum of the lines; what stands in its way is added to `errors`.
fn total_of(lines: &[OrderLine], errors: &mut Vec<FieldError>) -> Option<Money> {
    let currency = lines.first()?.unit_price.currency;
    let mut total = Some(Money::of_minor(0, currency));
    for (index, line) in lines.iter().enumerate() {
        let sum = line.unit_price.checked_times(line.quantity);
        let sum = sum.and_then(|price| {
            let so_far = total.unwrap_or(Money::of_minor(0, price.currency));
            so_far.checked_add(price)
        });
        match sum {
            Ok(sum) if sum.currency == currency => total = total.map(|_| sum),
            Ok(_) | Err(MoneyError::MixedCurrencies { .. }) => {
                total = None;
                let at = format!("/lines/{index}/unit_price/currency");
                errors.push(FieldError::new(
                    at,
                    format!("not {currency} as the first line; an order has one currency"),
                ));
            }
            Err(_) => {
                errors
                    .push(FieldError::new(format!("/lines/{index}"), "the sum is too large here"));
                return None;
            }
        }
    }
    if errors.is_empty() && total.is_some_and(|total| total.amount_minor <= 0) {
        errors.push(FieldError::new("/lines", "there is nothing to pay; an order costs something"));
    }
    total
}

/// A garde rule: the text is not blank and holds no control characters.
fn is_plain_text(text: &str, _context: &()) -> garde::Result {
    if text.trim().is_empty() {
        return Err(garde::Error::new("must not be blank"));
    }
    if text.chars().any(char::is_control) {
        return Err(garde::Error::new("must not hold control characters"));
    }
    Ok(())
}

/// A garde rule: nobody is paid for ordering.
fn is_not_negative(price: &MoneyBody, _context: &()) -> garde::Result {
    if price.amount < 0 { Err(garde::Error::new("must not be negative")) } else { Ok(()) }
}

/// The JSON pointer of a garde path: `lines[0].quantity` is `/lines/0/quantity`.
fn pointer(path: impl Display) -> String {
    let path = path.to_string().replace('[', ".").replace(']', "");
    if path.is_empty() { path } else { format!("/{}", path.replace('.', "/")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn line(sku: &str, quantity: i64, amount: i64, currency: &str) -> Value {
        json!({"sku": sku, "quantity": quantity, "unit_price": {"amount": amount, "currency": currency}})
    }

    fn wanted(lines: Value) -> Result<Wanted, Vec<FieldError>> {
        let cart: Cart = serde_json::from_value(json!({"lines": lines})).expect("a cart");
        cart.wanted_by("cus_ada".parse().expect("a customer id"))
    }

    fn pointers(lines: Value) -> Vec<String> {
        let errors = wanted(lines).expect_err("refused");
        errors.into_iter().map(|error| error.pointer).collect()
    }

    #[test]
    fn a_cart_costs_the_sum_of_its_lines() {
        let wanted = wanted(json!([line("a", 2, 60_25, "EUR"), line("b", 1, 0, "EUR")]));

        assert_eq!(wanted.map(|wanted| wanted.total), Ok(Money::eur_cents(120_50)));
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let lines = json!([
            line(" ", 0, 1, "EUR"),
            line("a\u{0}", 1, -1, "EUR"),
            line(&"x".repeat(256), 1_000_001, 1, "USD"),
        ]);

        let pointers = pointers(lines);

        for expected in [
            "/lines/0/sku",
            "/lines/0/quantity",
            "/lines/1/sku",
            "/lines/1/unit_price",
            "/lines/2/sku",
            "/lines/2/quantity",
            "/lines/2/unit_price/currency",
        ] {
            assert!(pointers.iter().any(|pointer| pointer == expected), "{expected}: {pointers:?}");
        }
    }

    #[test]
    fn an_order_has_lines_and_a_price_that_can_be_written_down() {
        assert_eq!(pointers(json!([])), ["/lines"]);
        assert_eq!(pointers(json!([line("a", 1, 0, "EUR")])), ["/lines"]);
        assert_eq!(pointers(json!([line("a", 2, i64::MAX, "EUR")])), ["/lines/0"]);
        let two = json!([line("a", 1, i64::MAX, "EUR"), line("b", 1, 1, "EUR")]);
        assert_eq!(pointers(two), ["/lines/1"]);
        let many: Vec<_> = (0..201).map(|_| line("a", 1, 1, "EUR")).collect();
        assert_eq!(pointers(json!(many)), ["/lines"]);
    }
}
