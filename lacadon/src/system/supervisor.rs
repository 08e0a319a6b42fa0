//! Keeps the processes up. A thread of its own spawns, watches and ends them, whatever runtime the caller has, and
//! outlives every child: on Linux a child dies with the *thread* that started it.

use super::process::{Process, Shared};
use super::run_file::RunFile;
use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// A process that lived shorter than this died "at once".
const SHORT_LIFE: Duration = Duration::from_secs(3);

/// The pause before a process is started again, by how often in a row it died at once. The first are short, so that
/// whoever is killed is up again within a second; the later ones spare the machine.
const BACK_OFF_MS: [u64; 6] = [0, 100, 300, 1000, 2000, 5000];

/// How long a process may take to stop when asked, before it is killed.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// The settings of these families are ours alone to give: what the caller's shell says must not reach a child.
const NOT_INHERITED: [&str; 5] = ["TEMPORAL_", "ORDER_", "VOUCHER_", "WORKER_", "LACADON_"];

/// A log that has grown beyond this is put aside at the next start; one older log is kept.
const LOG_LIMIT: u64 = 16 * 1024 * 1024;

/// How one process is run.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) env: BTreeMap<String, String>,
}

/// What can be asked of a process.
#[derive(Debug)]
pub(super) enum Order {
    Kill9(oneshot::Sender<anyhow::Result<u32>>),
    Signal(Signal, oneshot::Sender<anyhow::Result<()>>),
    Stop(oneshot::Sender<anyhow::Result<()>>),
    Start(oneshot::Sender<anyhow::Result<()>>),
    PauseRestarts(bool, oneshot::Sender<anyhow::Result<()>>),
    SetEnv(String, String, oneshot::Sender<anyhow::Result<()>>),
}

/// Something that happened to a process, for whoever watches.
#[derive(Debug, Clone)]
pub struct ProcessEvent {
    /// Its name.
    pub process: String,
    /// What happened.
    pub what: Happened,
}

/// What can happen to a process.
#[derive(Debug, Clone)]
pub enum Happened {
    /// It runs.
    Started {
        /// Its process id.
        pid: u32,
        /// How often it was started again.
        restarts: u32,
    },
    /// It ended by itself or by somebody else's hand.
    Died {
        /// As in `exit status: 1` or `signal: 9 (SIGKILL)`.
        how: String,
    },
    /// It could not be started, or the others could not be told.
    Failed {
        /// Why.
        why: String,
    },
}

/// The thread. Dropping it kills every process at once and waits for their end.
pub(super) struct Supervisor {
    abort: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Supervisor {
    /// Starts every process that is wanted (the `bool`).
    pub(super) fn start(
        parts: Vec<(Process, Part, mpsc::UnboundedReceiver<Order>, bool)>,
        run_file: Arc<RunFile>,
        events: broadcast::Sender<ProcessEvent>,
    ) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let abort = CancellationToken::new();
        let ending = abort.clone();
        let watch_all = async move {
            let mut all = tokio::task::JoinSet::new();
            for (process, part, orders, is_wanted) in parts {
                let supervised = Supervised {
                    shared: Arc::clone(&process.shared),
                    part,
                    run_file: Arc::clone(&run_file),
                    events: events.clone(),
                    child: None,
                    is_wanted,
                    is_paused: false,
                    short_lives: 0,
                    spawns: 0,
                    start_at: Some(Instant::now()),
                };
                all.spawn(supervised.run(orders, ending.clone()));
            }
            while all.join_next().await.is_some() {}
        };
        let thread = std::thread::Builder::new()
            .name("supervisor".into())
            .spawn(move || runtime.block_on(watch_all))
            .context("no thread for the supervisor")?;
        Ok(Self { abort, thread: Some(thread) })
    }
}

impl Supervisor {
    /// Kills whatever still runs, and waits for its end.
    pub(super) fn end(&mut self) {
        self.abort.cancel();
        if let Some(thread) = self.thread.take() {
            // A supervisor that panicked has dropped its children's pipes, and they end by that.
            let _ = thread.join();
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.end();
    }
}

struct Running {
    child: Child,
    pid: u32,
    born: Instant,
    /// Held open for as long as the child may live: its end tells the child that the launcher is gone.
    _pipe: Option<ChildStdin>,
}

struct Supervised {
    shared: Arc<Shared>,
    part: Part,
    run_file: Arc<RunFile>,
    events: broadcast::Sender<ProcessEvent>,
    child: Option<Running>,
    is_wanted: bool,
    is_paused: bool,
    short_lives: usize,
    spawns: u32,
    start_at: Option<Instant>,
}

impl Supervised {
    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>, abort: CancellationToken) {
        loop {
            let start_at = self.start_at.filter(|_| self.is_wanted && self.child.is_none());
            tokio::select! {
                biased;
                () = abort.cancelled() => return self.kill_for_good().await,
                how = end_of(&mut self.child) => self.on_death(how),
                () = instant(start_at) => self.spawn(),
                order = orders.recv() => match order {
                    Some(order) => self.obey(order).await,
                    None => return self.kill_for_good().await,
                },
            }
        }
    }

    async fn obey(&mut self, order: Order) {
        // Whoever asked may have stopped waiting for the answer; what was asked is done all the same.
        match order {
            Order::Kill9(reply) => drop(reply.send(self.kill9().await)),
            Order::Signal(signal, reply) => drop(reply.send(self.signal(signal))),
            Order::Stop(reply) => drop(reply.send(self.stop().await)),
            Order::Start(reply) => {
                self.is_wanted = true;
                self.is_paused = false;
                self.short_lives = 0;
                if self.child.is_none() {
                    self.spawn();
                }
                drop(
                    reply.send(self.child.as_ref().map(|_| ()).context("it could not be started")),
                );
            }
            Order::PauseRestarts(is_paused, reply) => {
                self.is_paused = is_paused;
                if !is_paused && self.child.is_none() {
                    self.start_at = Some(Instant::now());
                }
                drop(reply.send(Ok(())));
            }
            Order::SetEnv(name, value, reply) => {
                self.part.env.insert(name, value);
                drop(reply.send(Ok(())));
            }
        }
    }

    fn spawn(&mut self) {
        self.start_at = None;
        match self.try_spawn() {
            Ok(running) => {
                let pid = running.pid;
                self.child = Some(running);
                let restarts = self.spawns;
                self.spawns += 1;
                self.shared.set_running(pid, restarts);
                self.note(Some(pid), restarts);
                self.tell(Happened::Started { pid, restarts });
            }
            Err(e) => {
                self.shared.set_down(format!("{e:#}"));
                self.tell(Happened::Failed { why: format!("{e:#}") });
                self.start_again_later(Duration::ZERO);
            }
        }
    }

    fn try_spawn(&self) -> anyhow::Result<Running> {
        let log = open_log(&self.shared.log_path)?;
        let mut command = Command::new(&self.part.program);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if NOT_INHERITED.iter().any(|family| text.starts_with(family)) {
                command.env_remove(&name);
            }
        }
        command
            .args(&self.part.arguments)
            .envs(&self.part.env)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log);
        let mut child = command
            .spawn()
            .with_context(|| format!("{} cannot be run", self.part.program.display()))?;
        let pid = child.id().context("it has no pid")?;
        // Taken out: `wait` would close it.
        let pipe = child.stdin.take();
        Ok(Running { child, pid, born: Instant::now(), _pipe: pipe })
    }

    fn on_death(&mut self, how: std::io::Result<ExitStatus>) {
        let how = how.map_or_else(|e| e.to_string(), |status| status.to_string());
        let lived = self.child.take().map_or(Duration::ZERO, |running| running.born.elapsed());
        self.shared.set_down(how.clone());
        self.tell(Happened::Died { how });
        self.start_again_later(lived);
    }

    fn start_again_later(&mut self, lived: Duration) {
        self.short_lives = if lived < SHORT_LIFE { self.short_lives + 1 } else { 0 };
        let step = self.short_lives.saturating_sub(1).min(BACK_OFF_MS.len() - 1);
        let pause = BACK_OFF_MS.get(step).copied().unwrap_or_default();
        self.start_at = (!self.is_paused).then(|| Instant::now() + Duration::from_millis(pause));
    }

    async fn kill9(&mut self) -> anyhow::Result<u32> {
        let running = self.child.as_mut().context("it is not running")?;
        let pid = running.pid;
        running.child.start_kill()?;
        let how = running.child.wait().await;
        self.on_death(how);
        Ok(pid)
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let running = self.child.as_ref().context("it is not running")?;
        // Our child, not yet waited for: the number names it and nobody else.
        let pid = i32::try_from(running.pid).ok().and_then(Pid::from_raw).context("not a pid")?;
        kill_process(pid, signal)?;
        Ok(())
    }

    /// Asks it to stop, and kills it when it does not.
    async fn stop(&mut self) -> anyhow::Result<()> {
        self.is_wanted = false;
        if self.child.is_none() {
            return Ok(());
        }
        // A process that was suspended would never hear the request.
        self.signal(Signal::CONT)?;
        self.signal(Signal::TERM)?;
        let running = self.child.as_mut().context("it is not running")?;
        let ended = tokio::time::timeout(GRACE, running.child.wait()).await;
        if ended.is_err() {
            running.child.start_kill()?;
            running.child.wait().await?;
        }
        self.child = None;
        self.shared.set_down("stopped".into());
        self.note(None, self.spawns.saturating_sub(1));
        if ended.is_err() {
            bail!("it did not stop within {} s and was killed", GRACE.as_secs());
        }
        Ok(())
    }

    async fn kill_for_good(mut self) {
        if let Some(running) = &mut self.child {
            // Only a process that has ended already cannot be killed or waited for.
            let _ = running.child.kill().await;
        }
        self.shared.set_down("stopped".into());
    }

    fn note(&self, pid: Option<u32>, restarts: u32) {
        if let Err(e) = self.run_file.note(&self.shared.name, pid, restarts) {
            self.tell(Happened::Failed { why: format!("{e:#}") });
        }
    }

    fn tell(&self, what: Happened) {
        // Nobody may be listening.
        let _ = self.events.send(ProcessEvent { process: self.shared.name.clone(), what });
    }
}

/// The end of the child; for ever where there is none.
async fn end_of(child: &mut Option<Running>) -> std::io::Result<ExitStatus> {
    match child {
        Some(running) => running.child.wait().await,
        None => std::future::pending().await,
    }
}

async fn instant(when: Option<Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when.into()).await,
        None => std::future::pending().await,
    }
}

fn open_log(path: &std::path::Path) -> anyhow::Result<File> {
    let open = || -> std::io::Result<File> {
        if std::fs::metadata(path).is_ok_and(|file| file.len() > LOG_LIMIT) {
            std::fs::rename(path, path.with_extension("log.1"))?;
        }
        File::options().create(true).append(true).open(path)
    };
    open().with_context(|| format!("the log {} cannot be written", path.display()))
}

#[cfg(test)]
mod tests;
