//! A private PostgreSQL server with the durable defaults, gone with this process however it dies, that can be crashed.

use anyhow::{Context, bail};
use launch::build::workspace;
use sqlx::{Connection, Executor, PgConnection};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;

/// A running server; dropping it stops it and removes its data.
pub struct Postgres {
    superuser: Url,
    runner: Arc<Mutex<Runner>>,
    pid: u32,
}

/// `tools/postgres`, which runs the server until its standard input ends, and crashes it when told to.
struct Runner {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Postgres {
    /// Starts it.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not come up.
    pub async fn start() -> anyhow::Result<Self> {
        tokio::task::spawn_blocking(|| {
            let mut child = Command::new(workspace().join("tools/postgres"))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .context("tools/postgres cannot be run")?;
            let output = BufReader::new(child.stdout.take().context("it has no output")?);
            let mut runner = Runner { input: child.stdin.take(), child, output };
            let superuser = runner.line().context("PostgreSQL does not come up")?.parse()?;
            let pid = runner.child.id();
            Ok(Self { superuser, runner: Arc::new(Mutex::new(runner)), pid })
        })
        .await?
    }

    /// The superuser's URL.
    #[must_use]
    pub fn superuser_url(&self) -> &Url {
        &self.superuser
    }

    /// The process that has started the server.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Makes a database; its URL, as the superuser.
    ///
    /// # Errors
    /// When the server refuses, or the name is not made of letters and underscores.
    pub async fn database(&self, name: &str) -> anyhow::Result<String> {
        if !name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            bail!("a database is not named {name:?}");
        }
        let mut connection = PgConnection::connect(self.superuser.as_str()).await?;
        // A name cannot be a bound parameter; it was looked at above.
        connection.execute(sqlx::AssertSqlSafe(format!("create database {name}"))).await?;
        let mut url = self.superuser.clone();
        url.set_path(name);
        Ok(url.to_string())
    }

    /// Crashes it, as `pg_ctl -m immediate` does, and returns when it takes connections again.
    ///
    /// # Errors
    /// When it does not come back.
    pub async fn crash(&self) -> anyhow::Result<()> {
        let runner = Arc::clone(&self.runner);
        tokio::task::spawn_blocking(move || {
            let mut runner = runner.lock().unwrap_or_else(PoisonError::into_inner);
            let input = runner.input.as_mut().context("it is stopped")?;
            input.write_all(b"crash\n").context("PostgreSQL is gone")?;
            match runner.line()?.as_str() {
                "recovered" => Ok(()),
                other => bail!("PostgreSQL was crashed and says {other:?}"),
            }
        })
        .await?
    }
}

impl Runner {
    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            bail!("it ended without a word; its messages are above");
        }
        Ok(line.trim().to_owned())
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        drop(self.input.take());
        // It was asked to stop; that it has is all there is to know.
        let _ = self.child.wait();
    }
}
