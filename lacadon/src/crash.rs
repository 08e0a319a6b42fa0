//! `crash`: the crash lab. It starts the whole system on fresh data, puts it under load, breaks it, lets it mend itself,
//! and has an auditor say from the services' databases alone whether the business rules hold.
//!
//! - [`lab`]: the system on fresh data, with a faulty network between its parts if that is asked for
//! - [`load`]: customers, a back office and operators, who all insist until they are answered
//! - [`quiet`]: waits until nothing is under way any more
//! - [`audit`]: lost, doubled, stuck, or otherwise not as it should be
//! - [`points`]: what if a program dies exactly here?
//! - [`campaign`]: breaks everything at random instants, the same ones for the same seed

pub mod audit;
pub(crate) mod back_office;
pub mod campaign;
pub mod chance;
pub mod cluster;
pub mod lab;
pub mod load;
pub mod naive;
mod operators;
mod plan;
pub mod points;
pub mod postgres;
pub mod proxy;
pub mod quiet;
pub(crate) mod recovery;
pub mod report;
mod schedule;

use crate::out::Out;
use anyhow::bail;
use campaign::Campaign;
use points::Points;

/// How to crash it.
#[derive(Debug, clap::Args)]
pub struct Crash {
    #[command(flatten)]
    points: Points,
    /// Crash everything at random instants, under load.
    #[arg(long = "campaign", conflicts_with_all = ["at", "every_point"])]
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
        let Self { points, is_campaign, campaign } = self;
        if is_campaign {
            return campaign.run(out).await;
        }
        if !points.are_asked_for() {
            bail!(
                "say what to crash: --every-point or --at POINT ends a program at a step, --campaign crashes everything \
                 at random instants"
            );
        }
        points.run(campaign.seed, campaign.temporal_cli, out).await
    }
}
