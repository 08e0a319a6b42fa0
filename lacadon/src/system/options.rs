//! What a launcher may choose about a system.

use super::Ports;
use launch::build::Binaries;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

/// A cold machine under load needs seconds; a system that takes longer than this will not come up.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// Which Temporal server the system uses.
#[derive(Debug, Clone)]
pub enum TemporalServer {
    /// One of its own, kept up like every other process: a file in the data directory in WAL mode, on loopback.
    Own {
        /// The `temporal` program, as `launch::temporal::locate` finds it.
        cli: PathBuf,
        /// Further arguments of `temporal server start-dev`.
        extra_args: Vec<String>,
    },
    /// One of its own in the program that clusters run, kept up like every other process. Its store is prepared already.
    Program {
        /// The `temporal-server` program.
        server: PathBuf,
        /// Its settings but for its ports.
        settings: BTreeMap<String, String>,
        /// The namespace to work in, which somebody makes while the system starts.
        namespace: String,
    },
    /// One that is running already, and that is not ours to start or stop.
    Given {
        /// As in `TEMPORAL_ADDRESS`.
        address: String,
        /// The namespace to work in.
        namespace: String,
        /// Its Web UI, where known.
        ui: Option<String>,
        /// How else to reach it: further `TEMPORAL_*` settings for gateway and worker.
        env: Vec<(String, String)>,
    },
}

/// All that [`super::System::start`] needs to know.
#[derive(Debug, Clone)]
pub struct SystemOptions {
    /// Keys, logs, `run.json`, and the databases unless others are given.
    pub data_dir: PathBuf,
    /// Our programs.
    pub binaries: Binaries,
    /// The Temporal server.
    pub temporal: TemporalServer,
    /// Which ports; a free block unless said otherwise.
    pub ports: Ports,
    /// Another database for order-api than a file in the data directory.
    pub order_database_url: Option<String>,
    /// Another database for voucher-api than a file in the data directory.
    pub voucher_database_url: Option<String>,
    /// Another database for risk-api than a file in the data directory.
    pub risk_database_url: Option<String>,
    /// Another database for desk-api than a file in the data directory.
    pub desk_database_url: Option<String>,
    /// How often the books are looked at, in seconds; 0 for never.
    pub reconcile_every_s: u32,
    /// How many workers; they are named `worker`, `worker-2`, …
    pub workers: u16,
    /// Further settings by process name; these win over ours.
    pub env: BTreeMap<String, BTreeMap<String, String>>,
    /// Processes that are not started at first.
    pub left_down: BTreeSet<String>,
    /// How long everything together may take to be ready.
    pub ready_within: Duration,
}

impl SystemOptions {
    /// One worker, SQLite files in the data directory, a free block of ports.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>, binaries: Binaries, temporal: TemporalServer) -> Self {
        Self {
            data_dir: data_dir.into(),
            binaries,
            temporal,
            ports: Ports::Free,
            order_database_url: None,
            voucher_database_url: None,
            risk_database_url: None,
            desk_database_url: None,
            reconcile_every_s: 0,
            workers: 1,
            env: BTreeMap::new(),
            left_down: BTreeSet::new(),
            ready_within: READY_WITHIN,
        }
    }

    /// A further setting for one process.
    #[must_use]
    pub fn with_env(mut self, process: &str, name: &str, value: &str) -> Self {
        self.env.entry(process.to_owned()).or_default().insert(name.to_owned(), value.to_owned());
        self
    }

    /// So many workers.
    #[must_use]
    pub fn with_workers(mut self, workers: u16) -> Self {
        self.workers = workers;
        self
    }

    /// The books are looked at so often.
    #[must_use]
    pub fn reconciling_every_s(mut self, seconds: u32) -> Self {
        self.reconcile_every_s = seconds;
        self
    }

    /// A process that is not started at first.
    #[must_use]
    pub fn left_down(mut self, process: &str) -> Self {
        self.left_down.insert(process.to_owned());
        self
    }

    /// The services' databases on PostgreSQL.
    #[must_use]
    pub fn on_postgres(mut self, order_url: String, voucher_url: String, risk_url: String) -> Self {
        self.order_database_url = Some(order_url);
        self.voucher_database_url = Some(voucher_url);
        self.risk_database_url = Some(risk_url);
        self
    }
}
