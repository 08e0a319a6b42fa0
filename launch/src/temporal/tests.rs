//! Where a Temporal server is looked for, with programs made up for the occasion.

use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

const GOOD: &str = "temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)";
const OLD: &str = "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)";

/// A machine of its own: one folder on PATH, one cache, nothing else.
struct Machine {
    folder: TempDir,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("bin")).expect("a folder");
        Self { folder }
    }

    fn file(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings {
            named: None,
            path: vec![self.file("bin")],
            cache: Some(self.file("cache")),
            module: self.folder.path().to_path_buf(),
        }
    }

    fn has_temporal(&self, path: &str, says: &str) -> PathBuf {
        self.has_program(path, &format!("echo '{says}'"))
    }

    /// A Go that takes a moment and writes a `temporal` which says `says` to the file after `-o`; it counts its builds.
    fn has_go(&self, says: &str) {
        let builds = self.file("builds");
        self.has_program(
            "bin/go",
            &format!(
                "echo one >> {builds}\nwhile [ \"$1\" != -o ]; do shift; done\n\
                 printf '#!/bin/sh\\necho \"{says}\"\\n' > \"$2\"\n/bin/chmod 755 \"$2\"\necho some/package >&2",
                builds = builds.display()
            ),
        );
    }

    fn builds(&self) -> usize {
        fs::read_to_string(self.file("builds")).map_or(0, |text| text.lines().count())
    }

    fn has_program(&self, path: &str, script: &str) -> PathBuf {
        let path = self.file(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
        path
    }

    fn locate(&self) -> anyhow::Result<TemporalCli> {
        locate_in(&self.surroundings(), &Display::plain())
    }
}

#[test]
fn a_program_that_is_named_wins_over_all_others() {
    let machine = Machine::new();
    machine.has_temporal("bin/temporal", GOOD);
    let named = machine.has_temporal("mine", GOOD);

    let surroundings = Surroundings { named: Some(named.clone()), ..machine.surroundings() };
    let found = locate_in(&surroundings, &Display::plain()).expect("found");

    assert_eq!((found.path, found.origin), (named, Origin::Named));
}

#[test]
fn a_name_that_leads_nowhere_is_an_error_and_not_passed_over() {
    let machine = Machine::new();
    machine.has_temporal("bin/temporal", GOOD);

    let surroundings =
        Surroundings { named: Some("/nowhere/temporal".into()), ..machine.surroundings() };
    let refused = locate_in(&surroundings, &Display::plain()).expect_err("there is no such file");

    assert!(format!("{refused:#}").contains("/nowhere/temporal"), "{refused:#}");
}

#[test]
fn the_program_on_path_is_taken_if_its_version_will_do() {
    let machine = Machine::new();
    machine.has_temporal("bin/temporal", GOOD);

    let found = machine.locate().expect("found");

    assert_eq!(found.origin, Origin::OnPath);
    assert_eq!(found.server_version, Version::new(1, 31, 2));
}

#[test]
fn a_program_on_path_that_is_too_old_is_passed_over_for_the_cached_one() {
    let machine = Machine::new();
    machine.has_temporal("bin/temporal", OLD);
    machine.has_temporal("cache/temporal", GOOD);

    let found = machine.locate().expect("found");

    assert_eq!((found.path, found.origin), (machine.file("cache/temporal"), Origin::Cached));
}

#[test]
fn the_pinned_version_is_built_once_and_kept() {
    let machine = Machine::new();
    machine.has_go(GOOD);

    let first = machine.locate().expect("built");
    let second = machine.locate().expect("found");

    assert_eq!((first.origin, second.origin), (Origin::Built, Origin::Cached));
    assert_eq!(first.path, second.path);
    assert_eq!(machine.builds(), 1);
}

#[test]
fn two_who_need_it_at_once_build_it_once() {
    let machine = Machine::new();
    machine.has_go(GOOD);

    std::thread::scope(|scope| {
        let both = [scope.spawn(|| machine.locate()), scope.spawn(|| machine.locate())];
        for one in both {
            one.join().expect("no panic").expect("found or built");
        }
    });

    assert_eq!(machine.builds(), 1);
}

#[test]
fn half_a_file_in_the_cache_is_built_again() {
    let machine = Machine::new();
    machine.has_go(GOOD);
    machine.has_temporal("cache/temporal", "");
    fs::write(machine.file("cache/temporal.1.building"), "left over").expect("written");

    let found = machine.locate().expect("built");

    assert_eq!(found.origin, Origin::Built);
    assert!(!machine.file("cache/temporal.1.building").exists());
}

#[test]
fn a_build_that_fails_tells_the_words_of_go_and_leaves_nothing() {
    let machine = Machine::new();
    machine.has_program("bin/go", "echo 'go: no network today' >&2; exit 1");

    let refused = machine.locate().expect_err("the build fails");

    assert!(format!("{refused:#}").contains("no network today"), "{refused:#}");
    assert!(!machine.file("cache/temporal").exists());
}

#[test]
fn a_machine_with_neither_is_told_the_ways_to_get_one() {
    let machine = Machine::new();
    machine.has_temporal("bin/temporal", OLD);

    let refused = machine.locate().expect_err("there is none").to_string();

    for part in ["too old", "1.29.1", "on PATH", "LACADON_TEMPORAL_CLI", "Go", "TEMPORAL_ADDRESS"] {
        assert!(refused.contains(part), "{part} is missing in: {refused}");
    }
}
