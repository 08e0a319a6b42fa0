//! What every endpoint works with.

use crate::config::{Config, PlacingSettings};
use crate::derivation::DerivationKey;
use crate::process::Process;
use crate::services::Services;
use crate::token::TokenKey;
use anyhow::Context;
use chassis::config::Secret;
use connections::call::BearerKey;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use temporalio_client::Client;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;

/// Streams of events at once. Each holds one of the server's 1024 connections and asks Temporal now and then.
const STREAMS_LIMIT: usize = 256;

/// The state of the gateway. Clones share it.
#[derive(Clone)]
pub struct Shop(Arc<Parts>);

struct Parts {
    services: Services,
    process: Process,
    token_key: TokenKey,
    derivation_key: DerivationKey,
    placing: PlacingSettings,
    is_key_known: AtomicBool,
    streams: Arc<Semaphore>,
    stopping: CancellationToken,
}

/// The keys that the gateway works with.
#[derive(Debug, Clone)]
pub struct ShopKeys {
    /// Signs and checks customers' tokens.
    pub token: TokenKey,
    /// Derives order ids.
    pub derivation: DerivationKey,
}

impl Shop {
    /// As the settings say. Nothing is connected yet: whoever connects to Temporal sends the client.
    ///
    /// # Errors
    /// When a key cannot be used.
    pub fn of(config: &Config) -> anyhow::Result<(Self, watch::Sender<Option<Client>>)> {
        let secret = Secret::read_file(&config.key_file).context("GATEWAY_KEY_FILE")?;
        let key = BearerKey::parse(secret.expose()).context("GATEWAY_KEY_FILE")?;
        let keys = ShopKeys {
            token: TokenKey::read(&config.token_key_file).context("GATEWAY_TOKEN_KEY_FILE")?,
            derivation: DerivationKey::read(&config.derivation_key_file)
                .context("GATEWAY_DERIVATION_KEY_FILE")?,
        };
        let services = Services::at(
            config.order_api_url.clone(),
            config.voucher_api_url.clone(),
            config.risk_api_url.clone(),
            &key,
        )?;
        Ok(Self::new(services, keys, config.placing.clone()))
    }

    /// Of these parts.
    #[must_use]
    pub fn new(
        services: Services,
        keys: ShopKeys,
        placing: PlacingSettings,
    ) -> (Self, watch::Sender<Option<Client>>) {
        let (connected, client) = watch::channel(None);
        let parts = Parts {
            services,
            process: Process::through(client),
            token_key: keys.token,
            derivation_key: keys.derivation,
            placing,
            is_key_known: AtomicBool::new(false),
            streams: Arc::new(Semaphore::new(STREAMS_LIMIT)),
            stopping: CancellationToken::new(),
        };
        (Self(Arc::new(parts)), connected)
    }

    /// Whether orders can be placed, as far as this process knows. A Temporal that goes away later does not count:
    /// the rest of the shop is still worth showing.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.is_key_known() && self.process().is_connected()
    }

    /// Whether the derivation key is known to be this installation's.
    pub(crate) fn is_key_known(&self) -> bool {
        self.0.is_key_known.load(Ordering::Acquire)
    }

    pub(crate) fn key_is_known(&self) {
        self.0.is_key_known.store(true, Ordering::Release);
    }

    pub(crate) fn services(&self) -> &Services {
        &self.0.services
    }

    pub(crate) fn process(&self) -> &Process {
        &self.0.process
    }

    pub(crate) fn token_key(&self) -> &TokenKey {
        &self.0.token_key
    }

    pub(crate) fn derivation_key(&self) -> &DerivationKey {
        &self.0.derivation_key
    }

    pub(crate) fn placing(&self) -> &PlacingSettings {
        &self.0.placing
    }

    /// The right to hold one stream open; none when there are too many.
    pub(crate) fn stream(&self) -> Option<OwnedSemaphorePermit> {
        self.0.streams.clone().try_acquire_owned().ok()
    }

    /// Ends when the process was asked to stop.
    pub(crate) fn stopping(&self) -> &CancellationToken {
        &self.0.stopping
    }

    pub(crate) fn stop_streams(&self) {
        self.0.stopping.cancel();
    }
}
