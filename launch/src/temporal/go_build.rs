//! Builds the pinned Temporal program with Go, once per user and machine.
//!
//! The file appears under its name only when it is whole and has answered: it is built under another name, tried,
//! flushed and renamed. A file lock lets one build at a time do so; who waited finds the program made.

use super::{
    Build, Origin, PINNED_CLI, TemporalCli, ask_version, in_cache, is_executable, when_written,
};
use crate::progress::{Display, Stage};
use anyhow::{Context, bail};
use std::fs::{self, File, TryLockError};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// After a build that failed, so many of its last lines are shown.
const LAST_LINES: usize = 20;

impl Build {
    /// Builds it, or waits for whoever builds it already.
    ///
    /// # Errors
    /// When Go cannot build it; the message holds Go's words.
    pub fn run(&self, display: &Display) -> anyhow::Result<TemporalCli> {
        let cache = self.cache.display();
        fs::create_dir_all(&self.cache).with_context(|| format!("{cache} cannot be made"))?;
        let stage = display.stage("building the Temporal server (once, about four minutes)");
        let lock = File::create(self.cache.join("lock"))
            .with_context(|| format!("{cache} cannot be written"))?;
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            stage.set_now("waiting for another build of it to end");
        }
        lock.lock().with_context(|| format!("{cache}/lock cannot be locked"))?;
        if let Some(made_by_another) = in_cache(&self.cache) {
            return Ok(made_by_another);
        }
        self.clear_leftovers()?;
        let unfinished = self.cache.join(format!("temporal.{}.building", std::process::id()));
        let built = self.go_build(&unfinished, &stage).and_then(|()| self.keep(&unfinished));
        if built.is_err() {
            // What matters is why the build failed, not that its leftover may stay.
            let _ = fs::remove_file(&unfinished);
        }
        built
    }

    /// Whoever left these behind no longer holds the lock.
    fn clear_leftovers(&self) -> anyhow::Result<()> {
        for entry in fs::read_dir(&self.cache)?.flatten() {
            if entry.file_name().to_string_lossy().ends_with(".building") {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn go_build(&self, output: &Path, stage: &Stage) -> anyhow::Result<()> {
        let version =
            format!("-s -w -X github.com/temporalio/cli/internal/temporalcli.Version={PINNED_CLI}");
        stage.set_now("go build");
        let mut command = Command::new(&self.go);
        command
            .current_dir(&self.module)
            .args(["build", "-v", "-trimpath", "-ldflags", &version, "-o"])
            .arg(output)
            .arg("github.com/temporalio/cli/cmd/temporal")
            .env("GOWORK", "off")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut go = when_written(|| command.spawn())
            .with_context(|| format!("{} cannot be run", self.go.display()))?;
        let mut said = Vec::new();
        let mut packages = 0;
        for line in go.stderr.take().map(BufReader::new).into_iter().flat_map(BufRead::lines) {
            let line = line?;
            if !line.contains(' ') {
                packages += 1;
                stage.set_done(packages);
            }
            stage.set_now(&line);
            said.push(line);
        }
        let status = go.wait()?;
        if !status.success() {
            let last = said.split_off(said.len().saturating_sub(LAST_LINES)).join("\n");
            bail!(
                "`go build` of the Temporal server in {} failed ({status}):\n{last}",
                self.module.display()
            );
        }
        Ok(())
    }

    fn keep(&self, unfinished: &Path) -> anyhow::Result<TemporalCli> {
        if !is_executable(unfinished) {
            bail!("`go build` said nothing was wrong, but made no program");
        }
        let built = ask_version(unfinished, Origin::Built)?;
        File::open(unfinished)?.sync_all()?;
        let path = self.cache.join("temporal");
        fs::rename(unfinished, &path)?;
        Ok(TemporalCli { path, ..built })
    }
}
