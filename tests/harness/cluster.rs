//! A real Temporal server on PostgreSQL, as `docker-compose.yml` starts it, without a container: schema, server with all
//! four roles, namespace and search attributes, by the same settings and the same scripts.

use crate::compose::Compose;
use crate::postgres::Postgres;
use crate::programs::{self, text};
use lacadon::crash::cluster::ClusterPrograms;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Where ports for the server's ten listeners are looked for: below those of outgoing connections and of the rest.
const FIRST_PORT: u16 = 10_000;
const LAST_PORT: u16 = 14_900;

/// A running server with the namespace of the compose file.
pub struct Cluster {
    server: Child,
    ports: Ports,
    log: PathBuf,
}

/// What each listener of the server got.
#[derive(Clone, Copy)]
struct Ports {
    first: u16,
}

impl Ports {
    /// The settings that the compose file leaves at the server's defaults, because a container has all ports to itself.
    const SETTINGS: [&'static str; 9] = [
        "FRONTEND_GRPC_PORT",
        "FRONTEND_MEMBERSHIP_PORT",
        "FRONTEND_HTTP_PORT",
        "HISTORY_GRPC_PORT",
        "HISTORY_MEMBERSHIP_PORT",
        "MATCHING_GRPC_PORT",
        "MATCHING_MEMBERSHIP_PORT",
        "WORKER_GRPC_PORT",
        "WORKER_MEMBERSHIP_PORT",
    ];

    /// As many ports in a row as there are settings, and one for metrics, none of which anybody listens on.
    fn free() -> Self {
        let count = u16::try_from(Self::SETTINGS.len()).expect("few") + 1;
        let start = FIRST_PORT + u16::try_from(std::process::id() % 4_800).expect("small");
        let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
        let first = (start..LAST_PORT)
            .chain(FIRST_PORT..start)
            .find(|first| (*first..first + count).all(|port| is_free(&port)));
        Self { first: first.expect("ten free ports") }
    }

    fn frontend(self) -> u16 {
        self.first
    }

    fn frontend_http(self) -> u16 {
        self.first + 2
    }

    fn metrics(self) -> u16 {
        self.first + 9
    }

    fn settings(self) -> impl Iterator<Item = (String, String)> {
        Self::SETTINGS
            .into_iter()
            .zip(self.first..)
            .map(|(name, port)| (name.to_owned(), port.to_string()))
    }
}

impl Cluster {
    /// Makes the schema, starts the server and makes the namespace, with the compose file's settings.
    ///
    /// The databases and roles of `deploy/postgres/databases.sql` are there already, with the passwords in `secrets`.
    ///
    /// # Panics
    /// When a step fails.
    #[must_use]
    pub fn start(
        programs: &ClusterPrograms,
        postgres: &Postgres,
        compose: &Compose,
        secrets: &Path,
        folder: &Path,
    ) -> Self {
        let native =
            |service: &str| on_this_machine(compose.environment(service), postgres, secrets);
        make_schema(programs, native("temporal-schema"));
        let ports = Ports::free();
        let log = folder.join("temporal.log");
        let server = start_server(programs, native("temporal"), ports, secrets, &log);
        let cluster = Self { server, ports, log };
        let mut settings = native("temporal-namespace");
        settings.insert("TEMPORAL_ADDRESS".to_owned(), cluster.address());
        cluster.make_namespace(settings, folder);
        cluster
    }

    /// `127.0.0.1:port` of the front end.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.frontend())
    }

    /// The address of the front end's HTTP API, `http://127.0.0.1:port`.
    #[must_use]
    pub fn http_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.frontend_http())
    }

    fn make_namespace(&self, settings: BTreeMap<String, String>, folder: &Path) {
        // The script calls `temporal`, whatever the file that was found here is called.
        let cli = launch::temporal::locate().expect("a temporal command").path;
        let bin = folder.join("bin");
        std::fs::create_dir_all(&bin).expect("a folder");
        std::os::unix::fs::symlink(cli, bin.join("temporal")).expect("a link");
        let output = Command::new(deployed("make-namespace"))
            .envs(settings)
            .env("PATH", format!("{}:/usr/bin:/bin", text(&bin)))
            .stdin(Stdio::null())
            .output()
            .expect("make-namespace runs");
        assert!(
            output.status.success(),
            "{}{}\nthe server's log:\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
            std::fs::read_to_string(&self.log).unwrap_or_default()
        );
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Its store is durable and thrown away: there is nothing to wait for.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Settings that name containers, turned into those of this machine. Names of settings and all other values stay.
fn on_this_machine(
    settings: BTreeMap<String, String>,
    postgres: &Postgres,
    secrets: &Path,
) -> BTreeMap<String, String> {
    let port = postgres.port().to_string();
    let value = |value: String| match value.as_str() {
        "postgres" | "0.0.0.0" => "127.0.0.1".to_owned(),
        "5432" => port.clone(),
        _ => value
            .replace("/run/secrets/", &format!("{}/", text(secrets)))
            .replace("/deploy/", &format!("{}/", text(&deployed("")))),
    };
    settings.into_iter().map(|(name, given)| (name, value(given))).collect()
}

/// What the containers see as `/deploy`.
fn deployed(name: &str) -> PathBuf {
    let folder = launch::build::workspace().join("deploy/temporal");
    if name.is_empty() { folder } else { folder.join(name) }
}

fn make_schema(programs: &ClusterPrograms, settings: BTreeMap<String, String>) {
    programs::run(
        Command::new(deployed("make-schema"))
            .envs(settings)
            .env("TEMPORAL_SQL_TOOL", &programs.sql_tool),
    );
}

fn start_server(
    programs: &ClusterPrograms,
    settings: BTreeMap<String, String>,
    ports: Ports,
    secrets: &Path,
    log: &Path,
) -> Child {
    let password =
        std::fs::read_to_string(secrets.join("temporal-db.password")).expect("a password");
    let log = std::fs::File::create(log).expect("a log file");
    // The guard ends the server when the other end of its standard input is closed, also by the death of this process.
    let lacadon = launch::build::binaries().expect("the binaries build").lacadon;
    Command::new(lacadon)
        .args(["guard", "--by-pipe", "--parent", &std::process::id().to_string(), "--"])
        .arg(&programs.server)
        .arg("start")
        .envs(settings)
        .envs(ports.settings())
        // As the image's entry point does.
        .env("TEMPORAL_BROADCAST_ADDRESS", "127.0.0.1")
        .env("PROMETHEUS_ENDPOINT", format!("127.0.0.1:{}", ports.metrics()))
        .env("POSTGRES_PWD", password.trim())
        .stdin(Stdio::piped())
        .stdout(log.try_clone().expect("a second handle"))
        .stderr(log)
        .spawn()
        .expect("the Temporal server starts")
}
