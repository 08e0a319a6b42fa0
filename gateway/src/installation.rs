//! Makes sure, before any order id is derived, that this is the key of this installation.
//!
//! With another key the repeat of a request would be another order. order-api keeps the fingerprint of the first key and
//! refuses every other; while it is away nothing is placed, and the gateway is not ready.

use crate::shop::Shop;
use anyhow::bail;
use connections::back_off::BackOff;
use contracts::Reply;
use tracing::{info, warn};

/// Asks until order-api has answered.
///
/// # Errors
/// When the key is another than the installation began with.
pub(crate) async fn check(shop: &Shop) -> anyhow::Result<()> {
    let fingerprint = shop.derivation_key().fingerprint();
    let mut back_off = BackOff::new();
    let mut has_waited = false;
    loop {
        match shop.services().record_derivation_key(&fingerprint).await {
            Ok(Reply::Granted(_)) => {
                shop.key_is_known();
                info!("the derivation key is this installation's");
                return Ok(());
            }
            Ok(Reply::Refused(_)) => bail!(
                "the key in GATEWAY_DERIVATION_KEY_FILE is another than this installation began with; restore the \
                 original key from its backup, because with this one a repeated request would be a second order"
            ),
            Err(error) if !has_waited => {
                has_waited = true;
                warn!(%error, "orders are placed once order-api has confirmed the derivation key; trying on");
            }
            Err(_) => {}
        }
        tokio::time::sleep(back_off.wait()).await;
    }
}
