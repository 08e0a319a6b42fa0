//! `<data dir>/run.json`: where the running system is, for the other commands and for scripts.
//!
//! Written whole or not at all, at every change, and removed when the system stops.

use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The name of the file in the data directory.
pub const RUN_FILE: &str = "run.json";

/// What `run.json` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The Temporal server.
    pub temporal: RunningTemporal,
    /// Every process that the launcher keeps up.
    pub processes: Vec<RunningProcess>,
    /// Role to the file that holds its secret.
    pub keys: BTreeMap<String, PathBuf>,
}

/// Where the Temporal server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningTemporal {
    /// As in `temporal --address`.
    pub address: String,
    /// The Web UI; absent where a foreign server's is not known.
    pub ui: Option<String>,
}

/// One process of the system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningProcess {
    /// As in `order-api`.
    pub name: String,
    /// Absent while it was stopped on purpose.
    pub pid: Option<u32>,
    /// A URL; for the Temporal server host and port.
    pub address: String,
    /// How often it was started again.
    pub restarts: u32,
}

impl Running {
    /// What the file in `data_dir` says, `None` if there is none: nothing is running there.
    ///
    /// # Errors
    /// When it cannot be read or is not such a file.
    pub fn read(data_dir: &Path) -> anyhow::Result<Option<Self>> {
        let path = data_dir.join(RUN_FILE);
        match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text)
                .map(Some)
                .with_context(|| format!("{} is not a file of ours", path.display())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e).with_context(|| format!("{} cannot be read", path.display())),
        }
    }

    /// The address of a process.
    #[must_use]
    pub fn address(&self, name: &str) -> Option<&str> {
        self.processes.iter().find(|p| p.name == name).map(|p| p.address.as_str())
    }
}

/// The file while its system runs.
#[derive(Debug)]
pub(super) struct RunFile {
    path: PathBuf,
    running: Mutex<Running>,
}

impl RunFile {
    pub(super) fn new(data_dir: &Path, running: Running) -> Self {
        Self { path: data_dir.join(RUN_FILE), running: Mutex::new(running) }
    }

    /// Notes that a process was started (again) or stopped on purpose.
    pub(super) fn note(&self, name: &str, pid: Option<u32>, restarts: u32) -> anyhow::Result<()> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(process) = running.processes.iter_mut().find(|p| p.name == name) {
            process.pid = pid;
            process.restarts = restarts;
        }
        // Under the lock: of two changes at once the later one must also be written later.
        self.write(&running)
    }

    fn write(&self, running: &Running) -> anyhow::Result<()> {
        let unfinished = self.path.with_extension("json.new");
        let write = || -> anyhow::Result<()> {
            fs::write(&unfinished, format!("{}\n", serde_json::to_string_pretty(running)?))?;
            fs::rename(&unfinished, &self.path)?;
            Ok(())
        };
        write().with_context(|| format!("{} cannot be written", self.path.display()))
    }

    pub(super) fn remove(&self) {
        // A file that is gone already is as it should be; one that cannot be removed is stale and known by its pids.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running() -> Running {
        Running {
            temporal: RunningTemporal {
                address: "127.0.0.1:7233".into(),
                ui: Some("http://127.0.0.1:8233".into()),
            },
            processes: vec![RunningProcess {
                name: "order-api".into(),
                pid: Some(1),
                address: "http://127.0.0.1:8081".into(),
                restarts: 0,
            }],
            keys: BTreeMap::from([("shop".into(), "/data/keys/shop.key".into())]),
        }
    }

    #[test]
    fn the_file_has_the_shape_that_scripts_rely_on() {
        let golden = r#"{"temporal":{"address":"127.0.0.1:7233","ui":"http://127.0.0.1:8233"},"processes":[{"name":"order-api","pid":1,"address":"http://127.0.0.1:8081","restarts":0}],"keys":{"shop":"/data/keys/shop.key"}}"#;

        assert_eq!(serde_json::to_string(&running()).expect("json"), golden);
    }

    #[test]
    fn a_restart_is_in_the_file_at_once_and_the_end_takes_it_away() {
        let data_dir = tempfile::tempdir().expect("a folder");
        let file = RunFile::new(data_dir.path(), running());

        file.note("order-api", Some(2), 1).expect("written");

        let read = Running::read(data_dir.path()).expect("readable").expect("there");
        assert_eq!(read.processes.first().map(|p| (p.pid, p.restarts)), Some((Some(2), 1)));

        file.remove();

        assert_eq!(Running::read(data_dir.path()).expect("readable"), None);
    }

    #[test]
    fn whoever_reads_while_it_is_rewritten_sees_a_whole_file() {
        let data_dir = tempfile::tempdir().expect("a folder");
        let file = RunFile::new(data_dir.path(), running());
        file.note("order-api", Some(1), 0).expect("written");

        std::thread::scope(|scope| {
            scope.spawn(|| {
                for pid in 1..200 {
                    file.note("order-api", Some(pid), pid).expect("written");
                }
            });
            for _ in 0..200 {
                Running::read(data_dir.path()).expect("whole").expect("there");
            }
        });
    }
}
