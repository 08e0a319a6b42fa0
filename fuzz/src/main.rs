//! The program that libFuzzer drives: one target, named by `LACADON_FUZZ_TARGET`. Only `tools/fuzz/run` builds it, and
//! hands `libfuzzer_sys` to the compiler.
#![no_main]

use fuzz::{TARGETS, Target};
use std::sync::LazyLock;

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let named = std::env::var("LACADON_FUZZ_TARGET").unwrap_or_default();
    let found = TARGETS.into_iter().find(|target| target.name == named);
    found.unwrap_or_else(|| panic!("LACADON_FUZZ_TARGET is {named:?}, and no target has that name"))
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (TARGET.holds)(bytes));
