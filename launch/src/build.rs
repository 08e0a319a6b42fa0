//! Builds every program of the workspace, and says where they are.
//!
//! Always the same selection of packages: another one would have other features, and everything would be built twice.

use crate::progress::{Display, Stage};
use anyhow::{Context, bail};
use serde::Deserialize;
use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Names a folder that holds the programs already: nothing is built then.
pub const BINARIES_VARIABLE: &str = "LACADON_BINARIES";

/// After a build that failed, so many of its last lines are shown: several compiler errors with their context.
const LAST_LINES: usize = 200;

/// Variables that cargo sets for the program it runs and that a cargo below it must not see as its own.
const OF_THE_OUTER_CARGO: [&str; 4] =
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_"];

/// Where the programs of the system are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// Orders and their outbox.
    pub order_api: PathBuf,
    /// Vouchers.
    pub voucher_api: PathBuf,
    /// Customers' credit.
    pub risk_api: PathBuf,
    /// The stuck desk.
    pub desk_api: PathBuf,
    /// The customers' front door.
    pub gateway: PathBuf,
    /// Hears events, runs the processes.
    pub worker: PathBuf,
    /// The command that people type; also guards foreign programs.
    pub lacadon: PathBuf,
}

impl Binaries {
    /// The programs in `folder`.
    ///
    /// # Errors
    /// When one of them is not there.
    pub fn in_folder(folder: &Path) -> anyhow::Result<Self> {
        let find = |name: &str| {
            let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
            if path.is_file() {
                Ok(path)
            } else {
                bail!("{} is not there: `cargo build --workspace --bins` makes it", path.display())
            }
        };
        Ok(Self {
            order_api: find("order-api")?,
            voucher_api: find("voucher-api")?,
            risk_api: find("risk-api")?,
            desk_api: find("desk-api")?,
            gateway: find("gateway")?,
            worker: find("worker")?,
            lacadon: find("lacadon")?,
        })
    }

    /// The program of a process of the system, as in `order-api`.
    #[must_use]
    pub fn named(&self, process: &str) -> Option<&Path> {
        let program = match process {
            "order-api" => &self.order_api,
            "voucher-api" => &self.voucher_api,
            "risk-api" => &self.risk_api,
            "desk-api" => &self.desk_api,
            "gateway" => &self.gateway,
            "worker" => &self.worker,
            _ => return None,
        };
        Some(program)
    }

    /// The programs beside the one that is running.
    ///
    /// # Errors
    /// When one of them is not there.
    pub fn beside_this_program() -> anyhow::Result<Self> {
        Self::in_folder(&output_folder()?)
    }
}

/// Whether a build that finds nothing to do is worth a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Progress from the start.
    Spoken,
    /// Silent unless something must be compiled.
    QuietIfFresh,
}

/// Builds the programs, once per process, and says where they are. Speaks on standard error only if it takes long.
///
/// # Errors
/// When the build fails; the message holds the compiler's words.
pub fn binaries() -> anyhow::Result<Binaries> {
    static ONCE: OnceLock<Result<Binaries, String>> = OnceLock::new();
    ONCE.get_or_init(|| {
        build(&Display::on_stderr(), Manner::QuietIfFresh).map_err(|e| format!("{e:#}"))
    })
    .clone()
    .map_err(anyhow::Error::msg)
}

/// Builds the programs and shows how far it is.
///
/// # Errors
/// When the build fails; the message holds the compiler's words.
pub fn build(display: &Display, manner: Manner) -> anyhow::Result<Binaries> {
    if let Some(folder) = std::env::var_os(BINARIES_VARIABLE).filter(|value| !value.is_empty()) {
        return Binaries::in_folder(Path::new(&folder))
            .with_context(|| format!("as {BINARIES_VARIABLE} says"));
    }
    let folder = output_folder()?;
    let mut cargo = cargo_build(&folder)
        .spawn()
        .context("cargo could not be started: is the Rust toolchain on PATH?")?;
    let build = Watched { display, manner, stage: Mutex::new(None), said: Mutex::default() };
    if manner == Manner::Spoken {
        build.show();
    }
    build.watch(&mut cargo)?;
    let status = cargo.wait().context("cargo build got lost")?;
    if !status.success() {
        bail!("the build failed ({status}):\n{}", build.last_lines());
    }
    Binaries::in_folder(&folder)
}

/// `target/<profile>`, from where the running program is: `target/debug/launch`, `target/debug/deps/some_test-…`.
fn output_folder() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe().context("this program cannot tell where it is")?;
    let folder = program.parent().context("this program is in no folder")?;
    let is_test = folder.file_name().is_some_and(|name| name == "deps" || name == "examples");
    let folder = if is_test { folder.parent().unwrap_or(folder) } else { folder };
    Ok(folder.to_path_buf())
}

fn cargo_build(folder: &Path) -> Command {
    let mut cargo = cargo();
    cargo.args(["build", "--workspace", "--bins", "--message-format=json-render-diagnostics"]);
    match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => {}
        Some(profile) => {
            cargo.args(["--profile", profile]);
        }
    }
    if let Some(target) = folder.parent().filter(|target| target.join("CACHEDIR.TAG").is_file()) {
        cargo.arg("--target-dir").arg(target);
    }
    cargo.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    cargo
}

fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if OF_THE_OUTER_CARGO.iter().any(|prefix| text.starts_with(prefix)) {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// The folder of the workspace that this program was built from.
#[must_use]
pub fn workspace() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_path_buf()
}

/// A build under way.
struct Watched<'a> {
    display: &'a Display,
    manner: Manner,
    stage: Mutex<Option<Stage>>,
    said: Mutex<Vec<String>>,
}

impl Watched<'_> {
    fn watch(&self, cargo: &mut Child) -> anyhow::Result<()> {
        let messages = cargo.stdout.take().context("cargo has no standard output")?;
        let words = cargo.stderr.take().context("cargo has no standard error")?;
        std::thread::scope(|scope| {
            scope.spawn(|| self.estimate());
            scope.spawn(|| self.listen(words));
            self.count(messages);
        });
        Ok(())
    }

    /// Shows the stage, once; a quiet build does it when there is something to compile.
    fn show(&self) {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if stage.is_none() {
            *stage = Some(self.display.stage("building the services"));
        }
    }

    fn on_stage(&self, act: impl FnOnce(&Stage)) {
        if let Some(stage) = &*self.stage.lock().unwrap_or_else(PoisonError::into_inner) {
            act(stage);
        }
    }

    /// How many packages this machine compiles: the lock file names many more, for other systems.
    fn estimate(&self) {
        if self.manner == Manner::QuietIfFresh {
            return;
        }
        let tree = cargo()
            .args(["tree", "--workspace", "--edges=normal,build", "--prefix=none", "--format={p}"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output();
        if let Ok(tree) = tree {
            let text = String::from_utf8_lossy(&tree.stdout);
            let packages: HashSet<&str> =
                text.lines().map(|line| line.trim_end_matches(" (*)")).collect();
            if let Ok(total) = u64::try_from(packages.len()) {
                self.on_stage(|stage| stage.expect_in_all(total));
            }
        }
    }

    /// Cargo's own words: what it compiles now; the rest is kept for the case that it fails.
    fn listen(&self, words: ChildStderr) {
        for line in BufReader::new(words).lines().map_while(Result::ok) {
            match progress_in(&line) {
                Some(now) => {
                    self.show();
                    self.on_stage(|stage| stage.set_now(now));
                }
                None => {
                    let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
                    said.push(line);
                    let surplus = said.len().saturating_sub(LAST_LINES);
                    said.drain(..surplus);
                }
            }
        }
    }

    /// One message per finished piece.
    fn count(&self, messages: ChildStdout) {
        let mut packages = HashSet::new();
        for line in BufReader::new(messages).lines().map_while(Result::ok) {
            let Ok(Message { package_id: Some(package), target: Some(target) }) =
                serde_json::from_str(&line)
            else {
                continue;
            };
            if target.kind.iter().any(|kind| kind != "custom-build") {
                packages.insert(package);
                if let Ok(done) = u64::try_from(packages.len()) {
                    self.on_stage(|stage| stage.set_done(done));
                }
            }
        }
    }

    fn last_lines(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }
}

/// What of cargo's words is progress, and worth a moving line.
fn progress_in(line: &str) -> Option<&str> {
    const VERBS: [&str; 6] =
        ["Compiling ", "Downloading ", "Downloaded ", "Updating ", "Locking ", "Blocking "];
    let line = line.trim();
    VERBS.iter().any(|verb| line.starts_with(verb)).then_some(line)
}

/// The part of cargo's machine-readable messages that counts.
#[derive(Deserialize)]
struct Message {
    package_id: Option<String>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_compiles_is_progress_and_what_it_complains_of_is_not() {
        assert_eq!(progress_in("   Compiling serde v1.0.0"), Some("Compiling serde v1.0.0"));
        assert_eq!(progress_in("error[E0308]: mismatched types"), None);
        assert_eq!(progress_in("    Finished `dev` profile in 0.4s"), None);
    }

    #[test]
    fn a_folder_without_the_programs_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a folder");

        let refused = Binaries::in_folder(folder.path()).expect_err("there is nothing in it");

        assert!(refused.to_string().contains("order-api"), "{refused}");
    }

    #[test]
    fn a_test_finds_the_folder_that_the_programs_are_built_into() {
        let folder = output_folder().expect("a folder");

        assert_ne!(folder.file_name().expect("a name"), "deps");
        assert!(folder.join("deps").is_dir());
    }

    #[test]
    fn the_workspace_is_where_the_pinned_server_is_named() {
        assert!(workspace().join("tools/temporal/go.mod").is_file());
    }
}
