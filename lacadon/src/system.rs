//! The system: which processes it has, and how they are started, kept up and stopped together.
//!
//! `dev`, `demo` and the tests run it. A new service is one line in [`parts`].
//!
//! Nothing outlives the launcher, however it ends: our own processes stop when their standard input ends, the Temporal
//! server runs under [`crate::guard`].

mod facts;
pub(crate) mod keys;
mod lock;
mod options;
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
use ports::PortPlan;
use process::Shared;
use readiness::Readiness;
use run_file::RunFile;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use supervisor::{Part, Supervisor};
use tokio::sync::{broadcast, mpsc};

/// The namespace that a server of ours has from its first start.
pub const NAMESPACE: &str = "default";

/// The services: name, and the family of its settings. Its place here is its port.
const SERVICES: [(&str, &str); 2] = [("order-api", "ORDER"), ("voucher-api", "VOUCHER")];

const ORDER_API: &str = "order-api";
const VOUCHER_API: &str = "voucher-api";
const TEMPORAL: &str = "temporal";

/// Milliseconds that a process of ours may take to finish what it is doing; a little less than its supervisor's grace.
const SHUTDOWN_GRACE_MS: &str = "8000";

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

/// A process before it runs.
struct Planned {
    name: String,
    address: String,
    port: u16,
    readiness: Readiness,
    part: Part,
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

    /// The process of this name: `temporal`, `order-api`, `voucher-api`, `worker`, `worker-2`, …
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

    /// Stops everything: first the workers, so that what they are doing still finds the services, last Temporal.
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

/// Every process of the system.
fn parts(options: &SystemOptions, facts: &Facts, ports: &PortPlan) -> anyhow::Result<Vec<Planned>> {
    if options.workers > ports::MOST_WORKERS {
        bail!("a system has at most {} workers", ports::MOST_WORKERS);
    }
    let programs = [&options.binaries.order_api, &options.binaries.voucher_api];
    let mut parts = Vec::new();
    if let TemporalServer::Own { cli, extra_args } = &options.temporal {
        parts.push(temporal_part(options, facts, ports, cli, extra_args));
    }
    for (number, ((name, family), program)) in (1..).zip(SERVICES.into_iter().zip(programs)) {
        parts.push(service_part(facts, ports.service(number), name, family, program));
    }
    for index in 0..options.workers {
        let name = if index == 0 { "worker".to_owned() } else { format!("worker-{}", index + 1) };
        parts.push(worker_part(options, facts, ports.worker(index), name));
    }
    for part in &mut parts {
        part.part.env.extend(options.env.get(&part.name).cloned().unwrap_or_default());
    }
    Ok(parts)
}

/// A program of ours listens where it is told, and stops when its standard input ends.
fn our_part(name: String, port: u16, program: &Path, env: &[(String, String)]) -> Planned {
    let address = format!("http://127.0.0.1:{port}");
    let mut all = BTreeMap::from([
        ("EXIT_WITH_STDIN".to_owned(), "1".to_owned()),
        ("SHUTDOWN_GRACE_MS".to_owned(), SHUTDOWN_GRACE_MS.to_owned()),
        ("RUST_LOG".to_owned(), std::env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned())),
        // A log that ends in thirty frames of an error's making hides the error; panics keep theirs.
        ("RUST_LIB_BACKTRACE".to_owned(), "0".to_owned()),
        // Its calls stay on this machine, whatever proxy the web is behind.
        ("NO_PROXY".to_owned(), "127.0.0.1,localhost".to_owned()),
    ]);
    all.extend(env.iter().cloned());
    Planned {
        name,
        readiness: Readiness::Http(format!("{address}/readyz")),
        address,
        port,
        part: Part { program: program.to_path_buf(), arguments: Vec::new(), env: all },
    }
}

fn service_part(facts: &Facts, port: u16, name: &str, family: &str, program: &Path) -> Planned {
    let env = [
        (format!("{family}_DATABASE_URL"), facts.database_url(name).to_owned()),
        (format!("{family}_LISTEN"), format!("127.0.0.1:{port}")),
        (format!("{family}_KEYS_FILE"), facts.keys.of_service(name).display().to_string()),
    ];
    our_part(name.to_owned(), port, program, &env)
}

fn worker_part(options: &SystemOptions, facts: &Facts, port: u16, name: String) -> Planned {
    let mut env = vec![
        ("WORKER_NAME".to_owned(), name.clone()),
        ("WORKER_LISTEN".to_owned(), format!("127.0.0.1:{port}")),
        ("WORKER_KEY_FILE".to_owned(), facts.keys.of_role(Role::Worker).display().to_string()),
        ("ORDER_API_URL".to_owned(), facts.service_url(ORDER_API).to_owned()),
        ("VOUCHER_API_URL".to_owned(), facts.service_url(VOUCHER_API).to_owned()),
        ("TEMPORAL_ADDRESS".to_owned(), facts.temporal_address.clone()),
        ("TEMPORAL_NAMESPACE".to_owned(), facts.namespace.clone()),
    ];
    match &options.temporal {
        TemporalServer::Given { env: given, .. } => env.extend(given.iter().cloned()),
        // A profile in the user's own configuration file would add its TLS and keys to our server's address.
        TemporalServer::Own { .. } => {
            env.push(("TEMPORAL_CONFIG_FILE".to_owned(), "/dev/null".to_owned()));
        }
    }
    our_part(name, port, &options.binaries.worker, &env)
}

/// The store is a file in WAL mode: what was acknowledged survives kill -9. Search attributes are not preset, because
/// a kept file keeps the set that it was made with; the worker registers them.
fn temporal_part(
    options: &SystemOptions,
    facts: &Facts,
    ports: &PortPlan,
    cli: &Path,
    extra_args: &[String],
) -> Planned {
    let (http, metrics) = ports.temporal_http_and_metrics();
    let parent = std::process::id();
    let store = facts.data_dir.join("temporal.sqlite");
    let mut arguments: Vec<String> =
        vec!["guard".into(), "--parent".into(), parent.to_string(), "--".into()];
    arguments.push(cli.display().to_string());
    arguments.extend(["server", "start-dev", "--ip", "127.0.0.1", "--db-filename"].map(Into::into));
    arguments.push(store.display().to_string());
    arguments.extend(["--sqlite-pragma", "journal_mode=wal"].map(Into::into));
    for (flag, port) in [
        ("--port", ports.temporal()),
        ("--ui-port", ports.temporal_ui()),
        ("--http-port", http),
        ("--metrics-port", metrics),
    ] {
        arguments.extend([flag.to_owned(), port.to_string()]);
    }
    arguments.extend(["--ui-disable-news-fetch", "--log-level", "warn"].map(Into::into));
    arguments.extend(extra_args.iter().cloned());
    let env = BTreeMap::from([("TEMPORAL_CONFIG_FILE".to_owned(), "/dev/null".to_owned())]);
    Planned {
        name: TEMPORAL.to_owned(),
        address: facts.temporal_address.clone(),
        port: ports.temporal(),
        readiness: Readiness::Temporal {
            url: format!("http://{}", facts.temporal_address),
            namespace: facts.namespace.clone(),
        },
        part: Part { program: options.binaries.lacadon.clone(), arguments, env },
    }
}
