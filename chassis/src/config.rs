//! Settings: flag > environment > default, and secrets that cannot be printed.
//!
//! A setting without a default must be given: a binary refuses to start and names what is missing. For that, give the
//! environment variable as `value_name`: `#[arg(long, env = "X_LISTEN", value_name = "X_LISTEN")]`.

use clap::builder::FalseyValueParser;
use clap::{Args, Command};
use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// A text that no log line, error or debug print shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` from being printed.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Reads the one line that a secret's file holds.
    ///
    /// # Errors
    /// When the file cannot be read, is empty, or holds more than one line.
    pub fn read_file(path: &Path) -> Result<Self, ReadSecretError> {
        let refused = |why: String| ReadSecretError { path: path.to_owned(), why };
        let text = std::fs::read_to_string(path).map_err(|e| refused(e.to_string()))?;
        let line = text.trim();
        if line.is_empty() {
            return Err(refused("the file is empty".to_owned()));
        }
        if line.lines().count() > 1 {
            return Err(refused("the file holds more than one line".to_owned()));
        }
        Ok(Self(line.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::new(text))
    }
}

/// Why a secret's file was of no use. Says nothing of its contents.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the secret in {}: {why}", path.display())]
pub struct ReadSecretError {
    path: PathBuf,
    why: String,
}

/// How every process stops. Flatten it into a service's own settings.
#[derive(Debug, Clone, Args)]
pub struct StopSettings {
    /// How long requests under way may take to finish once the process was asked to stop, milliseconds.
    #[arg(
        long,
        env = "SHUTDOWN_GRACE_MS",
        value_name = "SHUTDOWN_GRACE_MS",
        default_value_t = 10_000
    )]
    pub shutdown_grace_ms: u64,

    /// Stop gracefully when standard input ends: a launcher's children end when its pipe closes.
    #[arg(long, env = "EXIT_WITH_STDIN", value_parser = FalseyValueParser::new())]
    pub exit_with_stdin: bool,
}

impl StopSettings {
    /// How long requests under way may take to finish.
    #[must_use]
    pub fn grace(&self) -> Duration {
        Duration::from_millis(self.shutdown_grace_ms)
    }
}

/// What a service was started for.
#[derive(Debug)]
pub enum Asked<S> {
    /// To serve, with these settings.
    Serve(S),
    /// To print its OpenAPI document and exit (`<service> openapi`); needs no settings.
    PrintOpenApi,
}

/// Reads what a service was started for. Prints what is wrong and exits when that cannot be understood.
#[must_use]
pub fn asked<S: Args>(name: &'static str, about: &'static str) -> Asked<S> {
    let command = command::<S>(name, about);
    match read(&command, command.clone().get_matches()) {
        Ok(asked) => asked,
        Err(error) => error.exit(),
    }
}

fn command<S: Args>(name: &'static str, about: &'static str) -> Command {
    let openapi = Command::new(OPENAPI).about("Print the OpenAPI document and exit");
    S::augment_args(Command::new(name))
        .about(about)
        .subcommand_negates_reqs(true)
        .subcommand(openapi)
}

const OPENAPI: &str = "openapi";

fn read<S: Args>(command: &Command, matches: clap::ArgMatches) -> Result<Asked<S>, clap::Error> {
    if matches.subcommand_name() == Some(OPENAPI) {
        return Ok(Asked::PrintOpenApi);
    }
    S::from_arg_matches(&matches).map(Asked::Serve).map_err(|e| e.format(&mut command.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Args)]
    struct Settings {
        #[arg(long, env = "CHASSIS_TEST_LISTEN", value_name = "CHASSIS_TEST_LISTEN")]
        listen: String,
        #[command(flatten)]
        stop: StopSettings,
    }

    fn read_args(args: &[&str]) -> Result<Asked<Settings>, clap::Error> {
        let command = command::<Settings>("example", "An example.");
        let matches = command.clone().try_get_matches_from(args)?;
        read(&command, matches)
    }

    #[test]
    fn a_missing_setting_is_named() {
        let error = read_args(&["example"]).expect_err("nothing was given").to_string();

        assert!(error.contains("CHASSIS_TEST_LISTEN"), "{error}");
    }

    #[test]
    fn what_is_given_is_read_and_the_rest_has_defaults() {
        let Ok(Asked::Serve(settings)) = read_args(&["example", "--listen", "127.0.0.1:1"]) else {
            panic!("not read as serve")
        };

        assert_eq!(settings.listen, "127.0.0.1:1");
        assert_eq!(settings.stop.grace(), Duration::from_secs(10));
        assert!(!settings.stop.exit_with_stdin);
    }

    #[test]
    fn the_openapi_document_is_printed_without_any_setting() {
        assert!(matches!(read_args(&["example", "openapi"]), Ok(Asked::PrintOpenApi)));
    }

    #[test]
    fn a_secrets_file_holds_one_line_and_a_refusal_shows_none_of_it() {
        let path = std::env::temp_dir().join(format!("chassis-secret-{}", uuid::Uuid::now_v7()));
        let read = |text: &str| {
            std::fs::write(&path, text).expect("written");
            Secret::read_file(&path)
        };

        let secret = read("hunter2\n").map(|secret| secret.expose().to_owned());
        let refusals = ["", " \n", "hunter2\nhunter3\n"].map(|text| read(text).err());
        std::fs::remove_file(&path).expect("removed");
        let missing = Secret::read_file(&path).err();

        assert_eq!(secret.ok().as_deref(), Some("hunter2"));
        for refusal in refusals.into_iter().chain([missing]) {
            assert!(!refusal.expect("refused").to_string().contains("hunter"));
        }
    }

    #[test]
    fn a_secret_is_never_printed() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(…)");
    }
}
