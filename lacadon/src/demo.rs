//! `demo`: the business rules of the shop, through a real Temporal server, on fresh databases, in three acts.
//!
//! Vouchers: each order that earned one has one. Placements: an order and its credit, or neither, while risk-api is
//! killed. A fault: what it does to a program without a durable process, and what to ours.
//!
//! The verdicts are computed: the databases are read and compared with the rules, in both directions. The exit code is 0
//! only if they hold.

mod contrast;
mod naive;
mod placements;
mod plan;
mod settled;
mod table;
mod vouchers;

use crate::exit::Wrong;
use crate::front_door::FrontDoor;
use crate::out::Out;
use crate::signals::Signals;
use crate::system::{System, SystemOptions, TemporalServer};
use crate::verdict::Verdict;
use anyhow::Context;
use launch::build::{Binaries, workspace};
use launch::progress::Display;
use launch::temporal::{Surroundings, locate_in};
use serde::Serialize;
use std::path::PathBuf;

/// How to run it.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// Another order export than examples/orders.csv.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Stay up until Ctrl-C, to look around in the Web UI.
    #[arg(long)]
    keep: bool,
    /// The temporal program to start the server with.
    #[arg(long, value_name = "PATH")]
    temporal_cli: Option<PathBuf>,
}

/// The demo's result as JSON.
#[derive(Serialize)]
struct Told<'a> {
    holds: bool,
    #[serde(flatten)]
    vouchers: &'a Verdict,
    placements: ToldPlacements<'a>,
}

#[derive(Serialize)]
struct ToldPlacements<'a> {
    holds: bool,
    #[serde(flatten)]
    hundred: &'a placements::Outcome,
    same_fault: &'a contrast::Outcome,
}

impl Demo {
    /// Runs it.
    ///
    /// # Errors
    /// When something cannot be run, or a verdict does not hold.
    pub async fn run(self, out: Out) -> anyhow::Result<()> {
        let mut signals = Signals::listen()?;
        let shown = Display::on_stderr();
        let folder = tempfile::Builder::new().prefix("lacadon-demo-").tempdir()?;
        let surroundings = Surroundings::of_this_process(self.temporal_cli.clone());
        let display = shown.clone();
        let locate = move || locate_in(&surroundings, &display);
        let cli = tokio::task::spawn_blocking(locate).await??.path;
        let server = TemporalServer::Own { cli, extra_args: Vec::new() };
        let options = SystemOptions::new(folder.path(), Binaries::beside_this_program()?, server);
        shown.say("starting Temporal with its Web UI, three services, a gateway and a worker …");
        let system = signals.unless_interrupted(System::start(options)).await?;
        let played = signals.unless_interrupted(self.play(&system, &shown, out)).await;
        let has_played = played.as_ref().err().is_none_or(|e| e.is::<Wrong>());
        if self.keep && has_played {
            shown.say("everything stays up until Ctrl-C");
            signals.next().await;
        }
        shown.say("stopping …");
        tokio::select! {
            stopped = system.stop() => stopped?,
            () = signals.next() => {}
        }
        folder.close().context("the demo's folder cannot be removed")?;
        played
    }

    /// Each act is told as soon as it is over; for scripts, all of it at the end.
    async fn play(&self, system: &System, shown: &Display, out: Out) -> anyhow::Result<()> {
        if let Some(ui) = system.temporal_ui() {
            let namespace = system.namespace();
            shown.say(&format!("watch it in the Web UI: {ui}/namespaces/{namespace}/workflows"));
        }
        let file = self.file.clone().unwrap_or_else(|| workspace().join("examples/orders.csv"));
        let vouchers = vouchers::play(system, &file, shown).await?;
        if !out.is_json {
            vouchers.tell(out)?;
            if self.keep {
                vouchers.tell_link(system, out)?;
            }
        }
        let door = FrontDoor::of(system)?;
        let hundred = placements::play(system, &door, shown).await?;
        if !out.is_json {
            hundred.tell(out)?;
        }
        let same_fault = contrast::play(system, &door, hundred.told(), shown).await?;
        if !out.is_json {
            same_fault.tell(out)?;
        }
        let is_both_or_neither = hundred.holds() && same_fault.holds();
        let holds = vouchers.holds() && is_both_or_neither;
        if out.is_json {
            let placements = ToldPlacements {
                holds: is_both_or_neither,
                hundred: &hundred,
                same_fault: &same_fault,
            };
            out.json(&Told { holds, vouchers: &vouchers.verdict, placements })?;
        }
        if holds { Ok(()) } else { Err(Wrong.into()) }
    }
}
