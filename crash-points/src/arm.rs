//! How a point is armed from outside: a file of its name in the folder that `LACADON_CRASH_DIR` names.
//!
//! Whoever comes by first claims it by renaming it, so that of several processes one fires, once; what it writes into
//! `<point>.hit` before it dies says who it was and when. A point whose file is gone is not armed.

use crate::{Moment, Point, Step};
use std::io;
use std::path::{Path, PathBuf};

/// What a process left behind that came by an armed point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Its process id.
    pub pid: u32,
    /// When, milliseconds since 1970.
    pub at_ms: u64,
}

/// Arms a point: the next process that comes by and looks into this folder fires it.
///
/// # Errors
/// When the file cannot be made.
pub fn arm(folder: &Path, point: &Point) -> io::Result<()> {
    let _ = std::fs::remove_file(hit_file(folder, point));
    std::fs::write(armed_file(folder, point), "")
}

/// Disarms a point that was not hit.
pub fn disarm(folder: &Path, point: &Point) {
    let _ = std::fs::remove_file(armed_file(folder, point));
}

/// Who hit the point since it was armed, if anybody did.
#[must_use]
pub fn hit(folder: &Path, point: &Point) -> Option<Hit> {
    let text = std::fs::read_to_string(hit_file(folder, point)).ok()?;
    let (pid, at_ms) = text.trim().split_once(' ')?;
    Some(Hit { pid: pid.parse().ok()?, at_ms: at_ms.parse().ok()? })
}

fn armed_file(folder: &Path, point: &Point) -> PathBuf {
    folder.join(point.to_string())
}

fn hit_file(folder: &Path, point: &Point) -> PathBuf {
    folder.join(format!("{point}.hit"))
}

/// Whether the point was armed, and is claimed by this process now.
#[cfg(debug_assertions)]
pub(crate) fn is_hit(step: &Step, moment: Moment) -> bool {
    use std::sync::LazyLock;
    static FOLDER: LazyLock<Option<PathBuf>> =
        LazyLock::new(|| std::env::var_os(crate::CRASH_DIR).map(PathBuf::from));
    FOLDER.as_ref().is_some_and(|folder| claim(folder, &format!("{}.{moment}", step.name)))
}

/// Nothing can be armed in a build for release.
#[cfg(not(debug_assertions))]
#[inline]
pub(crate) fn is_hit(_: &Step, _: Moment) -> bool {
    false
}

/// The rename decides who fires; the second one shows a hit only when it is written.
#[cfg(debug_assertions)]
fn claim(folder: &Path, name: &str) -> bool {
    use std::io::Write as _;
    use std::time::{SystemTime, UNIX_EPOCH};
    let claimed = folder.join(format!("{name}.claimed"));
    if std::fs::rename(folder.join(name), &claimed).is_err() {
        return false;
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (pid, at_ms) = (std::process::id(), since.as_millis());
    let _ = std::fs::write(&claimed, format!("{pid} {at_ms}\n"));
    let _ = std::fs::rename(&claimed, folder.join(format!("{name}.hit")));
    let _ = writeln!(std::io::stderr(), "process {pid} came by the armed crash point {name}");
    true
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::*;
    use crate::{VOUCHER_API_ISSUE_VOUCHER, points};

    fn issued() -> Point {
        Point { step: &VOUCHER_API_ISSUE_VOUCHER, moment: Moment::After }
    }

    #[test]
    fn an_armed_point_is_hit_once_and_says_by_whom() {
        let folder = tempfile::tempdir().expect("a folder");
        let point = issued();

        arm(folder.path(), &point).expect("armed");
        assert_eq!(hit(folder.path(), &point), None);
        assert!(claim(folder.path(), &point.to_string()));

        let hit = hit(folder.path(), &point).expect("hit");
        assert_eq!(hit.pid, std::process::id());
        assert!(!claim(folder.path(), &point.to_string()), "it fired twice");
    }

    #[test]
    fn a_point_that_is_not_armed_or_disarmed_again_is_passed_by() {
        let folder = tempfile::tempdir().expect("a folder");
        let point = issued();

        assert!(!claim(folder.path(), &point.to_string()));
        arm(folder.path(), &point).expect("armed");
        disarm(folder.path(), &point);

        assert!(!claim(folder.path(), &point.to_string()));
        assert_eq!(hit(folder.path(), &point), None);
    }

    #[test]
    fn of_many_who_come_by_at_once_one_fires() {
        let folder = tempfile::tempdir().expect("a folder");
        for point in points() {
            arm(folder.path(), &point).expect("armed");
            let name = point.to_string();

            let fired = std::thread::scope(|scope| {
                let came_by = [(); 4].map(|()| scope.spawn(|| claim(folder.path(), &name)));
                came_by
                    .map(|one| one.join().expect("it came by"))
                    .iter()
                    .filter(|hit| **hit)
                    .count()
            });

            assert_eq!(fired, 1, "{name}");
        }
    }
}
