//! Writers without a relay: they mark an order sent over HTTP and start its voucher process themselves, one after the
//! other. They show that a campaign bites: whoever does two writes and remembers nothing loses vouchers.
//!
//! Such a writer is a process of its own, so that it can be killed. It says when the first of its two writes is done.

use super::operators::start_by_hand;
use crate::api::Api;
use crate::front_door::{Heard, insists};
use crate::system::{Role, System};
use crate::target::Target;
use crate::temporal;
use anyhow::Context;
use contracts::OrderId;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::sync::watch;

/// A write is repeated for so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A writer that takes longer than its patience for both writes has hung.
const WRITER_ENDS_WITHIN: Duration = Duration::from_secs(150);

/// What it says after the first write.
const HALF_DONE: &str = "half done";

/// In which order it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Variant {
    /// Marks the order sent, then starts the process.
    NaiveUpdateThenStart,
    /// Starts the process, then marks the order sent.
    NaiveStartThenUpdate,
}

impl Variant {
    /// As it is typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NaiveUpdateThenStart => "naive-update-then-start",
            Self::NaiveStartThenUpdate => "naive-start-then-update",
        }
    }
}

/// One order to send.
#[derive(Debug, clap::Args)]
pub struct NaiveWriter {
    /// In which order.
    #[arg(value_enum)]
    variant: Variant,
    /// Which order.
    order_id: OrderId,
    /// The Temporal server, as in 127.0.0.1:7233.
    #[arg(long)]
    temporal_address: String,
    /// The namespace.
    #[arg(long)]
    temporal_namespace: String,
}

impl NaiveWriter {
    /// Does both writes.
    ///
    /// # Errors
    /// When one of them is refused or not answered. Then it has ended in between, and nobody knows.
    pub async fn run(self, target: &Target) -> anyhow::Result<()> {
        let order_api = target.order_api(Role::BackOffice)?;
        match self.variant {
            Variant::NaiveUpdateThenStart => {
                self.update(&order_api).await?;
                say_half_done()?;
                self.start().await
            }
            Variant::NaiveStartThenUpdate => {
                self.start().await?;
                say_half_done()?;
                self.update(&order_api).await
            }
        }
    }

    async fn update(&self, order_api: &Api) -> anyhow::Result<()> {
        let path = format!("/orders/{}/mark-sent", self.order_id);
        let heard = watch::Sender::new(Heard::default());
        let update = || order_api.post_empty(&path);
        Ok(insists(update, Instant::now() + PATIENCE, &heard).await.map(drop)?)
    }

    async fn start(&self) -> anyhow::Result<()> {
        let client = temporal::connect(&self.temporal_address, &self.temporal_namespace).await?;
        Ok(start_by_hand(&client, self.order_id).await?)
    }
}

fn say_half_done() -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{HALF_DONE}")?;
    Ok(out.flush()?)
}

/// How such writers are run.
#[derive(Debug, Clone)]
pub struct Writers {
    /// The program whose verb the writer is.
    pub lacadon: PathBuf,
    /// In which order they write.
    pub variant: Variant,
    /// The order-api that they are told of.
    pub order_api_url: String,
    /// The Temporal server that they are told of.
    pub temporal_address: String,
    /// Its namespace.
    pub temporal_namespace: String,
    /// The file with the back office's key.
    pub key_file: PathBuf,
}

impl Writers {
    /// Writers for this system, who reach everything directly.
    #[must_use]
    pub fn of(system: &System, lacadon: &Path, variant: Variant) -> Self {
        Self {
            lacadon: lacadon.to_path_buf(),
            variant,
            order_api_url: system.order_api_url().to_owned(),
            temporal_address: system.temporal_address().to_owned(),
            temporal_namespace: system.namespace().to_owned(),
            key_file: system.key_file(Role::BackOffice),
        }
    }

    /// The writer of one order, not started yet. It ends with whoever drops it.
    #[must_use]
    pub fn command(&self, order_id: OrderId) -> Command {
        let mut command = Command::new(&self.lacadon);
        command
            .args(["naive-writer", self.variant.name()])
            .arg(order_id.to_string())
            .args(["--order-api-url", &self.order_api_url])
            .args(["--temporal-address", &self.temporal_address])
            .args(["--temporal-namespace", &self.temporal_namespace])
            .arg("--key-file")
            .arg(&self.key_file)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs the writer of one order to its end, whatever that is: nobody repeats what it leaves.
    ///
    /// # Errors
    /// When it cannot be run or does not end.
    pub(super) async fn send(&self, order_id: OrderId) -> anyhow::Result<()> {
        let mut writer = self.command(order_id).spawn().context("the writer cannot be run")?;
        // It says two words, which fit into the pipe.
        tokio::time::timeout(WRITER_ENDS_WITHIN, writer.wait())
            .await
            .context("a writer hangs")??;
        Ok(())
    }

    /// Runs the writer of one order and kills it with -9 this long after its first write.
    ///
    /// # Errors
    /// When it cannot be run or does not end.
    pub(super) async fn send_and_be_killed(
        &self,
        order_id: OrderId,
        after: Duration,
    ) -> anyhow::Result<()> {
        let mut writer = self.command(order_id).spawn().context("the writer cannot be run")?;
        let output = writer.stdout.take().context("it has no output")?;
        let mut said = BufReader::new(output).lines();
        let half = async {
            said.next_line().await?;
            tokio::time::sleep(after).await;
            writer.kill().await
        };
        tokio::time::timeout(WRITER_ENDS_WITHIN, half).await.context("a writer hangs")??;
        Ok(())
    }
}
