//! A private PostgreSQL server for one test binary: durable settings, loopback, gone with the process however it dies.

use crate::programs::{self, PostgresPrograms};
use sqlx::{Connection, Executor, PgConnection};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use url::Url;

/// A running server. It lives until this is dropped, or until this process ends.
pub struct Postgres {
    programs: PostgresPrograms,
    superuser: Url,
    // The runner stops the server when the other end of its standard input is closed; a killed process closes it too.
    runner: Child,
    databases: AtomicU32,
}

impl Postgres {
    /// The one server of this test binary; none where PostgreSQL is not installed ([`programs`] says what that means).
    #[must_use]
    pub fn of_this_test_binary() -> Option<&'static Self> {
        static SERVER: OnceLock<Option<Postgres>> = OnceLock::new();
        SERVER.get_or_init(|| programs::postgres().map(Self::start)).as_ref()
    }

    /// Starts a server of one's own: for tests that stop it, or that need its roles for themselves.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn start(programs: PostgresPrograms) -> Self {
        let mut runner = Command::new(launch::build::workspace().join("tools/postgres"))
            .env("LACADON_POSTGRES_BIN", programs.program("postgres").parent().expect("a folder"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("tools/postgres runs");
        let mut url = String::new();
        BufReader::new(runner.stdout.take().expect("piped")).read_line(&mut url).expect("a line");
        let superuser = url.trim().parse().expect("tools/postgres prints a URL");
        Self { programs, superuser, runner, databases: AtomicU32::new(0) }
    }

    /// The superuser's URL.
    #[must_use]
    pub fn superuser_url(&self) -> &Url {
        &self.superuser
    }

    /// `127.0.0.1` and the port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.superuser.port().expect("tools/postgres names the port")
    }

    /// A new, empty database of nobody else's; its URL.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn database(&self, name: &str) -> String {
        let name = format!("{name}_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut connection =
            PgConnection::connect(self.superuser.as_str()).await.expect("connected");
        // A name cannot be a bound parameter; these are ours.
        let create = sqlx::AssertSqlSafe(format!("create database \"{name}\""));
        connection.execute(create).await.expect("a new database");
        let mut url = self.superuser.clone();
        url.set_path(&name);
        url.to_string()
    }

    /// Runs a file of SQL with `psql` as the superuser, as the container's entry point does with its scripts.
    ///
    /// # Panics
    /// When a statement fails.
    pub fn run_script(&self, file: &Path, secrets: &Path) {
        programs::run(
            Command::new(self.programs.program("psql"))
                .args([
                    "--no-psqlrc",
                    "--no-password",
                    "--quiet",
                    "--set=ON_ERROR_STOP=1",
                    "--file",
                ])
                .arg(file)
                .env("SECRETS_DIR", secrets)
                .env("PGHOST", "127.0.0.1")
                .env("PGPORT", self.port().to_string())
                .env("PGUSER", self.superuser.username())
                .env("PGPASSWORD", self.superuser.password().unwrap_or_default())
                .env("PGDATABASE", "postgres"),
        );
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.runner.stdin.take());
        // It was asked to stop; that it has is all there is to know.
        let _ = self.runner.wait();
    }
}
