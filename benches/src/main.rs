//! `design-worker`: the process of one of the designs that are compared. Ends with its standard input.

use benches::work::DesignWorker;
use clap::Parser;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let asked = DesignWorker::parse();
    let asked_to_stop = chassis::serve::stop_asked(true)?;
    tokio::select! {
        ended = asked.run() => ended,
        () = asked_to_stop => Ok(()),
    }
}
