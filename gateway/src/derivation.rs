//! Ids that are derived with a key that the installation makes once and keeps for ever.
//!
//! The same address gives the same customer in every import, and the same customer and key give the same order in every
//! repeat; nobody without the key can find an address by trying, or guess another customer's order.

use crate::key_file::{self, hex};
use contracts::{CustomerId, OrderId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt;
use std::path::Path;
use uuid::Uuid;

/// Keeps this use of the key apart from every other one: an order id derived from the same bytes is another id.
const CUSTOMER_OF_ADDRESS: &[u8] = b"lacadon customer of e-mail address\0";

/// Keeps order ids apart from every other use of the key.
const ORDER_OF_CUSTOMER_AND_KEY: &[u8] = b"lacadon order of customer and idempotency key\0";

/// The key. Shown to nobody.
#[derive(Clone)]
pub struct DerivationKey([u8; key_file::KEY_LENGTH]);

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
        key_file::read(path).map(Self)
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
        let address = address.trim().to_lowercase();
        Ok(CustomerId::from_uuid(self.uuid_of(&[CUSTOMER_OF_ADDRESS, address.as_bytes()])?))
    }

    /// The order that a customer places under an idempotency key.
    ///
    /// # Errors
    /// Never with a key of this length.
    pub fn order_of(&self, customer_id: &CustomerId, key: &str) -> anyhow::Result<OrderId> {
        // A customer id holds no zero byte, so no two pairs are written alike.
        let parts =
            [ORDER_OF_CUSTOMER_AND_KEY, customer_id.as_str().as_bytes(), b"\0", key.as_bytes()];
        Ok(OrderId::from_uuid(self.uuid_of(&parts)?))
    }

    fn uuid_of(&self, parts: &[&[u8]]) -> anyhow::Result<Uuid> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0)?;
        parts.iter().for_each(|part| mac.update(part));
        let tag = mac.finalize().into_bytes();
        let mut id = [0; 16];
        id.iter_mut().zip(tag).for_each(|(to, from)| *to = from);
        Ok(Uuid::new_v8(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> DerivationKey {
        DerivationKey::of([7; 32])
    }

    fn customer(id: &str) -> CustomerId {
        id.parse().expect("a customer id")
    }

    #[test]
    fn one_address_is_one_customer_however_it_is_written() {
        let ada = key().customer_of("Ada@Shop.Example").expect("an id");

        assert_eq!(key().customer_of(" ada@shop.example\n").expect("an id"), ada);
        assert_ne!(key().customer_of("bob@shop.example").expect("an id"), ada);
    }

    /// Derived ids are on record for ever: these values must never change.
    #[test]
    fn the_golden_ids_are_derived_as_ever() {
        let ada = key().customer_of("ada@shop.example").expect("an id");
        let order = key().order_of(&customer("cus_ada"), "key-1").expect("an id");

        assert_eq!(ada.as_str(), "cus_1280ba0f-ef8d-84bb-ad1f-acdb77d411e3");
        assert_eq!(order.to_string(), "ord_f010341b-b01f-8566-8d60-719c9d565ace");
    }

    #[test]
    fn one_customer_and_key_is_one_order_and_nobody_elses() {
        let order = |id, text| key().order_of(&customer(id), text).expect("an id");
        let adas = order("cus_ada", "key-1");

        assert_eq!(order("cus_ada", "key-1"), adas);
        for other in
            [order("cus_ada", "key-2"), order("cus_bob", "key-1"), order("cus_ad", "akey-1")]
        {
            assert_ne!(other, adas);
        }
    }

    #[test]
    fn another_key_makes_other_ids_and_has_another_fingerprint() {
        let other = DerivationKey::of([8; 32]);

        assert_ne!(
            key().customer_of("ada@shop.example").ok(),
            other.customer_of("ada@shop.example").ok()
        );
        assert_ne!(
            key().order_of(&customer("cus_ada"), "key-1").ok(),
            other.order_of(&customer("cus_ada"), "key-1").ok()
        );
        assert_ne!(key().fingerprint(), other.fingerprint());
        assert_eq!(key().fingerprint().len(), 64);
    }

    #[test]
    fn the_key_is_never_shown() {
        assert_eq!(format!("{:?}", key()), "DerivationKey(…)");
    }
}
