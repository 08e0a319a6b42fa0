//! The HTTP client of every verb.

use anyhow::Context;
use std::sync::Once;
use std::time::Duration;

/// A client that gives up after `within`.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn client(within: Duration) -> anyhow::Result<reqwest::Client> {
    install_crypto();
    reqwest::Client::builder()
        .timeout(within)
        // The services stand on loopback or in the same network; a proxy for the web would not reach them.
        .no_proxy()
        .build()
        .context("no HTTP client")
}

/// TLS needs one provider per process, chosen once.
pub(crate) fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Somebody who installed one before us is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
