//! `cargo demo|dev|lacadon`: speaks at once, builds what is missing with visible progress, hands over to `lacadon`.

use launch::build::{self, Manner};
use launch::progress::Display;
use launch::temporal::{self, Build, Found, Surroundings, TemporalCli};
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match launch(&arguments) {
        Ok(never) => match never {},
        Err(e) => {
            // With standard error gone there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "lacadon: {e:#}");
            ExitCode::FAILURE
        }
    }
}

fn launch(arguments: &[OsString]) -> anyhow::Result<std::convert::Infallible> {
    let display = Display::on_stderr();
    let (lacadon, cli) = if needs_a_server(arguments) {
        display.say("lacadon: building what is needed (the first time takes some minutes)");
        match temporal::look(&Surroundings::of_this_process(named_cli(arguments)))? {
            Found::Cli(cli) => (build::build(&display, Manner::Spoken)?.lacadon, Some(cli)),
            Found::MustBeBuilt(server) => build_side_by_side(&display, &server)?,
        }
    } else {
        (build::build(&display, Manner::QuietIfFresh)?.lacadon, None)
    };
    hand_over(&lacadon, arguments, cli.as_ref())
}

fn build_side_by_side(
    display: &Display,
    server: &Build,
) -> anyhow::Result<(PathBuf, Option<TemporalCli>)> {
    std::thread::scope(|scope| {
        let server = scope.spawn(|| server.run(display));
        let built = build::build(display, Manner::Spoken);
        if let Err(e) = &built {
            display
                .say(&format!("{e:#}\n(the Temporal server's build goes on, so that it is kept)"));
        }
        let cli =
            server.join().map_err(|_| anyhow::anyhow!("the build of the server panicked"))??;
        Ok((built?.lacadon, Some(cli)))
    })
}

fn hand_over(
    lacadon: &Path,
    arguments: &[OsString],
    cli: Option<&TemporalCli>,
) -> anyhow::Result<std::convert::Infallible> {
    let mut command = Command::new(lacadon);
    command.args(arguments);
    if let Some(cli) = cli {
        command.env(temporal::CLI_VARIABLE, &cli.path);
    }
    let refused = command.exec();
    Err(anyhow::Error::new(refused).context(format!("{} cannot be run", lacadon.display())))
}

/// `demo` and `crash` always start a server of their own; `dev` unless `TEMPORAL_ADDRESS` names one; a question for help never.
fn needs_a_server(arguments: &[OsString]) -> bool {
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    if has("--help") || has("-h") {
        return false;
    }
    let is_given = std::env::var_os("TEMPORAL_ADDRESS").is_some_and(|value| !value.is_empty());
    match verb(arguments).and_then(OsStr::to_str) {
        Some("demo" | "crash") => true,
        Some("dev") => !is_given,
        _ => false,
    }
}

/// The first word that is neither an option nor the value of `--data-dir`, the one option that may stand before it.
fn verb(arguments: &[OsString]) -> Option<&OsStr> {
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if word == "--data-dir" {
            words.next();
        } else if !word.to_string_lossy().starts_with('-') {
            return Some(word);
        }
    }
    None
}

/// `--temporal-cli PATH` or `--temporal-cli=PATH`.
fn named_cli(arguments: &[OsString]) -> Option<PathBuf> {
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if word == "--temporal-cli" {
            return words.next().map(PathBuf::from);
        }
        if let Some(path) = word.to_str().and_then(|word| word.strip_prefix("--temporal-cli=")) {
            return Some(path.into());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn the_verb_is_found_behind_the_options_that_may_precede_it() {
        assert_eq!(verb(&words("--data-dir dev demo --keep")), Some(OsStr::new("demo")));
        assert_eq!(verb(&words("--json")), None);
    }

    #[test]
    fn a_demo_needs_a_server_and_a_question_for_help_does_not() {
        assert!(needs_a_server(&words("demo")));
        assert!(!needs_a_server(&words("demo --help")));
        assert!(!needs_a_server(&words("order list")));
    }

    #[test]
    fn the_program_may_be_named_in_both_ways() {
        let expected = Some(PathBuf::from("/opt/temporal"));

        assert_eq!(named_cli(&words("dev --temporal-cli /opt/temporal")), expected);
        assert_eq!(named_cli(&words("dev --temporal-cli=/opt/temporal")), expected);
        assert_eq!(named_cli(&words("dev")), None);
    }
}
