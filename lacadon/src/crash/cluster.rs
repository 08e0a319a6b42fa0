//! The Temporal server that clusters run, on PostgreSQL, by the scripts and settings of `deploy/` and without a container.

use super::postgres::Postgres;
use crate::system::{Running, TemporalServer};
use anyhow::{Context, bail};
use launch::build::workspace;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// Names the folder with the server and its schema tool.
const FOLDER_VARIABLE: &str = "LACADON_CLUSTER_BIN";

/// Where the version is pinned, and what stands before it.
const PINNED_IN: &str = "tools/cluster/go.mod";
const BEFORE_VERSION: &str = "go.temporal.io/server v";

/// The namespace of the compose file.
const NAMESPACE: &str = "lacadon";

/// Until the system has said where its server is.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The programs of a Temporal cluster.
#[derive(Debug, Clone)]
pub struct ClusterPrograms {
    /// All four roles of the server in one program.
    pub server: PathBuf,
    /// Makes the schema.
    pub sql_tool: PathBuf,
}

impl ClusterPrograms {
    /// In the folder that `LACADON_CLUSTER_BIN` names, or where `tools/install cluster` puts them.
    ///
    /// # Errors
    /// When they are not there.
    pub fn find() -> anyhow::Result<Self> {
        let folder = match std::env::var_os(FOLDER_VARIABLE).filter(|value| !value.is_empty()) {
            Some(folder) => PathBuf::from(folder),
            None => cache()?.join("lacadon/cluster").join(pinned_version()?),
        };
        let found =
            Self { server: folder.join("temporal-server"), sql_tool: folder.join("temporal-sql") };
        if !found.server.is_file() || !found.sql_tool.is_file() {
            bail!(
                "{} holds no Temporal cluster programs: `tools/install cluster` makes them, {FOLDER_VARIABLE} names \
                 another folder",
                folder.display()
            );
        }
        Ok(found)
    }
}

fn cache() -> anyhow::Result<PathBuf> {
    let variable =
        |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let in_home = || variable("HOME").map(|home| home.join(".cache"));
    variable("XDG_CACHE_HOME")
        .or_else(in_home)
        .context("there is no home folder to keep programs in")
}

fn pinned_version() -> anyhow::Result<String> {
    let pins = std::fs::read_to_string(workspace().join(PINNED_IN))?;
    let version = pins.lines().find_map(|line| line.trim().strip_prefix(BEFORE_VERSION));
    let version = version.and_then(|version| version.split_whitespace().next());
    Ok(version.with_context(|| format!("{PINNED_IN} pins no server"))?.to_owned())
}

/// The databases of order-api, voucher-api and risk-api.
pub(super) async fn service_databases(postgres: &Postgres) -> anyhow::Result<[String; 3]> {
    Ok([
        postgres.database("orders").await?,
        postgres.database("vouchers").await?,
        postgres.database("risk").await?,
    ])
}

/// Makes the schema, and says how the server is to be started.
pub(super) async fn server(
    programs: &ClusterPrograms,
    postgres: &Postgres,
    folder: &Path,
) -> anyhow::Result<TemporalServer> {
    postgres.database("temporal").await?;
    postgres.database("temporal_visibility").await?;
    let url = postgres.superuser_url();
    let port = url.port().context("PostgreSQL has no port")?.to_string();
    let password = url.password().unwrap_or_default();
    let password_file = folder.join("temporal-db.password");
    std::fs::write(&password_file, password)?;
    run(Command::new(workspace().join("deploy/temporal/make-schema"))
        .env("TEMPORAL_SQL_TOOL", &programs.sql_tool)
        .env("SQL_PLUGIN", "postgres12")
        .env("SQL_HOST", "127.0.0.1")
        .env("SQL_PORT", &port)
        .env("SQL_USER", url.username())
        .env("SQL_PASSWORD_FILE", &password_file))
    .await?;
    let dynamic = workspace().join("deploy/temporal/dynamic.yaml").display().to_string();
    let settings = [
        ("DB", "postgres12"),
        ("POSTGRES_SEEDS", "127.0.0.1"),
        ("DB_PORT", &port),
        ("POSTGRES_USER", url.username()),
        ("POSTGRES_PWD", password),
        ("DBNAME", "temporal"),
        ("VISIBILITY_DBNAME", "temporal_visibility"),
        ("SQL_MAX_CONNS", "20"),
        ("SQL_VIS_MAX_CONNS", "10"),
        ("NUM_HISTORY_SHARDS", "16"),
        ("BIND_ON_IP", "127.0.0.1"),
        ("TEMPORAL_BROADCAST_ADDRESS", "127.0.0.1"),
        ("DYNAMIC_CONFIG_FILE_PATH", &dynamic),
        ("LOG_LEVEL", "warn"),
    ];
    let settings: BTreeMap<String, String> =
        settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let namespace = NAMESPACE.to_owned();
    Ok(TemporalServer::Program { server: programs.server.clone(), settings, namespace })
}

/// Makes the namespace as soon as the system on `data_dir` has said where its server is. For while the system starts, which
/// bounds it: a server without the namespace is not ready.
pub(super) async fn make_namespace(data_dir: PathBuf, cli: PathBuf) -> anyhow::Result<()> {
    let address = loop {
        match Running::read(&data_dir)? {
            Some(running) => break running.temporal.address,
            None => tokio::time::sleep(LOOK_EVERY).await,
        }
    };
    // The script calls `temporal`, whatever the file that was found here is called.
    let programs = data_dir.join("bin");
    std::fs::create_dir_all(&programs)?;
    std::os::unix::fs::symlink(cli, programs.join("temporal"))?;
    let path = format!("{}:/usr/bin:/bin", programs.display());
    run(Command::new(workspace().join("deploy/temporal/make-namespace"))
        .env("PATH", path)
        .env("TEMPORAL_ADDRESS", address)
        .env("TEMPORAL_NAMESPACE", NAMESPACE)
        .env("TEMPORAL_RETENTION", "168h"))
    .await
}

async fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!("{command:?} ended with {}:\n{}", output.status, String::from_utf8_lossy(&said));
    }
    Ok(())
}
