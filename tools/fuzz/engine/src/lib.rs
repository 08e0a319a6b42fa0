//! libFuzzer with its Rust side, as one library that `tools/fuzz/rustc` names to the compiler.

pub use libfuzzer_sys::*;
