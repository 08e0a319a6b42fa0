//! `ageing-worker`: the product's worker, which also runs the process that makes it old. Takes the worker's settings.

use benches::ageing;
use tikv_jemallocator::Jemalloc;
use worker::config::{Asked, asked};

/// The worker's.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match asked() {
        Asked::Work(config) => {
            chassis::telemetry::start();
            worker::run(*config, ageing::for_work).await
        }
        Asked::Tool(tool) => worker::tools::run(tool).await,
    }
}
