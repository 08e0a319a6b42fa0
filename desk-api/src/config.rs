//! The settings of this service. It refuses to start without them and names the one that is missing.

use chassis::config::{Secret, StopSettings};
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What desk-api must be told.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Where cases and decisions are: `sqlite:///absolute/path.sqlite` or `postgres://…`.
    #[arg(
        long,
        env = "DESK_DATABASE_URL",
        value_name = "DESK_DATABASE_URL",
        hide_env_values = true
    )]
    pub database_url: Secret,

    /// Where to listen, as in 127.0.0.1:8084.
    #[arg(long, env = "DESK_LISTEN", value_name = "DESK_LISTEN")]
    pub listen: SocketAddr,

    /// The file of callers, their roles and the hashes of their keys.
    #[arg(long, env = "DESK_KEYS_FILE", value_name = "DESK_KEYS_FILE")]
    pub keys_file: PathBuf,

    /// How it stops.
    #[command(flatten)]
    pub stop: StopSettings,
}
