//! `crash`: the crash lab. It starts the whole system on fresh data, puts it under load, breaks it, lets it mend itself,
//! and has an auditor say from the services' databases alone whether the business rules hold.
//!
//! - [`lab`]: the system on fresh data, with a faulty network between its parts if that is asked for
//! - [`load`]: customers, a back office and operators, who all insist until they are answered
//! - [`quiet`]: waits until nothing is under way any more
//! - [`audit`]: lost, doubled, stuck, or otherwise not as it should be
//! - [`campaign`]: breaks everything at random instants, the same ones for the same seed

pub mod audit;
pub mod campaign;
mod chance;
pub mod cluster;
pub mod lab;
pub mod load;
pub mod naive;
mod operators;
mod plan;
pub mod postgres;
pub mod proxy;
pub mod quiet;
mod recovery;
pub mod report;
mod schedule;

use crate::out::Out;
use anyhow::bail;
use campaign::Campaign;

/// How to crash it.
#[derive(Debug, clap::Args)]
pub struct Crash {
    /// Crash everything at random instants, under load.
    #[arg(long = "campaign")]
    is_campaign: bool,
    #[command(flatten)]
    campaign: Campaign,
}

impl Crash {
    /// Runs it.
    ///
    /// # Errors
    /// When something cannot be run, or the rules do not hold.
    pub async fn run(self, out: Out) -> anyhow::Result<()> {
        if !self.is_campaign {
            bail!("say what to crash: --campaign crashes everything at random instants");
        }
        self.campaign.run(out).await
    }
}
