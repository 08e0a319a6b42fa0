//! One launcher per data directory: a locked file says who holds it, and the lock ends with that process, however it ends.

use anyhow::{Context, bail};
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// A data directory that is ours until this is dropped.
#[derive(Debug)]
pub(super) struct DataDirLock {
    _file: File,
}

impl DataDirLock {
    pub(super) fn take(data_dir: &Path) -> anyhow::Result<Self> {
        let shown = data_dir.display();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(data_dir)
            .with_context(|| format!("the data directory {shown} cannot be made"))?;
        let path = data_dir.join("lock");
        let mut file = File::options()
            .create(true)
            .read(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("{} cannot be written", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = fs::read_to_string(&path).unwrap_or_default();
                bail!(
                    "a system is already running on {shown}: {}. Its addresses are in {}. Stop it (Ctrl-C where it \
                     runs, or `kill` with that pid), or run another one with --data-dir and --port-base.",
                    holder.trim(),
                    data_dir.join("run.json").display()
                );
            }
            Err(TryLockError::Error(e)) => {
                return Err(e).with_context(|| format!("{} cannot be locked", path.display()));
            }
        }
        file.set_len(0)?;
        writeln!(
            file,
            "pid {}, since {}",
            std::process::id(),
            jiff::Timestamp::now().strftime("%F %T UTC")
        )?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_launcher_on_the_same_data_is_told_who_runs_and_where() {
        let data_dir = tempfile::tempdir().expect("a folder");
        let _first = DataDirLock::take(data_dir.path()).expect("ours");

        let refused = DataDirLock::take(data_dir.path()).expect_err("taken").to_string();

        assert!(refused.contains(&format!("pid {}", std::process::id())), "{refused}");
        assert!(refused.contains(&data_dir.path().display().to_string()), "{refused}");
        assert!(refused.contains("run.json"), "{refused}");
    }

    #[test]
    fn data_is_free_again_once_its_launcher_is_gone() {
        let data_dir = tempfile::tempdir().expect("a folder");

        drop(DataDirLock::take(data_dir.path()).expect("ours"));

        DataDirLock::take(data_dir.path()).expect("ours again");
    }
}
