//! The connection to Temporal: read from the environment as every Temporal tool reads it, and made with patience.

use crate::back_off::BackOff;
use anyhow::{Context as _, anyhow};
use std::time::Duration;
use temporalio_client::envconfig::LoadClientConfigProfileOptions;
use temporalio_client::errors::ClientConnectError;
use temporalio_client::{Client, ClientOptions, Connection, ConnectionOptions, GrpcCompression};
use temporalio_common::envconfig::load_client_config_profile;
use temporalio_common::telemetry::metrics::TemporalMeter;
use tracing::{info, warn};

/// A server that takes longer to accept a connection is tried again.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// Where Temporal is and who we are to it.
#[derive(Clone)]
pub struct Target {
    connection: ConnectionOptions,
    client: ClientOptions,
}

impl Target {
    /// Reads `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_TLS…`, `TEMPORAL_API_KEY` and `temporal.toml`.
    ///
    /// # Errors
    /// When they contradict themselves, or nothing says where the server is: the SDK would take localhost.
    pub fn from_environment() -> anyhow::Result<Self> {
        let profile =
            load_client_config_profile(LoadClientConfigProfileOptions::default(), None)
                .map_err(|error| anyhow!("the settings of the Temporal connection: {error}"))?;
        profile.address.as_ref().context(
            "where is Temporal? Set TEMPORAL_ADDRESS (as in 127.0.0.1:7233) or a profile in temporal.toml",
        )?;
        let (mut connection, client) =
            ClientOptions::load_from_config(LoadClientConfigProfileOptions::default())
                .map_err(|error| anyhow!("the settings of the Temporal connection: {error}"))?;
        connection.connect_timeout = Some(CONNECT_LIMIT);
        // Compression costs the worker a third more CPU and saves nothing on a network of its own.
        connection.grpc_compression = GrpcCompression::None;
        connection.dns_load_balancing = None;
        Ok(Self { connection, client })
    }

    /// The namespace that everything happens in.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.client.namespace
    }

    /// Where the server is.
    #[must_use]
    pub fn address(&self) -> &str {
        self.connection.target.as_str()
    }

    /// Connects under this name, trying until it works.
    ///
    /// # Errors
    /// When no amount of trying can help: an address or a header that is none.
    pub async fn connect(
        &self,
        identity: &str,
        meter: Option<TemporalMeter>,
    ) -> anyhow::Result<Client> {
        let mut back_off = BackOff::new();
        let mut has_failed = false;
        loop {
            let mut options = self.connection.clone();
            options.identity = identity.to_owned();
            options.metrics_meter.clone_from(&meter);
            match Connection::connect(options).await {
                Ok(connection) => {
                    info!(temporal.address = self.address(), "connected to Temporal as {identity}");
                    return Ok(Client::new(connection, self.client.clone())?);
                }
                Err(
                    error @ (ClientConnectError::InvalidUri(_)
                    | ClientConnectError::InvalidHeaders(_)
                    | ClientConnectError::InvalidConfig(_)),
                ) => return Err(error.into()),
                Err(error) if !has_failed => {
                    has_failed = true;
                    let address = self.address();
                    warn!(temporal.address = address, %error, "Temporal cannot be reached at {address}; trying on");
                }
                Err(_) => {}
            }
            tokio::time::sleep(back_off.wait()).await;
        }
    }
}
