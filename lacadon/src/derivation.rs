//! Ids that are derived from something personal, with a key that the installation makes once and keeps for ever.
//!
//! The same address gives the same customer in every import; nobody without the key can find the address by trying.

use crate::system::keys::{hex, read_secret};
use anyhow::Context;
use contracts::CustomerId;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt;
use std::path::Path;
use uuid::Uuid;

/// Keeps this use of the key apart from every other one: an order id derived from the same bytes is another id.
const CUSTOMER_OF_ADDRESS: &[u8] = b"lacadon customer of e-mail address\0";

/// The key. Shown to nobody.
#[derive(Clone)]
pub struct DerivationKey([u8; 32]);

impl fmt::Debug for DerivationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DerivationKey(…)")
    }
}

impl DerivationKey {
    /// The key of these bytes.
    #[must_use]
    pub fn of(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads the key from its file: 64 hexadecimal digits, readable by its owner alone.
    ///
    /// # Errors
    /// When the file is missing, readable by others or holds something else.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = read_secret(path)?;
        let mut bytes = [0; 32];
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits)?;
            *byte = u8::from_str_radix(digits, 16).context("not hexadecimal digits")?;
        }
        Ok(Self(bytes))
    }

    /// What may be told of the key: the SHA-256 of its bytes.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex(&Sha256::digest(self.0))
    }

    /// The customer of an e-mail address, whatever its capitals and the blanks around it.
    ///
    /// # Errors
    /// Never with a key of this length.
    pub fn customer_of(&self, address: &str) -> anyhow::Result<CustomerId> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).context("a key of another length")?;
        mac.update(CUSTOMER_OF_ADDRESS);
        mac.update(address.trim().to_lowercase().as_bytes());
        let tag = mac.finalize().into_bytes();
        let mut id = [0; 16];
        id.iter_mut().zip(tag).for_each(|(to, from)| *to = from);
        Ok(CustomerId::from_uuid(Uuid::new_v8(id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_is_one_customer_however_it_is_written() {
        let key = DerivationKey::of([7; 32]);

        let customer = key.customer_of("Ada@Shop.Example").expect("an id");

        assert_eq!(key.customer_of(" ada@shop.example\n").expect("an id"), customer);
        assert_ne!(key.customer_of("bob@shop.example").expect("an id"), customer);
    }

    /// Derived ids are on record for ever: this value must never change.
    #[test]
    fn the_golden_customer_is_derived_as_ever() {
        let key = DerivationKey::of([7; 32]);

        let customer = key.customer_of("ada@shop.example").expect("an id");

        assert_eq!(customer.as_str(), "cus_1280ba0f-ef8d-84bb-ad1f-acdb77d411e3");
    }

    #[test]
    fn another_key_makes_other_customers_and_has_another_fingerprint() {
        let (one, other) = (DerivationKey::of([7; 32]), DerivationKey::of([8; 32]));

        assert_ne!(
            one.customer_of("ada@shop.example").ok(),
            other.customer_of("ada@shop.example").ok()
        );
        assert_ne!(one.fingerprint(), other.fingerprint());
        assert_eq!(one.fingerprint().len(), 64);
    }

    #[test]
    fn the_key_is_never_shown() {
        assert_eq!(format!("{:?}", DerivationKey::of([7; 32])), "DerivationKey(…)");
    }
}
