//! `replay`: recorded histories against today's processes. The worker knows them; it does the work.

use crate::exit::Wrong;
use anyhow::Context;
use launch::build::Binaries;
use std::path::PathBuf;
use std::process::Command;

/// Which histories.
#[derive(Debug, clap::Args)]
pub struct Replay {
    /// Histories as `temporal workflow show -o json` prints them or the Web UI exports them.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Replay {
    /// Replays them and says of each whether today's code would do the same.
    ///
    /// # Errors
    /// When one does not replay, which the worker has said, or the worker cannot be run.
    pub fn run(self) -> anyhow::Result<()> {
        let worker = Binaries::beside_this_program()?.worker;
        let replayed = Command::new(&worker)
            .arg("replay")
            .args(self.files)
            .status()
            .with_context(|| format!("cannot run {}", worker.display()))?;
        if replayed.success() { Ok(()) } else { Err(Wrong.into()) }
    }
}
