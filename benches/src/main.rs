//! `design-worker`: the process of one of the designs that are compared. Ends with its standard input.

use benches::work::DesignWorker;
use clap::Parser;
use tokio::io::AsyncReadExt;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let asked = DesignWorker::parse();
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        let mut ignored = Vec::new();
        let _ = tokio::io::stdin().read_to_end(&mut ignored).await;
        stopping.cancel();
    });
    asked.run(stop).await
}
