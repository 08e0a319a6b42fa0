//! A service as its tests start it: on a free port, over a database of the test, with one caller per role.

use crate::caller::{Caller, install_tls, secret_of};
use chassis::auth::{Access, Keys, Role, sha256_hex};
use chassis::serve::{App, Running};
use chassis_store::{Database, Migrations};
use std::net::SocketAddr;
use std::time::Duration;

/// How long a test waits for what must come at once.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What tests need to know of a service.
pub struct Service {
    /// The schema of its databases.
    pub migrations: &'static Migrations,
    /// Its table of access.
    pub access: &'static [Access],
    /// Every role that it knows.
    pub roles: &'static [Role],
    /// The service on this database, for callers with these keys.
    pub app: fn(Database, Keys) -> App,
}

/// A running service and its database.
pub struct Served {
    /// The service's own database. Closed, it is away under the running service.
    pub database: Database,
    pub(crate) service: &'static Service,
    pub(crate) http: reqwest::Client,
    url: String,
    running: Running,
}

impl Service {
    /// Starts it on the database of this URL.
    pub async fn start(&'static self, url: &str) -> Served {
        install_tls();
        let _ = chassis::telemetry::metrics();
        let database = Database::connect(url, self.migrations).await.expect("the database opens");
        let keys = Keys::parse(&self.keys_text(), self.access).expect("a keys file");
        let app = (self.app)(database.clone(), keys);
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let running = chassis::serve::start(any_port, app).await.expect("a free port");
        let (url, http) = (url.to_owned(), reqwest::Client::new());
        Served { database, service: self, http, url, running }
    }

    /// Its keys file: one caller per role, called like it with `-1` behind.
    #[must_use]
    pub fn keys_text(&self) -> String {
        let line = |role: &Role| {
            let (name, hash) = (role.name(), sha256_hex(&secret_of(*role)));
            format!("{name}-1 {name} {hash}\n")
        };
        self.roles.iter().map(line).collect()
    }
}

impl Served {
    /// The process ends and is started again on the same database.
    pub async fn restart(self) -> Self {
        let (service, url) = (self.service, self.url.clone());
        self.stop().await;
        service.start(&url).await
    }

    /// The process ends.
    pub async fn stop(self) {
        self.running.stop(PATIENCE).await;
        self.database.close().await;
    }

    /// The URL of its database.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.running.address()
    }

    /// Whoever has the key of this role.
    #[must_use]
    pub fn caller(&self, role: Role) -> Caller<'_> {
        Caller::new(self, Some(secret_of(role)))
    }

    /// Somebody without a key.
    #[must_use]
    pub fn nobody(&self) -> Caller<'_> {
        Caller::new(self, None)
    }

    /// Somebody with a key of their own making.
    #[must_use]
    pub fn stranger(&self) -> Caller<'_> {
        Caller::new(self, Some(sha256_hex("a stranger")))
    }
}
