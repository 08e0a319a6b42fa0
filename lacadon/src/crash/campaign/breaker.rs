//! Does to the laboratory what the schedule says, and counts it.
//!
//! A process that is down when it is to be killed is killed as soon as it runs again; two faults on one wire come one
//! after the other. So every fault of the schedule happens.

use super::super::lab::{Lab, Wire};
use super::super::proxy::{Effect, Proxy};
use super::super::recovery::Ended;
use super::super::schedule::{Due, Fault};
use crate::system::Process;
use anyhow::Context;
use futures::future::try_join_all;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// A process that was killed is up again within seconds; one that stays down for longer than this will not be.
const RUNS_WITHIN: Duration = Duration::from_secs(60);

/// Between two tries to kill a process that does not run.
const TRY_EVERY: Duration = Duration::from_millis(50);

/// What was broken.
#[derive(Debug, Clone)]
pub(super) struct Broken {
    pub(super) kills: BTreeMap<String, u32>,
    pub(super) network: BTreeMap<Effect, u32>,
    /// How many messages and connections each effect has hit.
    pub(super) hits: BTreeMap<Effect, u64>,
    pub(super) database_restarts: u32,
    /// When the last fault ended; where there was none, when everybody was answered.
    pub(super) last_fault: Instant,
    /// When everybody was answered.
    pub(super) answered: Instant,
}

#[derive(Debug, Default)]
struct Done {
    kills: BTreeMap<String, u32>,
    network: BTreeMap<Effect, u32>,
    database_restarts: u32,
    last: Option<Instant>,
}

/// Breaks things.
pub(super) struct Breaker<'a> {
    lab: &'a Lab,
    processes: BTreeMap<String, (Process, tokio::sync::Mutex<()>)>,
    wires: BTreeMap<Wire, tokio::sync::Mutex<()>>,
    felt: mpsc::UnboundedSender<Ended>,
    done: Mutex<Done>,
}

impl<'a> Breaker<'a> {
    pub(super) fn of(lab: &'a Lab, felt: mpsc::UnboundedSender<Ended>) -> anyhow::Result<Self> {
        let named = |process: Process| {
            (process.name().to_owned(), (process, tokio::sync::Mutex::default()))
        };
        Ok(Self {
            lab,
            processes: lab.processes().into_iter().map(named).collect(),
            wires: lab.proxies().map(|(wire, _)| (wire, tokio::sync::Mutex::default())).collect(),
            felt,
            done: Mutex::default(),
        })
    }

    /// Does all of it, each thing when it is due.
    pub(super) async fn break_all(
        &self,
        schedule: Vec<Due>,
        begun: &watch::Receiver<u64>,
    ) -> anyhow::Result<()> {
        let broken = schedule.into_iter().map(|due| self.break_when_due(due, begun.clone()));
        try_join_all(broken).await.map(drop)
    }

    async fn break_when_due(
        &self,
        due: Due,
        mut begun: watch::Receiver<u64>,
    ) -> anyhow::Result<()> {
        begun
            .wait_for(|begun| *begun >= due.order)
            .await
            .context("the load ended before its time")?;
        tokio::time::sleep(due.after).await;
        match due.fault {
            Fault::Kill(name) => self.kill(&name).await,
            Fault::Network { wire, effect, lasts } => self.disturb(wire, effect, lasts).await,
            Fault::Database => self.crash_database().await,
        }
    }

    async fn kill(&self, name: &str) -> anyhow::Result<()> {
        let (process, one_at_a_time) =
            self.processes.get(name).with_context(|| format!("no process is named {name}"))?;
        let _turn = one_at_a_time.lock().await;
        let give_up = Instant::now() + RUNS_WITHIN;
        loop {
            match process.kill9().await {
                Ok(_) => break,
                Err(error) if Instant::now() > give_up => return Err(error),
                Err(_) => tokio::time::sleep(TRY_EVERY).await,
            }
        }
        self.note(format!("kill {name}"), |done| {
            *done.kills.entry(name.to_owned()).or_default() += 1;
        });
        Ok(())
    }

    async fn disturb(&self, wire: Wire, effect: Effect, lasts: Duration) -> anyhow::Result<()> {
        let proxy = self.lab.proxy(wire).with_context(|| format!("nothing is on {wire}"))?;
        let _turn = match self.wires.get(&wire) {
            Some(one_at_a_time) => Some(one_at_a_time.lock().await),
            None => None,
        };
        let _ends = EndsWhenDropped(proxy);
        proxy.begin(effect);
        tokio::time::sleep(lasts).await;
        proxy.end();
        self.note(effect.to_string(), |done| *done.network.entry(effect).or_default() += 1);
        Ok(())
    }

    async fn crash_database(&self) -> anyhow::Result<()> {
        if self.lab.crash_database().await? {
            self.note("database".to_owned(), |done| done.database_restarts += 1);
        }
        Ok(())
    }

    fn note(&self, kind: String, count: impl FnOnce(&mut Done)) {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        count(&mut done);
        done.last = Some(Instant::now());
        // Who measures may have stopped.
        let _ = self.felt.send(Ended::now(kind));
    }

    /// How much is broken so far, for people.
    pub(super) fn told(&self) -> String {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let (kills, network) =
            (done.kills.values().sum::<u32>(), done.network.values().sum::<u32>());
        format!(
            "{kills} kills, {network} faults of the network, {} database restarts",
            done.database_restarts
        )
    }

    pub(super) fn broken(&self, answered: Instant) -> Broken {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let mut hits = BTreeMap::new();
        for (effect, count) in self.lab.proxies().flat_map(|(_, proxy)| proxy.hits()) {
            *hits.entry(effect).or_default() += count;
        }
        Broken {
            kills: done.kills.clone(),
            network: done.network.clone(),
            hits,
            database_restarts: done.database_restarts,
            last_fault: done.last.unwrap_or(answered),
            answered,
        }
    }
}

/// A fault that is abandoned in its middle ends too.
struct EndsWhenDropped<'a>(&'a Proxy);

impl Drop for EndsWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}
