//! What a field of a request must hold beyond its JSON type, and where it stands when it does not.

use chassis::problem::{FieldError, Problem};
use garde::Validate;
use std::fmt::Display;

/// Checks what a body says beyond its JSON types.
pub(crate) fn check<T: Validate<Context = ()>>(body: &T) -> Result<(), Problem> {
    body.validate().map_err(|report| {
        let fields = report.into_inner().into_iter();
        let errors = fields.map(|(path, error)| FieldError::new(pointer(path), error.to_string()));
        Problem::invalid_body(errors.collect())
    })
}

/// A garde rule: the text is not blank and holds no control characters.
///
/// PostgreSQL cannot store U+0000, and no article is called by a line feed.
pub(crate) fn is_plain_text(text: &str, _context: &()) -> garde::Result {
    if text.trim().is_empty() {
        return Err(garde::Error::new("must not be blank"));
    }
    if text.chars().any(char::is_control) {
        return Err(garde::Error::new("must not hold control characters"));
    }
    Ok(())
}

/// Whether a text can name anything here: not empty, and storable.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control)
}

/// The JSON pointer of a garde path: `lines[0].quantity` is `/lines/0/quantity`.
fn pointer(path: impl Display) -> String {
    let path = path.to_string().replace('[', ".").replace(']', "");
    if path.is_empty() { path } else { format!("/{}", path.replace('.', "/")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_a_json_pointer() {
        assert_eq!(pointer("lines[0].unit_price.amount"), "/lines/0/unit_price/amount");
        assert_eq!(pointer("customer_id"), "/customer_id");
        assert_eq!(pointer(""), "");
    }

    #[test]
    fn a_text_is_neither_blank_nor_full_of_control_characters() {
        for bad in ["", "  ", "a\0b", "a\nb", "\u{7f}"] {
            assert!(is_plain_text(bad, &()).is_err(), "{bad:?} was taken for a text");
        }
        assert!(is_plain_text("Lamp, 40 W — warm", &()).is_ok());
    }
}
