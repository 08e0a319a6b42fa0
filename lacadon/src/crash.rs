//! `crash`: the crash lab. It starts the whole system on fresh data, puts it under load, breaks it, lets it mend itself,
//! and has an auditor say from the services' databases alone whether the business rules hold.
//!
//! - [`lab`]: the system on fresh data, with a faulty network between its parts if that is asked for
//! - [`load`]: customers, a back office and operators, who all insist until they are answered
//! - [`quiet`]: waits until nothing is under way any more
//! - [`points`]: what if a program dies exactly here? `--at`, `--every-point`
//! - [`audit`]: lost, doubled, stuck, or otherwise not as it should be

pub mod audit;
mod chance;
pub mod lab;
pub mod load;
mod operators;
mod plan;
pub mod points;
pub mod proxy;
pub mod quiet;

use crate::out::Out;
use points::Points;
use std::path::PathBuf;

/// What to break.
#[derive(Debug, clap::Args)]
pub struct Crash {
    #[command(flatten)]
    points: Points,
    /// The temporal program to start the server with.
    #[arg(long, value_name = "PATH")]
    temporal_cli: Option<PathBuf>,
}

impl Crash {
    /// Runs it.
    ///
    /// # Errors
    /// When something cannot be run, or a rule does not hold.
    pub async fn run(self, out: Out) -> anyhow::Result<()> {
        self.points.run(self.temporal_cli, out).await
    }
}
