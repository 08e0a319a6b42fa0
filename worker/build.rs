//! Hands the Temporal API's descriptors, which its crate compiles, to `src/replay.rs`.

fn main() {
    // Set by temporalio-protos, a direct dependency for this reason.
    match std::env::var("DEP_TEMPORALIO_PROTOS_DESCRIPTOR_PATH") {
        Ok(path) => println!("cargo:rustc-env=TEMPORAL_DESCRIPTORS={path}"),
        Err(e) => println!("cargo:warning=no descriptors of the Temporal API: {e}"),
    }
}
