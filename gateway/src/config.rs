//! The settings of the gateway. It refuses to start without them and names the one that is missing. The connection to
//! Temporal is not among them: it is read as every Temporal tool reads it, from `TEMPORAL_ADDRESS` and its like.

use chassis::config::StopSettings;
use clap::Args;
use clap::builder::FalseyValueParser;
use connections::call::parse_url;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// The longest that a customer may be kept waiting for a decision.
const MAX_WAIT_MS: u64 = 30_000;

/// The shop's front door. What it must be told:
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Where to listen, as in 127.0.0.1:8080.
    #[arg(long, env = "GATEWAY_LISTEN", value_name = "GATEWAY_LISTEN")]
    pub listen: SocketAddr,

    /// The file with the key that the shop shows to the services: one line.
    #[arg(long, env = "GATEWAY_KEY_FILE", value_name = "GATEWAY_KEY_FILE")]
    pub key_file: PathBuf,

    /// The file with the key that customers' tokens are signed with: 64 hexadecimal digits.
    #[arg(long, env = "GATEWAY_TOKEN_KEY_FILE", value_name = "GATEWAY_TOKEN_KEY_FILE")]
    pub token_key_file: PathBuf,

    /// The file with the key that order ids are derived from: 64 hexadecimal digits, the same for ever.
    #[arg(long, env = "GATEWAY_DERIVATION_KEY_FILE", value_name = "GATEWAY_DERIVATION_KEY_FILE")]
    pub derivation_key_file: PathBuf,

    /// Where order-api is, as in http://127.0.0.1:8081.
    #[arg(long, env = "ORDER_API_URL", value_name = "ORDER_API_URL", value_parser = parse_url)]
    pub order_api_url: Url,

    /// Where voucher-api is, as in http://127.0.0.1:8082.
    #[arg(long, env = "VOUCHER_API_URL", value_name = "VOUCHER_API_URL", value_parser = parse_url)]
    pub voucher_api_url: Url,

    /// Where risk-api is, as in http://127.0.0.1:8083.
    #[arg(long, env = "RISK_API_URL", value_name = "RISK_API_URL", value_parser = parse_url)]
    pub risk_api_url: Url,

    /// How a placement is waited for.
    #[command(flatten)]
    pub placing: PlacingSettings,

    /// How it stops.
    #[command(flatten)]
    pub stop: StopSettings,
}

/// How a placement is waited for.
#[derive(Debug, Clone, Args)]
pub struct PlacingSettings {
    /// How long a customer waits for the decision before the answer is 202, milliseconds.
    #[arg(
        long,
        env = "GATEWAY_WAIT_MS",
        value_name = "GATEWAY_WAIT_MS",
        default_value_t = 2_000,
        value_parser = clap::value_parser!(u64).range(1..=MAX_WAIT_MS)
    )]
    pub wait_ms: u64,

    /// How long a placement may wait for risk-api before it is rejected, milliseconds.
    #[arg(
        long,
        env = "GATEWAY_RISK_PATIENCE_MS",
        value_name = "GATEWAY_RISK_PATIENCE_MS",
        default_value_t = 30_000
    )]
    pub risk_patience_ms: u64,

    /// Keep rejected orders as rejected instead of leaving nothing of them.
    #[arg(long, env = "GATEWAY_KEEP_REJECTED", value_parser = FalseyValueParser::new())]
    pub keep_rejected: bool,
}

impl PlacingSettings {
    /// How long a customer waits for the decision.
    #[must_use]
    pub fn wait(&self) -> Duration {
        Duration::from_millis(self.wait_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Command, FromArgMatches};

    const SETTINGS: [&str; 14] = [
        "--listen",
        "127.0.0.1:0",
        "--key-file",
        "shop.key",
        "--token-key-file",
        "token.key",
        "--derivation-key-file",
        "derivation.key",
        "--order-api-url",
        "http://127.0.0.1:8081",
        "--voucher-api-url",
        "http://127.0.0.1:8082",
        "--risk-api-url",
        "http://127.0.0.1:8083",
    ];

    fn read(arguments: &[&str]) -> Result<Config, clap::Error> {
        let arguments = ["gateway"].iter().chain(arguments);
        let command = Config::augment_args(Command::new("gateway"));
        Config::from_arg_matches(&command.try_get_matches_from(arguments)?)
    }

    #[test]
    fn without_its_settings_the_gateway_refuses_to_start_and_names_what_is_missing() {
        let names = [
            "GATEWAY_LISTEN",
            "GATEWAY_KEY_FILE",
            "GATEWAY_TOKEN_KEY_FILE",
            "GATEWAY_DERIVATION_KEY_FILE",
            "ORDER_API_URL",
            "VOUCHER_API_URL",
            "RISK_API_URL",
        ];
        for (at, name) in names.into_iter().enumerate() {
            let mut arguments = SETTINGS.to_vec();
            arguments.drain(2 * at..2 * at + 2);

            let error = read(&arguments).expect_err("a setting is missing").to_string();

            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn a_customer_waits_two_seconds_unless_told_otherwise() {
        let config = read(&SETTINGS).expect("all settings");

        assert_eq!(config.placing.wait(), Duration::from_secs(2));
        assert_eq!(config.placing.risk_patience_ms, 30_000);
        assert!(!config.placing.keep_rejected);
    }

    #[test]
    fn an_address_without_a_host_is_refused() {
        for bad in ["", "127.0.0.1:8081", "file:///tmp", "http://"] {
            assert!(parse_url(bad).is_err(), "{bad:?}");
        }
    }
}
