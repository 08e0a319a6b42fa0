//! The worker's process: read what it was started for, do it, say how it ended by the exit code.

use std::io::Write as _;
use std::process::ExitCode;
use tikv_jemallocator::Jemalloc;
use worker::config::{Asked, asked};
use worker::registry::for_work;

/// Gives back what replaced SDK workers held; the C library's would grow for ever, in fragments.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    let asked = asked();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let ended = match asked {
        Asked::Work(config) => {
            chassis::telemetry::start();
            runtime.block_on(worker::run(*config, for_work))
        }
        Asked::Tool(tool) => runtime.block_on(worker::tools::run(tool)),
    };
    // What did not finish within the grace is cut here, not waited for.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "worker: {error:#}");
    ExitCode::FAILURE
}
