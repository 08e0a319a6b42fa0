//! The one rule for outside programs: a test that needs one and does not find it says `not run: …` and how to get it;
//! with `LACADON_TEST_ALL=1` (CI) any absence fails.
//!
//! PostgreSQL and the browser come from the system; the rest is pinned and put into a per-user cache by `tools/install`.

use lacadon::crash::cluster::ClusterPrograms;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Makes an absence a failure.
pub const TEST_ALL_VARIABLE: &str = "LACADON_TEST_ALL";

/// PostgreSQL's server programs and its client.
#[derive(Debug, Clone)]
pub struct PostgresPrograms {
    folder: PathBuf,
}

impl PostgresPrograms {
    /// One of its programs, as in `initdb`.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// A browser and what steers it.
#[derive(Debug, Clone)]
pub struct BrowserPrograms {
    /// The browser.
    pub chromium: PathBuf,
    /// Takes commands over HTTP and has the browser follow them.
    pub driver: PathBuf,
}

/// PostgreSQL: on PATH, where `pg_config` says, or in Debian's folders, the newest first.
#[must_use]
pub fn postgres() -> Option<PostgresPrograms> {
    let is_whole = |folder: &PathBuf| {
        ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).is_file())
    };
    let on_path = path_folders().into_iter().find(is_whole);
    let folder = on_path
        .or_else(|| told_by_pg_config().filter(is_whole))
        .or_else(|| newest_of_debian(is_whole));
    present(
        "PostgreSQL",
        "apt-get install postgresql",
        folder.map(|folder| PostgresPrograms { folder }),
    )
}

/// Schemathesis, which attacks an HTTP service along its OpenAPI document.
#[must_use]
pub fn schemathesis() -> Option<PathBuf> {
    let found = named_or_on_path("LACADON_SCHEMATHESIS", "schemathesis")
        .or_else(|| cached(&SCHEMATHESIS, "bin/schemathesis"));
    present("schemathesis", "tools/install schemathesis, or LACADON_SCHEMATHESIS=PATH", found)
}

/// A parser of compose files: the command and its first words.
#[must_use]
pub fn compose_parser() -> Option<Vec<OsString>> {
    let found = named_or_on_path("LACADON_COMPOSE", "docker-compose-v5")
        .or_else(|| cached(&COMPOSE, "compose"))
        .map(|path| vec![path.into_os_string()])
        .or_else(docker_with_compose);
    present(
        "a compose parser",
        "tools/install compose, LACADON_COMPOSE=PATH, or `docker compose`",
        found,
    )
}

/// The Temporal server and its schema tool, without a container.
#[must_use]
pub fn cluster() -> Option<ClusterPrograms> {
    present(
        "the Temporal cluster programs",
        "tools/install cluster, or LACADON_CLUSTER_BIN=FOLDER",
        ClusterPrograms::find().ok(),
    )
}

/// Chromium, which needs no screen here, and its driver of the same version.
#[must_use]
pub fn browser() -> Option<BrowserPrograms> {
    let chromium =
        named_or_on_path("LACADON_CHROMIUM", "chromium").or_else(|| on_path("chromium-browser"));
    let driver = named_or_on_path("LACADON_CHROMEDRIVER", "chromedriver");
    let found = chromium.zip(driver).map(|(chromium, driver)| BrowserPrograms { chromium, driver });
    present(
        "a browser",
        "apt-get install chromium chromium-driver, or LACADON_CHROMIUM=PATH and LACADON_CHROMEDRIVER=PATH",
        found,
    )
}

/// Applies the rule: passes on what was found; otherwise says so, or fails where everything must be there.
///
/// # Panics
/// When nothing was found and `LACADON_TEST_ALL=1`.
pub fn present<T>(what: &str, how_to_get_it: &str, found: Option<T>) -> Option<T> {
    if found.is_none() {
        let absence = format!("not run: {what} ({how_to_get_it})");
        assert!(
            !is_everything_required(),
            "{absence}, but {TEST_ALL_VARIABLE}=1 asks for everything"
        );
        // Past the test runner's capture, which would keep it from whoever reads a green run.
        let _ = writeln!(std::io::stderr(), "{absence}");
    }
    found
}

fn is_everything_required() -> bool {
    std::env::var_os(TEST_ALL_VARIABLE).is_some_and(|value| value == "1")
}

/// A path given by a variable is taken at its word, so that a typing error is seen and not papered over.
fn named_or_on_path(variable: &str, program: &str) -> Option<PathBuf> {
    match std::env::var_os(variable).filter(|value| !value.is_empty()) {
        Some(path) => Some(PathBuf::from(path)).filter(|path| path.is_file()),
        None => on_path(program),
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    path_folders().into_iter().map(|folder| folder.join(program)).find(|path| path.is_file())
}

fn path_folders() -> Vec<PathBuf> {
    std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect()
}

/// `<cache>/lacadon/<tool>/<pinned version>/<program>`, where `tools/install` puts it.
fn cached(tool: &Tool, program: &str) -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let named =
        std::env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()).map(PathBuf::from);
    let path = named
        .or_else(home)?
        .join("lacadon")
        .join(tool.name)
        .join(tool.pinned_version()?)
        .join(program);
    path.is_file().then_some(path)
}

/// Something that `tools/install` can make, and the one place where its version is pinned.
struct Tool {
    name: &'static str,
    pinned_in: &'static str,
    before_version: &'static str,
}

const SCHEMATHESIS: Tool = Tool {
    name: "schemathesis",
    pinned_in: "tools/schemathesis/requirements.txt",
    before_version: "schemathesis==",
};
const COMPOSE: Tool = Tool {
    name: "compose",
    pinned_in: "tools/compose/go.mod",
    before_version: "github.com/docker/compose/v5 v",
};

impl Tool {
    fn pinned_version(&self) -> Option<String> {
        let pins = std::fs::read_to_string(launch::build::workspace().join(self.pinned_in)).ok()?;
        let of_line = |line: &str| {
            Some(
                line.trim()
                    .strip_prefix(self.before_version)?
                    .split_whitespace()
                    .next()?
                    .to_owned(),
            )
        };
        pins.lines().find_map(of_line)
    }
}

fn told_by_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

fn newest_of_debian(is_whole: impl Fn(&PathBuf) -> bool) -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut folders: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .filter(|(_, folder)| is_whole(folder))
        .collect();
    folders.sort();
    folders.pop().map(|(_, folder)| folder)
}

fn docker_with_compose() -> Option<Vec<OsString>> {
    let docker = on_path("docker")?;
    let answers = Command::new(&docker)
        .args(["compose", "version"])
        .stdin(Stdio::null())
        .output()
        .ok()?
        .status
        .success();
    answers.then(|| vec![docker.into_os_string(), "compose".into()])
}

/// Runs a program to its end and fails with its words when it fails.
///
/// # Panics
/// When it cannot be run or does not succeed.
pub fn run(command: &mut Command) -> String {
    let output =
        command.stdin(Stdio::null()).output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?}\n{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}

/// The path as text, which all of ours are.
///
/// # Panics
/// When it is not UTF-8.
#[must_use]
pub fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
