//! Services, gateway and worker as `docker-compose.yml` starts them, without a container: our binaries with its very settings,
//! of which only hosts, ports and the folder of the secrets are exchanged for those of this machine.

use crate::cluster::Cluster;
use crate::compose::Compose;
use crate::postgres::Postgres;
use crate::programs::{self, text};
use crate::wait::eventually;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// The whole stack of the compose file, running.
pub struct Stack {
    // Dropped in this order: who uses a database ends before it does.
    processes: Vec<OurProcess>,
    /// The Temporal server.
    pub cluster: Cluster,
    /// The file.
    pub compose: Compose,
    addresses: Addresses,
    secrets: PathBuf,
    postgres: Postgres,
    _folder: TempDir,
}

/// Which port of this machine stands for which port of which container.
struct Addresses {
    here_of: BTreeMap<&'static str, u16>,
}

/// Those that are ours: the container's name and the port that it listens on.
const OURS: [(&str, u16); 6] = [
    ("order-api", 8081),
    ("voucher-api", 8082),
    ("risk-api", 8083),
    ("desk-api", 8084),
    ("gateway", 8080),
    ("worker", 8090),
];

struct OurProcess {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Stack {
    /// Starts everything; none where a program is missing ([`programs`] says what that means).
    ///
    /// # Panics
    /// When something does not come up.
    pub async fn start() -> Option<Self> {
        let (postgres, cluster, compose) =
            (programs::postgres(), programs::cluster(), Compose::of_this_repository());
        let (postgres, cluster, compose) = (postgres?, cluster?, compose?);
        let started = tokio::task::spawn_blocking(move || {
            let folder =
                tempfile::Builder::new().prefix("lacadon-stack-").tempdir().expect("a folder");
            let secrets = make_secrets(folder.path());
            let postgres = Postgres::start(postgres);
            postgres.run_script(
                &launch::build::workspace().join("deploy/postgres/databases.sql"),
                &secrets,
            );
            let cluster = Cluster::start(&cluster, &postgres, &compose, &secrets, folder.path());
            let addresses = Addresses::free();
            Self {
                processes: Vec::new(),
                cluster,
                compose,
                addresses,
                secrets,
                postgres,
                _folder: folder,
            }
        });
        let mut stack = started.await.expect("PostgreSQL and Temporal start");
        for (name, _) in OURS {
            stack.start_process(name);
        }
        for (name, _) in OURS {
            stack.wait_until_healthy(name).await;
        }
        Some(stack)
    }

    /// `http://127.0.0.1:port` of one of our processes.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}", self.addresses.here_of[name])
    }

    /// The bearer secret of a caller.
    ///
    /// # Panics
    /// When there is no such caller.
    #[must_use]
    pub fn secret(&self, caller: &str) -> String {
        std::fs::read_to_string(self.secret_file(caller)).expect("a key").trim().to_owned()
    }

    /// The file with a secret, as in `customer-token`.
    #[must_use]
    pub fn secret_file(&self, name: &str) -> PathBuf {
        self.secrets.join(format!("{name}.key"))
    }

    /// Everything that is in a service's database, but for some of its tables.
    pub async fn dump(&self, database: &str, without: &[&str]) -> Vec<String> {
        let mut url = self.postgres.superuser_url().clone();
        url.set_path(database);
        crate::dump(url.as_str(), without).await
    }

    /// The setting of a service as the compose file has it.
    #[must_use]
    pub fn setting(&self, service: &str, name: &str) -> String {
        self.compose.environment(service)[name].clone()
    }

    fn start_process(&mut self, name: &'static str) {
        let binaries = launch::build::binaries().expect("the binaries build");
        let program = binaries.named(name).expect("a program of ours");
        let command = self.compose.service(name)["command"].clone();
        assert_eq!(command, serde_json::json!([name]), "what the container of {name} runs");
        let log = self.secrets.with_file_name(format!("{name}.log"));
        let file = std::fs::File::create(&log).expect("a log file");
        let settings = self.compose.environment(name);
        let child = Command::new(program)
            .env_clear()
            .envs(
                settings
                    .into_iter()
                    .map(|(setting, value)| (setting, self.on_this_machine(&value))),
            )
            // Not in the container: there the engine stops it, here the end of this process does.
            .env("EXIT_WITH_STDIN", "1")
            .stdin(Stdio::piped())
            .stdout(file.try_clone().expect("a second handle"))
            .stderr(file)
            .spawn()
            .expect("our binary starts");
        self.processes.push(OurProcess { name, child, log });
    }

    fn on_this_machine(&self, value: &str) -> String {
        let postgres = format!("127.0.0.1:{}", self.postgres.port());
        let mut value = value
            .replace("postgres:5432", &postgres)
            .replace("temporal:7233", &self.cluster.address())
            .replace("/run/secrets/", &format!("{}/", text(&self.secrets)));
        for (name, port) in OURS {
            let here = format!("127.0.0.1:{}", self.addresses.here_of[name]);
            value = value
                .replace(&format!("{name}:{port}"), &here)
                .replace(&format!("0.0.0.0:{port}"), &here);
        }
        value
    }

    /// Runs the container's own health check until it passes.
    async fn wait_until_healthy(&mut self, name: &'static str) {
        let test = self.compose.service(name)["healthcheck"]["test"].clone();
        let port = OURS.iter().find(|(ours, _)| *ours == name).map(|(_, port)| port.to_string());
        assert_eq!(
            test,
            serde_json::json!(["CMD", "healthcheck", port]),
            "the health check of {name}"
        );
        let port = self.addresses.here_of[name].to_string();
        let process =
            self.processes.iter_mut().find(|process| process.name == name).expect("started");
        let check = launch::build::workspace().join("deploy/healthcheck");
        let (child, log) = (RefCell::new(&mut process.child), &process.log);
        eventually(&format!("{name} is healthy"), async || {
            if let Some(status) = child.borrow_mut().try_wait().expect("its status") {
                panic!(
                    "{name} ended ({status}):\n{}",
                    std::fs::read_to_string(log).unwrap_or_default()
                );
            }
            let asked = tokio::process::Command::new(&check)
                .arg(&port)
                .stderr(Stdio::null())
                .status()
                .await;
            asked.expect("the health check runs").success().then_some(())
        })
        .await;
    }
}

impl Drop for Stack {
    #[expect(clippy::print_stdout, reason = "the test runner shows it beside the failure")]
    fn drop(&mut self) {
        for process in &mut self.processes {
            // Its databases go with it: there is nothing to wait for.
            let _ = process.child.kill();
            let _ = process.child.wait();
            if std::thread::panicking() {
                let log = std::fs::read_to_string(&process.log).unwrap_or_default();
                let last: Vec<&str> = log.lines().rev().take(30).collect();
                let last: Vec<&str> = last.into_iter().rev().collect();
                println!("--- the last lines of {}:\n{}", process.name, last.join("\n"));
            }
        }
    }
}

impl Addresses {
    fn free() -> Self {
        let listeners =
            OURS.map(|(name, _)| (name, TcpListener::bind("127.0.0.1:0").expect("a free port")));
        let port = |listener: &TcpListener| listener.local_addr().expect("an address").port();
        Self { here_of: listeners.iter().map(|(name, listener)| (*name, port(listener))).collect() }
    }
}

/// The very command that the compose file's head names.
fn make_secrets(folder: &Path) -> PathBuf {
    let secrets = folder.join("secrets");
    programs::run(
        Command::new(launch::build::workspace().join("deploy/make-secrets")).arg(&secrets),
    );
    secrets
}
