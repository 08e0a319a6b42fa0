//! Every target holds over its corpus: the seeds that the fuzzer starts from, and whatever it has broken before.
#![expect(clippy::expect_used, reason = "a test fails by panicking, also in what it calls")]

use fuzz::{TARGETS, Target};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn seeds_of(target: &Target) -> Vec<PathBuf> {
    let folder = corpus().join(target.name);
    let entries =
        std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut seeds: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    seeds.sort();
    seeds
}

#[test]
fn every_reader_keeps_its_promises_over_its_corpus() {
    let mut broken = Vec::new();
    for target in TARGETS {
        let seeds = seeds_of(&target);
        assert!(seeds.len() >= 3, "{} has hardly a corpus: {seeds:?}", target.name);
        for seed in seeds {
            let bytes = std::fs::read(&seed).expect("a seed");
            // What it panicked with stands above.
            if catch_unwind(|| (target.holds)(&bytes)).is_err() {
                broken.push(seed);
            }
        }
    }
    assert_eq!(broken, Vec::<PathBuf>::new());
}

#[test]
fn every_corpus_belongs_to_a_reader() {
    for entry in std::fs::read_dir(corpus()).expect("a folder") {
        let name = entry.expect("an entry").file_name();
        assert!(TARGETS.iter().any(|target| name == target.name), "{}", name.display());
    }
}
