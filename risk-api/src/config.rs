//! The settings of this service. It refuses to start without them and names the one that is missing.

use chassis::config::{Secret, StopSettings};
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What risk-api must be told.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Where accounts and reservations are: `sqlite:///absolute/path.sqlite` or `postgres://…`.
    #[arg(
        long,
        env = "RISK_DATABASE_URL",
        value_name = "RISK_DATABASE_URL",
        hide_env_values = true
    )]
    pub database_url: Secret,

    /// Where to listen, as in 127.0.0.1:8083.
    #[arg(long, env = "RISK_LISTEN", value_name = "RISK_LISTEN")]
    pub listen: SocketAddr,

    /// The file of callers, their roles and the hashes of their keys.
    #[arg(long, env = "RISK_KEYS_FILE", value_name = "RISK_KEYS_FILE")]
    pub keys_file: PathBuf,

    /// How it stops.
    #[command(flatten)]
    pub stop: StopSettings,
}
