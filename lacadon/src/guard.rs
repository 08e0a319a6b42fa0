//! `lacadon guard -- PROGRAM ARGS…` (hidden): runs a foreign program so that it never outlives whoever started it.
//!
//! Our own processes stop when their standard input ends (`EXIT_WITH_STDIN`); a foreign program does not know that
//! custom. Nothing stands between launcher and program, so there is nothing in between that could be killed: the guard
//! *becomes* the program, whose process id is therefore the one that the launcher got.
//!
//! - On Linux the kernel is asked first to kill this process when its parent dies; that survives the exec.
//! - Elsewhere a watcher is started first. It holds the reading end of the launcher's pipe and kills its own parent,
//!   the program, when the pipe ends.

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, getppid, kill_process};
use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// What to run, and on whose behalf.
#[derive(Debug, clap::Args)]
pub struct Guard {
    /// The launcher: if it is no longer this process's parent, it died before the guard was up.
    #[arg(long)]
    parent: u32,
    /// Watch the launcher's pipe, as where the kernel cannot be asked.
    #[arg(long)]
    by_pipe: bool,
    /// Be the watcher of this process.
    #[arg(long, conflicts_with = "program")]
    watch: Option<u32>,
    /// The program and its arguments.
    #[arg(last = true)]
    program: Vec<OsString>,
}

impl Guard {
    /// Becomes the program, or watches over it. Returns only if that failed, or when there is nothing left to watch.
    ///
    /// # Errors
    /// When the launcher is gone already, or the program cannot be run.
    pub fn run(self) -> anyhow::Result<()> {
        if let Some(watched) = self.watch {
            return watch(watched);
        }
        let (program, arguments) = self.program.split_first().context("there is nothing to run")?;
        if self.by_pipe || !dies_with_its_parent()? {
            start_watcher()?;
        }
        // Asked for after the arrangements: a launcher that died before them would never be noticed.
        if parent() != Some(self.parent) {
            bail!("the launcher (pid {}) is gone", self.parent);
        }
        let refused = Command::new(program).args(arguments).stdin(Stdio::null()).exec();
        Err(refused).with_context(|| format!("{} cannot be run", program.display()))
    }
}

#[cfg(target_os = "linux")]
fn dies_with_its_parent() -> anyhow::Result<bool> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .context("the kernel does not tell of a parent's death")?;
    Ok(true)
}

#[cfg(not(target_os = "linux"))]
fn dies_with_its_parent() -> anyhow::Result<bool> {
    Ok(false)
}

fn parent() -> Option<u32> {
    getppid().and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok())
}

/// The watcher inherits standard input, the launcher's pipe.
fn start_watcher() -> anyhow::Result<()> {
    let own_pid = std::process::id().to_string();
    Command::new(std::env::current_exe()?)
        .args(["guard", "--parent", &own_pid, "--watch", &own_pid])
        .stdin(Stdio::inherit())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("the watcher cannot be run")?;
    Ok(())
}

/// Waits for the end of the pipe, then kills the watched process if it is still there: as long as it is this one's
/// parent its number cannot name another process.
fn watch(watched: u32) -> anyhow::Result<()> {
    // A pipe that fails has ended as well.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    if parent() == Some(watched) {
        let pid = i32::try_from(watched).ok().and_then(Pid::from_raw).context("not a pid")?;
        kill_process(pid, Signal::KILL)?;
    }
    Ok(())
}
