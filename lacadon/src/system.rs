//! The system: which processes it has, and how they are started, kept up and stopped together.
//!
//! `dev`, `demo` and the tests run it. A new service is one line in [`SERVICES`], with its program and its database
//! where the compiler asks for them.
//!
//! Nothing outlives the launcher, however it ends: our own processes stop when their standard input ends, the Temporal
//! server runs under [`crate::guard`].

mod facts;
pub(crate) mod keys;
mod lock;
mod options;
mod parts;
mod ports;
mod process;
mod readiness;
mod run_file;
mod supervisor;

pub use keys::Role;
pub use options::{SystemOptions, TemporalServer};
pub use ports::Ports;
pub use process::Process;
pub use run_file::{RUN_FILE, Running, RunningProcess, RunningTemporal};
pub use supervisor::{Happened, ProcessEvent};

use anyhow::{Context, bail};
use facts::Facts;
use futures::future::{join_all, try_join_all};
use keys::Keys;
use lock::DataDirLock;
use parts::parts;
use ports::PortPlan;
use process::Shared;
use run_file::RunFile;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use supervisor::Supervisor;
use tokio::sync::{broadcast, mpsc};

/// The namespace that a server of ours has from its first start.
pub const NAMESPACE: &str = "default";

/// The services: name, and the family of its settings. Its place here is its port.
const SERVICES: [(&str, &str); 4] =
    [(ORDER_API, "ORDER"), (VOUCHER_API, "VOUCHER"), (RISK_API, "RISK"), (DESK_API, "DESK")];

const ORDER_API: &str = "order-api";
const VOUCHER_API: &str = "voucher-api";
const RISK_API: &str = "risk-api";
const DESK_API: &str = "desk-api";
const GATEWAY: &str = "gateway";
const TEMPORAL: &str = "temporal";

/// Watchers that are slower than so many events miss some.
const EVENTS_KEPT: usize = 256;

/// A running system. Dropping it kills every process at once; [`System::stop`] is the polite way.
pub struct System {
    supervisor: Supervisor,
    processes: Vec<Process>,
    run_file: Arc<RunFile>,
    events: broadcast::Sender<ProcessEvent>,
    facts: Facts,
    _ports: PortPlan,
    _lock: DataDirLock,
}

impl System {
    /// Starts every process, in no particular order, and waits until all of them are ready.
    ///
    /// # Errors
    /// When another launcher runs on the same data, a port is taken, or a process does not get ready in time; the
    /// message says which, and shows its last words. Nothing is left running then.
    pub async fn start(options: SystemOptions) -> anyhow::Result<Self> {
        crate::http::install_crypto();
        let lock = DataDirLock::take(&options.data_dir)?;
        // Whoever reads the file sees an absolute path, wherever the launcher was started.
        let data_dir = options.data_dir.canonicalize()?;
        std::fs::create_dir_all(data_dir.join("logs"))?;
        let keys = Keys::make(&data_dir, &SERVICES.map(|(name, _)| name))?;
        let ports = PortPlan::choose(options.ports)?;
        let facts = Facts::settle(&options, data_dir, keys, &ports);
        let planned = parts(&options, &facts, &ports)?;
        for name in options.left_down.iter().chain(options.env.keys()) {
            if !planned.iter().any(|part| part.name == *name) {
                bail!("the system has no process named {name}");
            }
        }
        for part in &planned {
            ports::wait_until_free(part.port, &part.name).await?;
        }
        let run_file = Arc::new(RunFile::new(&facts.data_dir, facts.before_the_start(&planned)));
        let (events, _) = broadcast::channel(EVENTS_KEPT);
        let mut supervised = Vec::new();
        for part in planned {
            let log_path = facts.data_dir.join("logs").join(format!("{}.log", part.name));
            let is_wanted = !options.left_down.contains(&part.name);
            let shared = Shared::new(&part.name, part.address, log_path, part.readiness);
            let (orders, received) = mpsc::unbounded_channel();
            let process = Process { shared: Arc::new(shared), orders };
            supervised.push((process, part.part, received, is_wanted));
        }
        let processes: Vec<Process> = supervised.iter().map(|one| one.0.clone()).collect();
        let supervisor = Supervisor::start(supervised, Arc::clone(&run_file), events.clone())?;
        let system =
            Self { supervisor, processes, run_file, events, facts, _ports: ports, _lock: lock };
        let wanted = system.processes.iter().filter(|p| !options.left_down.contains(p.name()));
        try_join_all(wanted.map(|process| process.wait_until_ready(options.ready_within))).await?;
        Ok(system)
    }

    /// The process of this name: `temporal`, `order-api`, `voucher-api`, `risk-api`, `desk-api`, `gateway`,
    /// `worker`, `worker-2`, …
    ///
    /// # Errors
    /// When the system has none of that name.
    pub fn process(&self, name: &str) -> anyhow::Result<Process> {
        let found = self.processes.iter().find(|process| process.name() == name);
        found.cloned().with_context(|| format!("the system has no process named {name}"))
    }

    /// Every process that is kept up.
    #[must_use]
    pub fn processes(&self) -> Vec<Process> {
        self.processes.clone()
    }

    /// Where order-api listens, as in `http://127.0.0.1:8081`.
    #[must_use]
    pub fn order_api_url(&self) -> &str {
        self.facts.service_url(ORDER_API)
    }

    /// Where voucher-api listens.
    #[must_use]
    pub fn voucher_api_url(&self) -> &str {
        self.facts.service_url(VOUCHER_API)
    }

    /// Where risk-api listens.
    #[must_use]
    pub fn risk_api_url(&self) -> &str {
        self.facts.service_url(RISK_API)
    }

    /// Where desk-api listens.
    #[must_use]
    pub fn desk_api_url(&self) -> &str {
        self.facts.service_url(DESK_API)
    }

    /// Where the customers' front door listens.
    #[must_use]
    pub fn gateway_url(&self) -> &str {
        &self.facts.gateway_url
    }

    /// The database of order-api, as it was told.
    #[must_use]
    pub fn order_database_url(&self) -> &str {
        self.facts.database_url(ORDER_API)
    }

    /// The database of voucher-api, as it was told.
    #[must_use]
    pub fn voucher_database_url(&self) -> &str {
        self.facts.database_url(VOUCHER_API)
    }

    /// The database of risk-api, as it was told.
    #[must_use]
    pub fn risk_database_url(&self) -> &str {
        self.facts.database_url(RISK_API)
    }

    /// The database of desk-api, as it was told.
    #[must_use]
    pub fn desk_database_url(&self) -> &str {
        self.facts.database_url(DESK_API)
    }

    /// The Temporal server, as in `temporal --address`.
    #[must_use]
    pub fn temporal_address(&self) -> &str {
        &self.facts.temporal_address
    }

    /// The Temporal server as a URL.
    #[must_use]
    pub fn temporal_url(&self) -> String {
        format!("http://{}", self.facts.temporal_address)
    }

    /// The namespace of the processes.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.facts.namespace
    }

    /// The Web UI, where known.
    #[must_use]
    pub fn temporal_ui(&self) -> Option<&str> {
        self.facts.temporal_ui.as_deref()
    }

    /// Where a Temporal server of ours shows its metrics.
    #[must_use]
    pub fn temporal_metrics_url(&self) -> Option<&str> {
        self.facts.temporal_metrics_url.as_deref()
    }

    /// Where keys, logs, databases and `run.json` are.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.facts.data_dir
    }

    /// `run.json`.
    #[must_use]
    pub fn run_file(&self) -> PathBuf {
        self.facts.data_dir.join(RUN_FILE)
    }

    /// The file with the secret of a caller.
    #[must_use]
    pub fn key_file(&self, role: Role) -> PathBuf {
        self.facts.keys.of_role(role)
    }

    /// The file with the key that customers' tokens are signed with.
    #[must_use]
    pub fn token_key_file(&self) -> PathBuf {
        self.facts.keys.customer_token()
    }

    /// The secret of a caller, for `Authorization: Bearer`.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn secret(&self, role: Role) -> anyhow::Result<String> {
        keys::read_secret(&self.key_file(role))
    }

    /// What happens to the processes from now on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<ProcessEvent> {
        self.events.subscribe()
    }

    /// Stops everything: first the gateway and the workers, so that what they are doing still finds the services, last
    /// Temporal.
    ///
    /// # Errors
    /// When a process did not stop when asked and had to be killed.
    pub async fn stop(self) -> anyhow::Result<()> {
        let is_service = |name: &str| SERVICES.iter().any(|(service, _)| *service == name);
        let mut trouble = Vec::new();
        let stages: [&dyn Fn(&str) -> bool; 3] =
            [&|name| name != TEMPORAL && !is_service(name), &is_service, &|name| name == TEMPORAL];
        for is_due in stages {
            let due = self.processes.iter().filter(|process| is_due(process.name()));
            let stopped = join_all(due.map(Process::stop)).await;
            trouble.extend(stopped.into_iter().filter_map(Result::err).map(|e| format!("{e:#}")));
        }
        drop(self);
        if trouble.is_empty() { Ok(()) } else { bail!("{}", trouble.join("; ")) }
    }
}

impl Drop for System {
    fn drop(&mut self) {
        self.supervisor.end();
        self.run_file.remove();
    }
}
