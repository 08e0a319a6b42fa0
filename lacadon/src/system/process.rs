//! One process of a running system, as its launcher and the tests handle it.

use super::readiness::{ONE_QUESTION, Readiness};
use super::supervisor::Order;
use anyhow::{Context, bail};
use rustix::process::Signal;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// Between two looks at whether a process is ready: short beside the tenths of a second that a start takes.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// A process that died so often before it was ever ready will not get ready.
const HOPELESS_AFTER: u32 = 5;

/// The last lines of a log that a message shows.
const LAST_LINES: usize = 15;

/// They are looked for in so many bytes at its end.
const LAST_BYTES: i64 = 16 * 1024;

/// A handle; clones name the same process.
#[derive(Debug, Clone)]
pub struct Process {
    pub(super) shared: Arc<Shared>,
    pub(super) orders: mpsc::UnboundedSender<Order>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) log_path: PathBuf,
    pub(super) readiness: Readiness,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Default)]
struct State {
    pid: Option<u32>,
    restarts: u32,
    deaths: u32,
    last_end: String,
}

impl Shared {
    pub(super) fn new(
        name: &str,
        address: String,
        log_path: PathBuf,
        readiness: Readiness,
    ) -> Self {
        Self { name: name.to_owned(), address, log_path, readiness, state: Mutex::default() }
    }

    pub(super) fn set_running(&self, pid: u32, restarts: u32) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.pid = Some(pid);
        state.restarts = restarts;
    }

    pub(super) fn set_down(&self, how: String) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.pid = None;
        state.deaths += 1;
        state.last_end = how;
    }

    fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Process {
    /// As in `order-api`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// A URL; for the Temporal server host and port.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.shared.address
    }

    /// What it writes goes here.
    #[must_use]
    pub fn log_path(&self) -> &Path {
        &self.shared.log_path
    }

    /// Its process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.shared.state().pid
    }

    /// How often it was started again.
    #[must_use]
    pub fn restarts(&self) -> u32 {
        self.shared.state().restarts
    }

    /// Kills it without warning and returns its pid once it is dead. It is up again at once, unless restarts are
    /// paused.
    ///
    /// # Errors
    /// When it is not running.
    pub async fn kill9(&self) -> anyhow::Result<u32> {
        self.ask(Order::Kill9).await
    }

    /// Asks it to stop, and kills it when it does not. It stays down until [`Process::start`].
    ///
    /// # Errors
    /// When it had to be killed.
    pub async fn stop(&self) -> anyhow::Result<()> {
        self.ask(Order::Stop).await
    }

    /// Starts it if it is down, and ends a pause. Returns when it was started, ready or not.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start(&self) -> anyhow::Result<()> {
        self.ask(Order::Start).await
    }

    /// From now on it stays down when it dies.
    ///
    /// # Errors
    /// When the system has stopped.
    pub async fn pause_restarts(&self) -> anyhow::Result<()> {
        self.ask(|reply| Order::PauseRestarts(true, reply)).await
    }

    /// Ends a pause; a process that died meanwhile is started.
    ///
    /// # Errors
    /// When the system has stopped.
    pub async fn resume_restarts(&self) -> anyhow::Result<()> {
        self.ask(|reply| Order::PauseRestarts(false, reply)).await
    }

    /// Changes one of its settings; counts from its next start.
    ///
    /// # Errors
    /// When the system has stopped.
    pub async fn set_env(&self, name: &str, value: &str) -> anyhow::Result<()> {
        self.ask(|reply| Order::SetEnv(name.to_owned(), value.to_owned(), reply)).await
    }

    /// Makes it hang without dying (SIGSTOP).
    ///
    /// # Errors
    /// When it is not running.
    pub async fn suspend(&self) -> anyhow::Result<()> {
        self.ask(|reply| Order::Signal(Signal::STOP, reply)).await
    }

    /// Lets it go on after [`Process::suspend`].
    ///
    /// # Errors
    /// When it is not running.
    pub async fn resume(&self) -> anyhow::Result<()> {
        self.ask(|reply| Order::Signal(Signal::CONT, reply)).await
    }

    /// Waits until it runs and says that it is ready.
    ///
    /// # Errors
    /// When it does not get there in time or dies again and again; the message shows its last words.
    pub async fn wait_until_ready(&self, within: Duration) -> anyhow::Result<()> {
        self.wait_until_restarted_and_ready(None, within).await
    }

    /// Waits until it was started again more than so often, and is ready.
    ///
    /// # Errors
    /// When it does not get there in time or dies again and again; the message shows its last words.
    pub async fn wait_until_restarted(
        &self,
        more_than: u32,
        within: Duration,
    ) -> anyhow::Result<()> {
        self.wait_until_restarted_and_ready(Some(more_than), within).await
    }

    async fn wait_until_restarted_and_ready(
        &self,
        more_than: Option<u32>,
        within: Duration,
    ) -> anyhow::Result<()> {
        let give_up = Instant::now() + within;
        let client = crate::http::client(ONE_QUESTION)?;
        let deaths_before = self.shared.state().deaths;
        loop {
            let state = self.shared.state();
            let not_ready = if state.pid.is_none() {
                anyhow::anyhow!("it is not running ({})", state.last_end)
            } else if more_than.is_some_and(|more_than| state.restarts <= more_than) {
                anyhow::anyhow!("it was not started again")
            } else {
                match self.shared.readiness.ask(&client).await {
                    // Ready, but is it still the one that was asked?
                    Ok(()) if self.pid() == state.pid => return Ok(()),
                    Ok(()) => continue,
                    Err(e) => e,
                }
            };
            let died = state.deaths.saturating_sub(deaths_before);
            if died >= HOPELESS_AFTER {
                bail!("{} died {died} times: {}", self.name(), self.last_words(&not_ready));
            }
            if Instant::now() > give_up {
                let seconds = within.as_secs();
                bail!(
                    "{} is not ready after {seconds} s: {}",
                    self.name(),
                    self.last_words(&not_ready)
                );
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn last_words(&self, problem: &anyhow::Error) -> String {
        let log = self.log_path();
        format!("{problem:#}\nThe last lines of {}:\n{}", log.display(), last_lines(log))
    }

    async fn ask<T>(
        &self,
        order: impl FnOnce(oneshot::Sender<anyhow::Result<T>>) -> Order,
    ) -> anyhow::Result<T> {
        let (reply, answer) = oneshot::channel();
        let asked = self.orders.send(order(reply));
        let answer = match asked {
            Ok(()) => answer.await.ok(),
            Err(_) => None,
        };
        answer
            .context("the system has stopped")
            .and_then(|done| done)
            .with_context(|| self.name().to_owned())
    }
}

/// A line of a backtrace, as in `  12: core::ops::function` or `      at /src/main.rs:7`: it says where, not what.
fn is_backtrace(line: &str) -> bool {
    let text = line.trim_start();
    let is_frame = text.split_once(": ").is_some_and(|(number, _)| number.parse::<u32>().is_ok());
    line.starts_with(' ') && (is_frame || text.starts_with("at "))
}

/// The end of a text file that may be long.
fn last_lines(path: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        if file.seek(SeekFrom::End(-LAST_BYTES)).is_err() {
            file.seek(SeekFrom::Start(0))?;
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    match read() {
        Ok(text) => {
            let lines: Vec<&str> = text.lines().filter(|line| !is_backtrace(line)).collect();
            let skipped = lines.len().saturating_sub(LAST_LINES);
            lines.into_iter().skip(skipped).map(|line| format!("  {line}\n")).collect()
        }
        Err(e) => format!("  ({e})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_of_a_process_are_its_message_and_not_its_backtrace() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        let frames: String =
            (0..40).map(|n| format!("  {n}: core::ops\n        at /src/x.rs:{n}\n")).collect();
        std::fs::write(&log, format!("Error: no such database\n\nStack backtrace:\n{frames}"))
            .expect("written");

        assert!(
            last_lines(&log).starts_with("  Error: no such database\n"),
            "{}",
            last_lines(&log)
        );
    }

    #[test]
    fn of_a_long_log_only_the_end_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        let lines: String = (0..5000).map(|n| format!("line {n}\n")).collect();
        std::fs::write(&log, lines).expect("written");

        let told = last_lines(&log);

        assert_eq!(told.lines().count(), LAST_LINES);
        assert!(told.ends_with("line 4999\n"), "{told}");
    }
}
