//! Finds a Temporal server that may be started here, or makes one.
//!
//! In this order: a program named explicitly (`--temporal-cli`, `LACADON_TEMPORAL_CLI`), `temporal` on PATH if its
//! version will do, the pinned version from the cache, the pinned version built with Go. A server that is already
//! running (`TEMPORAL_ADDRESS`) is not this file's business: only `dev` takes one, and asks before it comes here.

mod go_build;
mod version;

pub use version::Version;

use crate::progress::Display;
use anyhow::{Context, bail};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

/// Names the `temporal` program to use, whatever else there is.
pub const CLI_VARIABLE: &str = "LACADON_TEMPORAL_CLI";

/// The version that `tools/temporal/go.mod` pins and that the tests ran with.
pub const PINNED_CLI: Version = Version::new(1, 8, 2);

/// Older command lines lack options that are used here.
const LEAST_CLI: Version = Version::new(1, 8, 0);

/// Older servers were not tried with this SDK's eager starts.
const LEAST_SERVER: Version = Version::new(1, 31, 0);

/// How often, and how far apart, a program that is being written is tried.
const BUSY_TRIES: u32 = 50;
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// A `temporal` program that can start a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemporalCli {
    /// The program.
    pub path: PathBuf,
    /// The version of the command line.
    pub cli_version: Version,
    /// The version of the server inside it.
    pub server_version: Version,
    /// How it was found.
    pub origin: Origin,
}

/// How a `temporal` program was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Named by `--temporal-cli` or `LACADON_TEMPORAL_CLI`.
    Named,
    /// On PATH, and new enough.
    OnPath,
    /// The pinned version, built before.
    Cached,
    /// The pinned version, built just now.
    Built,
}

/// Where to look.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The program named explicitly.
    pub named: Option<PathBuf>,
    /// The folders of PATH, in which `temporal` and `go` are looked for.
    pub path: Vec<PathBuf>,
    /// The folder of the pinned version, `~/.cache/lacadon/temporal/1.8.2`; `None` where there is no home.
    pub cache: Option<PathBuf>,
    /// The folder with the `go.mod` that pins it.
    pub module: PathBuf,
}

impl Surroundings {
    /// As the environment says; `named` wins over `LACADON_TEMPORAL_CLI`.
    #[must_use]
    pub fn of_this_process(named: Option<PathBuf>) -> Self {
        let variable = |name| std::env::var_os(name).filter(|value: &OsString| !value.is_empty());
        let caches = variable("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".cache")));
        Self {
            named: named.or_else(|| variable(CLI_VARIABLE).map(PathBuf::from)),
            path: variable("PATH").iter().flat_map(std::env::split_paths).collect(),
            cache: caches
                .map(|folder| folder.join("lacadon/temporal").join(PINNED_CLI.to_string())),
            module: crate::build::workspace().join("tools/temporal"),
        }
    }

    fn program(&self, name: &str) -> Option<PathBuf> {
        self.path.iter().map(|folder| folder.join(name)).find(|path| is_executable(path))
    }
}

/// What a quick look found.
#[derive(Debug)]
pub enum Found {
    /// A program that will do.
    Cli(TemporalCli),
    /// None, but Go is there and can build the pinned version in a few minutes.
    MustBeBuilt(Build),
}

/// All that the build needs.
#[derive(Debug)]
pub struct Build {
    go: PathBuf,
    module: PathBuf,
    cache: PathBuf,
}

/// Finds or builds a `temporal` program, once per process; speaks on standard error while it builds.
///
/// # Errors
/// When there is none and none can be built; the message lists the ways to get one.
pub fn locate() -> anyhow::Result<TemporalCli> {
    static ONCE: OnceLock<Result<TemporalCli, String>> = OnceLock::new();
    ONCE.get_or_init(|| {
        let surroundings = Surroundings::of_this_process(None);
        locate_in(&surroundings, &Display::on_stderr()).map_err(|e| format!("{e:#}"))
    })
    .clone()
    .map_err(anyhow::Error::msg)
}

/// [`locate`], with everything that it looks at given.
///
/// # Errors
/// When there is none and none can be built; the message lists the ways to get one.
pub fn locate_in(surroundings: &Surroundings, display: &Display) -> anyhow::Result<TemporalCli> {
    match look(surroundings)? {
        Found::Cli(cli) => Ok(cli),
        Found::MustBeBuilt(build) => build.run(display),
    }
}

/// Looks, but builds nothing: quick, so that a machine without any way says so before a long build of something else.
///
/// # Errors
/// When there is none and none can be built; the message lists the ways to get one.
pub fn look(surroundings: &Surroundings) -> anyhow::Result<Found> {
    if let Some(named) = &surroundings.named {
        let cli = ask_version(named, Origin::Named).with_context(|| {
            format!("{} was named as the temporal program ({CLI_VARIABLE})", named.display())
        })?;
        return Ok(Found::Cli(cli));
    }
    let on_path = surroundings.program("temporal").map(|path| ask_version(&path, Origin::OnPath));
    let unfit = match on_path {
        Some(Ok(cli)) if will_do(&cli) => return Ok(Found::Cli(cli)),
        Some(Ok(cli)) => Some(format!(
            "{} is version {} with server {}: too old",
            cli.path.display(),
            cli.cli_version,
            cli.server_version
        )),
        Some(Err(e)) => Some(format!("{e:#}")),
        None => None,
    };
    if let Some(cli) = surroundings.cache.as_deref().and_then(in_cache) {
        return Ok(Found::Cli(cli));
    }
    match (surroundings.program("go"), surroundings.cache.clone()) {
        (Some(go), Some(cache)) => {
            Ok(Found::MustBeBuilt(Build { go, module: surroundings.module.clone(), cache }))
        }
        (None, _) => bail!("{}", ways_to_get_one(unfit.as_deref(), "Go is not on PATH")),
        (_, None) => {
            bail!("{}", ways_to_get_one(unfit.as_deref(), "neither XDG_CACHE_HOME nor HOME is set"))
        }
    }
}

fn will_do(cli: &TemporalCli) -> bool {
    cli.cli_version >= LEAST_CLI && cli.server_version >= LEAST_SERVER
}

/// The pinned version, if it was built before and still runs: a power cut may have left half a file.
fn in_cache(cache: &Path) -> Option<TemporalCli> {
    let path = cache.join("temporal");
    let cli = is_executable(&path).then(|| ask_version(&path, Origin::Cached).ok()).flatten()?;
    (cli.cli_version == PINNED_CLI).then_some(cli)
}

/// `temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)`.
fn ask_version(path: &Path, origin: Origin) -> anyhow::Result<TemporalCli> {
    let mut question = Command::new(path);
    question.arg("--version").stdin(Stdio::null()).stderr(Stdio::null());
    let output = when_written(|| question.output())
        .with_context(|| format!("{} cannot be run", path.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (cli_version, server_version) = version::read_both(&text).with_context(|| {
        format!("{} --version does not answer as a temporal program does", path.display())
    })?;
    Ok(TemporalCli { path: path.to_path_buf(), cli_version, server_version, origin })
}

/// Runs a program that may have been written a moment ago: for as long as a child of this process still holds the
/// file open for writing, in the instant between its fork and its exec, the system refuses with "text file busy".
fn when_written<T>(mut run: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 0..BUSY_TRIES {
        match run() {
            Err(e) if e.kind() == io::ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(BUSY_PAUSE);
            }
            other => return other,
        }
    }
    run()
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

fn ways_to_get_one(unfit: Option<&str>, why_not_built: &str) -> String {
    let unfit = unfit.map(|found| format!("\n  (found: {found})")).unwrap_or_default();
    format!(
        "there is no Temporal server to start here, and none can be built: {why_not_built}.{unfit}
Ways to get one:
  - put the `temporal` program, version {LEAST_CLI} or newer, on PATH (docs.temporal.io/cli)
  - name one that you have: --temporal-cli PATH, or {CLI_VARIABLE}=PATH
  - install Go (go.dev/dl): version {PINNED_CLI} is then built once, in about four minutes, and kept
  - `cargo dev` only: TEMPORAL_ADDRESS=HOST:PORT names a server that is already running"
    )
}

#[cfg(test)]
mod tests;
