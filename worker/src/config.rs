//! The worker's settings. The connection to Temporal is not among them: it is read as every Temporal tool reads it,
//! from `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_TLS…` or a `temporal.toml` (see `temporal.rs`).

use chassis::config::StopSettings;
use clap::{Args, Command, FromArgMatches, Subcommand};
use connections::call::parse_url;
use std::net::SocketAddr;
use std::path::PathBuf;
use url::Url;

/// A name of this length still fits beside process id and generation into what Temporal shows of a poller.
const MAX_NAME_LEN: usize = 64;

/// What the worker needs to run.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Owner of the events that this worker claims. Unique per live worker, stable over its restarts.
    #[arg(long, env = "WORKER_NAME", value_name = "WORKER_NAME", value_parser = parse_name)]
    pub name: String,

    /// Where to answer /livez, /readyz and /metrics.
    #[arg(long, env = "WORKER_LISTEN", value_name = "WORKER_LISTEN")]
    pub listen: SocketAddr,

    /// The file with the key that this worker shows to the services: one line.
    #[arg(long, env = "WORKER_KEY_FILE", value_name = "WORKER_KEY_FILE")]
    pub key_file: PathBuf,

    /// The file with the key that this worker reads the services' books with, as their auditor: one line.
    #[arg(long, env = "WORKER_AUDITOR_KEY_FILE", value_name = "WORKER_AUDITOR_KEY_FILE")]
    pub auditor_key_file: PathBuf,

    /// Where order-api is, as in http://127.0.0.1:8081.
    #[arg(long, env = "ORDER_API_URL", value_name = "ORDER_API_URL", value_parser = parse_url)]
    pub order_api_url: Url,

    /// Where voucher-api is, as in http://127.0.0.1:8082.
    #[arg(long, env = "VOUCHER_API_URL", value_name = "VOUCHER_API_URL", value_parser = parse_url)]
    pub voucher_api_url: Url,

    /// Where risk-api is, as in http://127.0.0.1:8083.
    #[arg(long, env = "RISK_API_URL", value_name = "RISK_API_URL", value_parser = parse_url)]
    pub risk_api_url: Url,

    /// Where desk-api is, as in http://127.0.0.1:8084.
    #[arg(long, env = "DESK_API_URL", value_name = "DESK_API_URL", value_parser = parse_url)]
    pub desk_api_url: Url,

    /// How often the books are looked at, in seconds; 0 makes no schedule. A schedule that is there is never touched.
    #[arg(
        long,
        env = "WORKER_RECONCILE_EVERY_S",
        value_name = "WORKER_RECONCILE_EVERY_S",
        default_value_t = 60
    )]
    pub reconcile_every_s: u32,

    /// After so many activities the SDK's worker is replaced by a new one, because it keeps some bytes of each.
    #[arg(
        long,
        env = "WORKER_RECYCLE_AFTER",
        value_name = "WORKER_RECYCLE_AFTER",
        default_value_t = 20_000,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub recycle_after: u64,

    /// Whether this worker starts processes for the services' events. Off only in the crash lab: somebody else must then.
    #[arg(long, env = "WORKER_RELAY", value_name = "WORKER_RELAY", value_enum, default_value_t = Relaying::On)]
    pub relay: Relaying,

    /// How to stop.
    #[command(flatten)]
    pub stop: StopSettings,
}

/// Whether a worker starts processes for events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Relaying {
    /// It does.
    On,
    /// It only runs what others start.
    Off,
}

/// What the worker was started for.
#[derive(Debug)]
pub enum Asked {
    /// To work.
    Work(Box<Config>),
    /// Something that needs no settings and ends by itself.
    Tool(Tool),
}

/// What the worker can do beside working.
#[derive(Debug, Subcommand)]
pub enum Tool {
    /// Ask the worker on WORKER_LISTEN whether it is ready; exit code 0 if so.
    Healthcheck {
        /// Where it answers.
        #[arg(long, env = "WORKER_LISTEN", value_name = "WORKER_LISTEN")]
        listen: SocketAddr,
    },
    /// Replay recorded histories against this build; exit code 1 if one does not.
    Replay {
        /// What `temporal workflow show -o json` printed, or the Web UI downloaded.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

/// The command line with its settings, for help, tests and documentation.
#[must_use]
pub fn command() -> Command {
    let command = Config::augment_args(
        Command::new("worker").about("Hears events, starts processes, runs them."),
    );
    Tool::augment_subcommands(command.subcommand_negates_reqs(true))
}

/// Reads what the worker was started for. Prints what is wrong and exits when that cannot be understood.
#[must_use]
pub fn asked() -> Asked {
    let matches = command().get_matches();
    let asked = match matches.subcommand_name() {
        Some(_) => Tool::from_arg_matches(&matches).map(Asked::Tool),
        None => Config::from_arg_matches(&matches).map(|config| Asked::Work(Box::new(config))),
    };
    match asked {
        Ok(asked) => asked,
        Err(error) => error.format(&mut command()).exit(),
    }
}

fn parse_name(text: &str) -> Result<String, String> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if text.is_empty() || text.len() > MAX_NAME_LEN || !text.chars().all(is_allowed) {
        return Err(format!("a name is 1 to {MAX_NAME_LEN} letters, digits, '-', '_' or '.'"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: [&str; 16] = [
        "--name",
        "worker-1",
        "--listen",
        "127.0.0.1:0",
        "--key-file",
        "worker.key",
        "--auditor-key-file",
        "auditor.key",
        "--order-api-url",
        "http://127.0.0.1:8081",
        "--voucher-api-url",
        "http://127.0.0.1:8082",
        "--risk-api-url",
        "http://127.0.0.1:8083",
        "--desk-api-url",
        "http://127.0.0.1:8084",
    ];

    fn read(arguments: &[&str]) -> Result<Config, clap::Error> {
        let arguments = ["worker"].iter().chain(arguments);
        Config::from_arg_matches(&command().try_get_matches_from(arguments)?)
    }

    #[test]
    fn without_its_settings_the_worker_refuses_to_start_and_names_what_is_missing() {
        for (at, setting) in [
            (0, "WORKER_NAME"),
            (2, "WORKER_LISTEN"),
            (4, "WORKER_KEY_FILE"),
            (6, "WORKER_AUDITOR_KEY_FILE"),
            (8, "ORDER_API_URL"),
        ] {
            let mut arguments = SETTINGS.to_vec();
            arguments.drain(at..at + 2);

            let error = read(&arguments).expect_err("a setting is missing").to_string();

            assert!(error.contains(setting), "{error}");
        }
    }

    #[test]
    fn with_its_settings_it_starts() {
        let config = read(&SETTINGS).expect("all settings");

        assert_eq!(config.name, "worker-1");
        assert_eq!((config.recycle_after, config.relay), (20_000, Relaying::On));
        assert_eq!(config.reconcile_every_s, 60);
    }

    #[test]
    fn a_name_that_could_not_be_shown_and_an_address_without_a_host_are_refused() {
        for bad in ["", "a b", "a/b", &"a".repeat(65)] {
            assert!(parse_name(bad).is_err(), "{bad:?}");
        }
        for bad in ["", "127.0.0.1:8081", "file:///tmp", "http://"] {
            assert!(parse_url(bad).is_err(), "{bad:?}");
        }
    }
}
