//! The system on fresh data, in a folder that is gone at the end, with a faulty network between its parts if asked for.
//!
//! [`Wire`] names who calls whom. With [`Network::Faulty`] each wire runs through a proxy of its own.

mod wires;

pub use wires::Wire;
pub(super) use wires::workers;

use super::cluster::{self, ClusterPrograms};
use super::postgres::Postgres;
use super::proxy::Proxy;
use crate::system::{Process, System, SystemOptions, TemporalServer};
use anyhow::{Context, bail};
use launch::build::Binaries;
use launch::progress::Display;
use launch::temporal::{Surroundings, locate_in};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use wires::{POSTGRESQL, TEMPORAL, callers, lay, lay_to_databases};

/// A process is ready within seconds, on a busy machine within some more.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// A server of a cluster makes its namespace too, which takes it some rounds of its caches.
const CLUSTER_READY_WITHIN: Duration = Duration::from_secs(180);

/// Whether anything can be done to what passes between two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// They reach each other.
    Direct,
    /// Each wire runs through a proxy.
    Faulty,
}

/// Where the data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// SQLite files and a development server of Temporal.
    Files,
    /// PostgreSQL, and a development server of Temporal, which keeps a file of its own.
    Postgres,
    /// PostgreSQL, and a Temporal server as clusters run it, on PostgreSQL too.
    Cluster,
}

/// What to start.
#[derive(Debug, Clone)]
pub struct LabOptions {
    /// Our programs.
    pub binaries: Binaries,
    /// The Temporal server.
    pub temporal: TemporalServer,
    /// How many workers.
    pub workers: u16,
    /// What is between the parts.
    pub network: Network,
}

impl LabOptions {
    /// The programs beside this one, a Temporal server as `launch` finds it, two workers, no proxies.
    ///
    /// # Errors
    /// When a program is missing.
    pub async fn of_this_program(temporal_cli: Option<PathBuf>) -> anyhow::Result<Self> {
        let surroundings = Surroundings::of_this_process(temporal_cli);
        let display = Display::on_stderr();
        let locate = move || locate_in(&surroundings, &display);
        let cli = tokio::task::spawn_blocking(locate).await??.path;
        Ok(Self {
            binaries: Binaries::beside_this_program()?,
            temporal: TemporalServer::Own { cli, extra_args: Vec::new() },
            workers: 2,
            network: Network::Direct,
        })
    }

    /// The programs of this workspace and a Temporal server, built where they are not there yet; one worker, no proxies.
    ///
    /// # Errors
    /// When a build fails.
    pub async fn of_this_workspace() -> anyhow::Result<Self> {
        let build = || Ok((launch::build::binaries()?, launch::temporal::locate()?.path));
        let (binaries, cli) =
            tokio::task::spawn_blocking(build).await.map_err(anyhow::Error::from).flatten()?;
        Ok(Self {
            binaries,
            temporal: TemporalServer::Own { cli, extra_args: Vec::new() },
            workers: 1,
            network: Network::Direct,
        })
    }
}

/// A database server and the databases of order-api, voucher-api and risk-api in it.
struct Databases {
    postgres: Postgres,
    urls: [String; 3],
    /// Whether Temporal keeps everything in it too.
    has_temporal: bool,
}

/// A running system and what is between its parts.
pub struct Lab {
    /// The system.
    pub system: System,
    wires: BTreeMap<Wire, Proxy>,
    postgres: Option<Postgres>,
    // Dropped last: the stores of the processes above are in it.
    _folder: TempDir,
}

impl Lab {
    /// Starts everything on files or on a cluster, and waits until it is ready. `adjust` has the last word on the system's
    /// options.
    ///
    /// # Errors
    /// When something is missing or does not come up.
    pub async fn start_on(
        on: On,
        options: LabOptions,
        adjust: impl FnOnce(SystemOptions) -> SystemOptions,
    ) -> anyhow::Result<Self> {
        match (on, &options.temporal) {
            (On::Files, _) => Self::start(options, adjust).await,
            (On::Postgres, _) => Self::start_on_postgres(options, adjust).await,
            (On::Cluster, TemporalServer::Own { cli, .. }) => {
                let cli = cli.clone();
                Self::start_on_cluster(options, &ClusterPrograms::find()?, &cli, adjust).await
            }
            (On::Cluster, _) => {
                bail!("a cluster needs the temporal program, to make its namespace")
            }
        }
    }

    /// Starts everything on files and waits until it is ready. `adjust` has the last word on the system's options.
    ///
    /// # Errors
    /// When something does not come up.
    pub async fn start(
        options: LabOptions,
        adjust: impl FnOnce(SystemOptions) -> SystemOptions,
    ) -> anyhow::Result<Self> {
        let folder = new_folder()?;
        Self::start_in(folder, None, options, std::future::ready(Ok(())), adjust).await
    }

    /// The same with the databases on PostgreSQL.
    ///
    /// # Errors
    /// When something does not come up.
    async fn start_on_postgres(
        options: LabOptions,
        adjust: impl FnOnce(SystemOptions) -> SystemOptions,
    ) -> anyhow::Result<Self> {
        let folder = new_folder()?;
        let postgres = Postgres::start().await?;
        let urls = cluster::service_databases(&postgres).await?;
        let databases = Databases { postgres, urls, has_temporal: false };
        let nothing = std::future::ready(Ok(()));
        Self::start_in(folder, Some(databases), options, nothing, adjust).await
    }

    /// The same with the Temporal server in the program that clusters run, on PostgreSQL too.
    ///
    /// # Errors
    /// When something does not come up.
    async fn start_on_cluster(
        options: LabOptions,
        programs: &ClusterPrograms,
        cli: &Path,
        adjust: impl FnOnce(SystemOptions) -> SystemOptions,
    ) -> anyhow::Result<Self> {
        let folder = new_folder()?;
        let postgres = Postgres::start().await?;
        let temporal = cluster::server(programs, &postgres, folder.path()).await?;
        let urls = cluster::service_databases(&postgres).await?;
        let namespace = cluster::make_namespace(folder.path().to_path_buf(), cli.to_path_buf());
        let options = LabOptions { temporal, ..options };
        let databases = Databases { postgres, urls, has_temporal: true };
        Self::start_in(folder, Some(databases), options, namespace, adjust).await
    }

    async fn start_in(
        folder: TempDir,
        databases: Option<Databases>,
        options: LabOptions,
        meanwhile: impl Future<Output = anyhow::Result<()>>,
        adjust: impl FnOnce(SystemOptions) -> SystemOptions,
    ) -> anyhow::Result<Self> {
        let LabOptions { binaries, temporal, workers, network } = options;
        let mut options =
            SystemOptions::new(folder.path(), binaries, temporal).with_workers(workers);
        let mut wires = BTreeMap::new();
        if network == Network::Faulty {
            lay(&mut options, workers, &mut wires).await?;
        }
        // Those who call through proxies start when it is known where the proxies lead.
        let behind_proxies: Vec<String> =
            if wires.is_empty() { Vec::new() } else { callers(workers) };
        for name in &behind_proxies {
            options = options.left_down(name);
        }
        let postgres = match databases {
            Some(Databases { postgres, urls, has_temporal }) => {
                if network == Network::Faulty {
                    let laid = Wire::TO_DATABASES.into_iter();
                    let laid = laid.filter(|wire| has_temporal || wire.caller != TEMPORAL);
                    lay_to_databases(&mut options, &postgres, &urls, laid, &mut wires).await?;
                }
                let [orders, vouchers, risk] = urls;
                options = options.on_postgres(orders, vouchers, risk);
                options.ready_within = CLUSTER_READY_WITHIN;
                Some(postgres)
            }
            None => None,
        };
        let (system, ()) = tokio::try_join!(System::start(adjust(options)), meanwhile)?;
        for (wire, proxy) in wires.iter().filter(|(wire, _)| wire.callee != POSTGRESQL) {
            proxy.forward_to(&address_of(&system, wire.callee)?);
        }
        let lab = Self { system, wires, postgres, _folder: folder };
        for name in &behind_proxies {
            lab.system.process(name)?.start().await?;
        }
        for name in &behind_proxies {
            lab.system.process(name)?.wait_until_ready(READY_WITHIN).await?;
        }
        Ok(lab)
    }

    /// Where this caller finds order-api, the gateway or another part: a URL.
    ///
    /// # Errors
    /// When the system has no such part.
    pub fn url_for(&self, caller: &str, callee: &str) -> anyhow::Result<String> {
        let through =
            self.wires.iter().find(|(wire, _)| wire.caller == caller && wire.callee == callee);
        match through {
            Some((_, proxy)) => Ok(proxy.url()),
            None => Ok(format!("http://{}", address_of(&self.system, callee)?)),
        }
    }

    /// What is on this wire; `None` where the parts reach each other.
    #[must_use]
    pub fn proxy(&self, wire: Wire) -> Option<&Proxy> {
        self.wires.get(&wire)
    }

    /// Every wire that runs through a proxy, always in the same order.
    #[must_use]
    pub fn wires(&self) -> Vec<Wire> {
        let all = Wire::BETWEEN_PROCESSES.into_iter().chain(Wire::TO_DATABASES);
        all.filter(|wire| self.wires.contains_key(wire)).collect()
    }

    /// Every wire that runs through a proxy, and the proxy.
    pub fn proxies(&self) -> impl Iterator<Item = (Wire, &Proxy)> {
        self.wires.iter().map(|(wire, proxy)| (*wire, proxy))
    }

    /// Every process that can be killed.
    #[must_use]
    pub fn processes(&self) -> Vec<Process> {
        self.system.processes()
    }

    /// The process that has started the database server, and all of it; `None` where the databases have no server.
    #[must_use]
    pub fn database_server(&self) -> Option<u32> {
        self.postgres.as_ref().map(Postgres::pid)
    }

    /// Crashes the database server and brings it back; `false` where the databases have no server.
    ///
    /// # Errors
    /// When it does not come back.
    pub async fn crash_database(&self) -> anyhow::Result<bool> {
        match &self.postgres {
            Some(postgres) => postgres.crash().await.map(|()| true),
            None => Ok(false),
        }
    }

    /// Stops everything politely.
    ///
    /// # Errors
    /// When a process had to be killed.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.system.stop().await
    }
}

fn new_folder() -> anyhow::Result<TempDir> {
    Ok(tempfile::Builder::new().prefix("lacadon-crash-").tempdir()?)
}

/// Host and port of a part.
fn address_of(system: &System, part: &str) -> anyhow::Result<String> {
    if part == TEMPORAL {
        return Ok(system.temporal_address().to_owned());
    }
    let process = system.process(part)?;
    let address = process.address().strip_prefix("http://").context("an address without http")?;
    Ok(address.to_owned())
}
