//! The form that an order is placed with, as it is filled in and as it is shown again.

use super::outcome::{Outcome, ResultBox};
use crate::cart::{Cart, CartLine};
use crate::idempotency_key::IdempotencyKey;
use askama::Template;
use chassis::problem::FieldError;
use contracts::{Currency, Money};

/// What is bought here is paid in euro.
const CURRENCY: Currency = Currency::EUR;

/// What somebody typed into one line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FilledLine {
    pub(crate) sku: String,
    pub(crate) quantity: String,
    pub(crate) price: String,
}

/// What somebody sent with the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filled {
    /// The key of the form; a new one where it sent none that can be one.
    pub(crate) key: IdempotencyKey,
    /// At least one line.
    pub(crate) lines: Vec<FilledLine>,
    /// Another line is wanted, and nothing is placed.
    pub(crate) adds_line: bool,
}

/// The form, with what became of it.
#[derive(Template)]
#[template(path = "form.html")]
pub(crate) struct ShopForm {
    pub(crate) key: IdempotencyKey,
    pub(crate) lines: Vec<FilledLine>,
    pub(crate) errors: Vec<String>,
    pub(crate) outcome: Outcome,
}

impl ShopForm {
    /// A form with one empty line, under a key that nobody has used.
    pub(crate) fn empty() -> Self {
        Self {
            key: IdempotencyKey::make(),
            lines: vec![FilledLine { quantity: "1".to_owned(), ..FilledLine::default() }],
            errors: Vec::new(),
            outcome: Outcome::none(),
        }
    }

    /// The first line's fields have plain ids, the others' end with their number.
    fn suffix(line_number: &usize) -> String {
        if *line_number == 1 { String::new() } else { format!("-{line_number}") }
    }

    fn result(&self) -> ResultBox<'_> {
        ResultBox { outcome: &self.outcome }
    }
}

impl Filled {
    /// Reads what was sent, field by field. A field `sku` begins a line.
    pub(crate) fn read(fields: Vec<(String, String)>) -> Self {
        let mut key = None;
        let mut lines: Vec<FilledLine> = Vec::new();
        let mut adds_line = false;
        for (name, value) in fields {
            match (name.as_str(), lines.last_mut()) {
                ("key", _) => key = IdempotencyKey::parse(&value),
                ("add", _) => adds_line = true,
                ("sku", _) => lines.push(FilledLine { sku: value, ..FilledLine::default() }),
                ("quantity", Some(line)) => line.quantity = value,
                ("price", Some(line)) => line.price = value,
                _ => {}
            }
        }
        // A line that was left empty is no line.
        lines.retain(|line| !(line.sku.trim().is_empty() && line.price.trim().is_empty()));
        if lines.is_empty() {
            lines.push(FilledLine::default());
        }
        Self { key: key.unwrap_or_else(IdempotencyKey::make), lines, adds_line }
    }

    /// The cart that was meant, or where it cannot be read.
    pub(crate) fn cart(&self) -> Result<Cart, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut lines = Vec::new();
        for (index, line) in self.lines.iter().enumerate() {
            let quantity = line.quantity.trim().parse::<i64>();
            let price = Money::parse_decimal(&line.price.trim().replace(',', "."), CURRENCY);
            if quantity.is_err() {
                let at = format!("/lines/{index}/quantity");
                errors.push(FieldError::new(at, "must be a whole number"));
            }
            if price.is_err() {
                let at = format!("/lines/{index}/unit_price");
                errors.push(FieldError::new(at, "must be an amount such as 12.50"));
            }
            if let (Ok(quantity), Ok(price)) = (quantity, price) {
                let sku = line.sku.trim().to_owned();
                lines.push(CartLine { sku, quantity, unit_price: price.into() });
            }
        }
        if errors.is_empty() { Ok(Cart { lines }) } else { Err(errors) }
    }
}

/// What is wrong, for people: `line 1, price: must not be negative`.
pub(crate) fn sentence(error: &FieldError) -> String {
    let mut segments = error.pointer.split('/').skip(2);
    let line = segments.next().and_then(|index| index.parse::<usize>().ok());
    let field = match segments.next() {
        Some("sku") => ", article",
        Some("quantity") => ", quantity",
        Some("unit_price") => ", price",
        _ => "",
    };
    match line {
        Some(index) => format!("line {}{field}: {}", index.saturating_add(1), error.detail),
        None => error.detail.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(fields: &[(&str, &str)]) -> Filled {
        Filled::read(fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn lines_are_read_in_order_and_empty_ones_are_none() {
        let filled = filled(&[
            ("key", "k-1"),
            ("sku", "lamp"),
            ("quantity", "2"),
            ("price", "60,25"),
            ("sku", ""),
            ("quantity", "1"),
            ("price", " "),
            ("sku", "duck"),
            ("quantity", "1"),
            ("price", "0.5"),
        ]);

        let cart = filled.cart().expect("a cart");

        assert_eq!(filled.key.as_str(), "k-1");
        let lines: Vec<_> =
            cart.lines.iter().map(|l| (l.sku.as_str(), l.quantity, l.unit_price.amount)).collect();
        assert_eq!(lines, [("lamp", 2, 60_25), ("duck", 1, 50)]);
    }

    #[test]
    fn what_cannot_be_read_is_said_with_its_line() {
        let errors = filled(&[("sku", "lamp"), ("quantity", "two"), ("price", "0.001")]).cart();

        let sentences: Vec<_> = errors.expect_err("unread").iter().map(sentence).collect();

        assert_eq!(
            sentences,
            [
                "line 1, quantity: must be a whole number",
                "line 1, price: must be an amount such as 12.50"
            ]
        );
    }

    #[test]
    fn a_form_without_a_key_that_can_be_one_gets_a_new_one() {
        assert_ne!(filled(&[("key", "")]).key, filled(&[("key", "a b")]).key);
    }
}
