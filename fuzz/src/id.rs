//! Ids: a text is at most one kind of id, has one spelling, and is the same in JSON.

use crate::says_why;
use contracts::{CustomerId, OrderId, VoucherId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::{Debug, Display};
use std::str::FromStr;

/// Room for an id in an index, a header and a log line.
const LONGEST: usize = 64;

pub(crate) fn holds(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };

    let kinds = [is::<OrderId>(text), is::<VoucherId>(text), is::<CustomerId>(text)];

    let read_as = kinds.iter().filter(|is_read| **is_read).count();
    assert!(read_as <= 1, "{text:?} is an id of {read_as} kinds");
}

/// Whether the text is such an id.
fn is<Id>(text: &str) -> bool
where
    Id: FromStr<Err: Display> + Display + Debug + PartialEq + Serialize + DeserializeOwned,
{
    let json = serde_json::to_string(text).expect("a text is JSON");
    let from_json = serde_json::from_str::<Id>(&json);
    match text.parse::<Id>() {
        Ok(id) => {
            assert_eq!(id.to_string(), text, "another spelling");
            assert!(text.len() <= LONGEST && text.is_ascii(), "{text:?}");
            let opens_a_path = |c: char| matches!(c, '/' | '.' | '%' | '?' | '#' | '@' | ' ');
            assert!(!text.contains(opens_a_path), "{text:?} means something in an address");
            assert_eq!(serde_json::to_string(&id).expect("JSON"), json);
            assert_eq!(from_json.expect("JSON reads what the text is read as"), id);
            true
        }
        Err(refused) => {
            says_why(&refused.to_string());
            says_why(&from_json.expect_err("refused as text, taken as JSON").to_string());
            false
        }
    }
}
