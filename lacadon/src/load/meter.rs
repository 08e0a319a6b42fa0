//! What each process of a running system uses: processor time and memory, as the operating system counts them.
//!
//! A database server counts as one, with all that it has started; what of it has ended by a look is not seen any more.

use crate::crash::lab::Lab;
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System as Machine};
use tokio_util::sync::CancellationToken;

/// Between two looks at the memory.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What one process used.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Usage {
    /// Processor time, in seconds.
    pub cpu_s: f64,
    /// The most memory that was seen resident, in MiB.
    pub rss_mib: f64,
}

/// Looks at the processes of a system.
#[derive(Debug)]
pub struct Meter {
    machine: Machine,
    /// Name and process; of a database server the one that started all others.
    watched: Vec<(String, Pid)>,
    begun: BTreeMap<String, Duration>,
    most_memory: BTreeMap<String, u64>,
}

/// Processor time and bytes of memory.
type Look = BTreeMap<String, (Duration, u64)>;

impl Meter {
    /// From now on. `others` are processes that are not the system's own, by name.
    #[must_use]
    pub fn start(lab: &Lab, others: &[(&str, u32)]) -> Self {
        let own = lab.processes();
        let own =
            own.iter().filter_map(|process| Some((process.name().to_owned(), process.pid()?)));
        let database = lab.database_server().map(|pid| ("postgresql".to_owned(), pid));
        let others = others.iter().map(|(name, pid)| ((*name).to_owned(), *pid));
        let watched = own.chain(database).chain(others);
        let mut meter = Self {
            machine: Machine::new(),
            watched: watched.map(|(name, pid)| (name, Pid::from_u32(pid))).collect(),
            begun: BTreeMap::new(),
            most_memory: BTreeMap::new(),
        };
        meter.begun = meter.look().into_iter().map(|(name, (cpu, _))| (name, cpu)).collect();
        meter
    }

    /// Looks at the memory until told to stop, then says what each process has used since the start.
    pub async fn watch(mut self, stop: CancellationToken) -> BTreeMap<String, Usage> {
        loop {
            let look = self.look();
            for (name, (_, memory)) in &look {
                let most = self.most_memory.entry(name.clone()).or_default();
                *most = (*most).max(*memory);
            }
            if stop.is_cancelled() {
                return self.used(look);
            }
            stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await;
        }
    }

    fn used(&self, look: Look) -> BTreeMap<String, Usage> {
        let used = |(name, (cpu, _)): (String, (Duration, u64))| {
            let begun = self.begun.get(&name).copied().unwrap_or_default();
            let memory = self.most_memory.get(&name).copied().unwrap_or_default();
            let cpu_s = cpu.saturating_sub(begun).as_secs_f64();
            (name, Usage { cpu_s, rss_mib: mib(memory) })
        };
        look.into_iter().map(used).collect()
    }

    fn look(&mut self) -> Look {
        let kind = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
        self.machine.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
        let look = |(name, pid): &(String, Pid)| {
            let each = self.with_children(*pid).into_iter();
            let each = each.filter_map(|pid| self.machine.process(pid));
            let sum = each.fold((Duration::ZERO, 0), |(cpu, memory), process| {
                let spent = Duration::from_millis(process.accumulated_cpu_time());
                (cpu + spent, memory + process.memory())
            });
            (name.clone(), sum)
        };
        self.watched.iter().map(look).collect()
    }

    /// A process and all that it has started, directly or not.
    fn with_children(&self, root: Pid) -> HashSet<Pid> {
        let mut family = HashSet::from([root]);
        loop {
            let processes = self.machine.processes().iter();
            let born = processes.filter(|(pid, process)| {
                !family.contains(*pid) && process.parent().is_some_and(|pid| family.contains(&pid))
            });
            let born: Vec<Pid> = born.map(|(pid, _)| *pid).collect();
            if born.is_empty() {
                return family;
            }
            family.extend(born);
        }
    }
}

/// To the KiB, as far as a process of this century goes.
fn mib(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1024).unwrap_or(u32::MAX)) / 1024.0
}
