//! Ids as types: a short prefix that says what it names, then what makes it unique.
//!
//! `ord_` and `vch_` carry a uuid in its hyphenated lower-case form: version 7 where the service makes the id,
//! version 8 (a keyed hash) where it is derived. `cus_` carries whatever the customer's home system uses, within
//! letters, digits, `-` and `_`: this shop does not own that name space.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Longest customer id, prefix included: room for a uuid or another system's key, and short enough for an index.
const MAX_CUSTOMER_ID_LEN: usize = 64;

/// A text that is not the id it was given for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not {expected}")]
pub struct ParseIdError {
    /// What would have been right, in words.
    pub expected: &'static str,
    /// What was given, cut to 80 characters.
    pub found: String,
}

impl ParseIdError {
    fn new(expected: &'static str, found: &str) -> Self {
        Self { expected, found: found.chars().take(80).collect() }
    }
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// The text that every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// Names a thing by a uuid that the caller made or derived.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// A new id, ordered by the time of its making (uuid version 7).
            #[must_use]
            pub fn make() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0.hyphenated())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            /// Reads the one canonical form: two spellings of an id would be two workflow ids for one order.
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let refused = || ParseIdError::new($expected, text);
                let uuid = Uuid::try_parse(text.strip_prefix($prefix).ok_or_else(refused)?).map_err(|_| refused())?;
                let id = Self(uuid);
                if id.to_string() == text { Ok(id) } else { Err(refused()) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseIdError;

            fn try_from(text: String) -> Result<Self, ParseIdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
    };
}

uuid_id!(
    /// Names an order: `ord_` and a uuid, as in `ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01`.
    OrderId, "ord_", "an order id: ord_ and a lower-case uuid with hyphens"
);
uuid_id!(
    /// Names a voucher: `vch_` and a uuid. Not the secret code that redeems it.
    VoucherId, "vch_", "a voucher id: vch_ and a lower-case uuid with hyphens"
);

/// Names a customer: `cus_` and 1 to 60 letters, digits, `-` or `_`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CustomerId(String);

impl CustomerId {
    /// The text that every customer id begins with.
    pub const PREFIX: &'static str = "cus_";

    /// Names a customer by a uuid, usually one derived from an address by a keyed hash (version 8).
    #[must_use]
    pub fn from_uuid(uuid: Uuid) -> Self {
        Self(format!("{}{}", Self::PREFIX, uuid.hyphenated()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for CustomerId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        match text.strip_prefix(Self::PREFIX) {
            Some(rest)
                if !rest.is_empty()
                    && text.len() <= MAX_CUSTOMER_ID_LEN
                    && rest.chars().all(is_allowed) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(ParseIdError::new(
                "a customer id: cus_ and 1 to 60 letters, digits, - or _",
                text,
            )),
        }
    }
}

impl TryFrom<String> for CustomerId {
    type Error = ParseIdError;

    fn try_from(text: String) -> Result<Self, ParseIdError> {
        text.parse()
    }
}

impl From<CustomerId> for String {
    fn from(id: CustomerId) -> String {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_order_id_has_one_spelling() {
        let id = OrderId::make();

        assert_eq!(id.to_string().parse(), Ok(id));
        for other in [
            id.to_string().to_uppercase(),
            id.to_string().replace('-', ""),
            format!(" {id}"),
            "ord_1".into(),
        ] {
            assert!(other.parse::<OrderId>().is_err(), "{other} was read as an order id");
        }
    }

    #[test]
    fn an_id_of_one_kind_is_not_read_as_another() {
        let voucher = VoucherId::make().to_string();

        assert!(voucher.parse::<OrderId>().is_err());
        assert!(voucher.parse::<CustomerId>().is_err());
    }

    #[test]
    fn a_customer_id_holds_no_address_and_no_path() {
        for bad in [
            "cus_",
            "cus_a@b.example",
            "cus_../x",
            "cus_a b",
            "ada",
            &format!("cus_{}", "a".repeat(61)),
        ] {
            assert!(bad.parse::<CustomerId>().is_err(), "{bad} was read as a customer id");
        }
        assert!("cus_ada".parse::<CustomerId>().is_ok());
    }

    proptest! {
        #[test]
        fn reading_an_id_never_panics(text in ".{0,200}") {
            let _ = text.parse::<OrderId>();
            let _ = text.parse::<CustomerId>();
        }
    }
}
