//! `dev`: the whole system, staying up on kept data until Ctrl-C.
//!
//! It says where everything is and how to try it, tells of every process that dies and is started again, and leaves
//! nothing behind.

use crate::out::{Out, Tone, plain};
use crate::signals::Signals;
use crate::system::{
    Happened, NAMESPACE, Ports, ProcessEvent, System, SystemOptions, TemporalServer,
};
use crate::target::Target;
use crate::temporal;
use anyhow::Context;
use launch::build::Binaries;
use launch::progress::Display;
use launch::temporal::{Surroundings, locate_in};
use std::path::PathBuf;
use temporalio_client::NamespacedClient;
use tokio::sync::broadcast::error::RecvError;

/// How often the books are looked at, as in production.
const RECONCILE_EVERY_S: u32 = 60;

/// How to run it.
#[derive(Debug, clap::Args)]
pub struct Dev {
    /// Other ports than 8080 to 8084, 8090, 7233 and 8233: N to N+4, N+10, N+20 and N+21.
    #[arg(long, value_name = "N")]
    port_base: Option<u16>,
    /// How many workers.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(0..=10))]
    workers: u16,
    /// The temporal program to start a server with. TEMPORAL_ADDRESS names a server that is already running instead.
    #[arg(long, value_name = "PATH")]
    temporal_cli: Option<PathBuf>,
    /// Another database for order-api than a file in the data directory: postgres://….
    #[arg(long, env = "ORDER_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    order_database_url: Option<String>,
    /// Another database for voucher-api than a file in the data directory: postgres://….
    #[arg(long, env = "VOUCHER_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    voucher_database_url: Option<String>,
    /// Another database for risk-api than a file in the data directory: postgres://….
    #[arg(long, env = "RISK_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    risk_database_url: Option<String>,
    /// Another database for desk-api than a file in the data directory: postgres://….
    #[arg(long, env = "DESK_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    desk_database_url: Option<String>,
    /// Keep orders that were rejected, instead of leaving nothing of them.
    #[arg(long)]
    keep_rejected: bool,
    /// The Web UI of the server that TEMPORAL_ADDRESS names, for the links.
    #[arg(long, value_name = "URL")]
    temporal_ui: Option<String>,
}

impl Dev {
    /// Runs until Ctrl-C.
    ///
    /// # Errors
    /// When the system cannot be started, or not be stopped politely.
    pub async fn run(self, target: &Target, out: Out) -> anyhow::Result<()> {
        let mut signals = Signals::listen()?;
        let binaries = Binaries::beside_this_program()?;
        let server = self.server().await?;
        let mut options = SystemOptions::new(&target.data_dir, binaries, server);
        options.ports = self.port_base.map_or(Ports::Default, Ports::Base);
        options.workers = self.workers;
        options.reconcile_every_s = RECONCILE_EVERY_S;
        options.order_database_url = self.order_database_url;
        options.voucher_database_url = self.voucher_database_url;
        options.risk_database_url = self.risk_database_url;
        options.desk_database_url = self.desk_database_url;
        if self.keep_rejected {
            options = options.with_env("gateway", "GATEWAY_KEEP_REJECTED", "true");
        }
        out.line(&format!("starting the system on {} …", target.data_dir.display()))?;
        let system = tokio::select! {
            started = System::start(options) => started?,
            () = signals.next() => return Ok(out.line("stopped before everything was up")?),
        };
        introduce(&system, out)?;
        let watched = watch(&system, &mut signals, out).await;
        // Also when nobody reads what is said here any more: everything is stopped all the same.
        let _ = out.line("stopping … (Ctrl-C again kills)");
        tokio::select! {
            stopped = system.stop() => stopped?,
            () = signals.next() => {}
        }
        let _ = out.line("stopped; the data is kept");
        watched
    }

    /// The server that `TEMPORAL_ADDRESS` names, or one of our own.
    async fn server(&self) -> anyhow::Result<TemporalServer> {
        let given = std::env::var("TEMPORAL_ADDRESS").ok().filter(|address| !address.is_empty());
        let Some(address) = given else {
            let surroundings = Surroundings::of_this_process(self.temporal_cli.clone());
            let locate = move || locate_in(&surroundings, &Display::on_stderr());
            let cli = tokio::task::spawn_blocking(locate).await??.path;
            return Ok(TemporalServer::Own { cli, extra_args: Vec::new() });
        };
        let client = temporal::connect_from_environment()
            .await
            .context("TEMPORAL_ADDRESS names a server; unset it to have one started")?;
        let env = std::env::vars().filter(|(name, _)| name.starts_with("TEMPORAL_"));
        Ok(TemporalServer::Given {
            address,
            namespace: client.namespace(),
            ui: self.temporal_ui.clone(),
            env: env.collect(),
        })
    }
}

/// Where everything is, and how to try it.
fn introduce(system: &System, out: Out) -> anyhow::Result<()> {
    let rows = system.processes().into_iter().map(|process| {
        vec![
            plain(process.name()),
            plain(process.address()),
            plain(process.pid().map_or_else(String::new, |pid| pid.to_string())),
            (process.log_path().display().to_string(), Some(Tone::Quiet)),
        ]
    });
    out.line(&out.tone(Tone::Good, "the system is up"))?;
    out.table(&["process", "address", "pid", "log"], rows.collect())?;
    if let Some(ui) = system.temporal_ui() {
        let namespace = system.namespace();
        out.line(&format!("Web UI      {ui}/namespaces/{namespace}/workflows"))?;
    }
    out.line(&format!(
        "CLI         {} workflow list --address {} --namespace {}",
        temporal::word_for_the_cli(),
        system.temporal_address(),
        system.namespace()
    ))?;
    out.line(&format!("for scripts {}", system.run_file().display()))?;
    out.line("")?;
    out.line("Try it, in another terminal:")?;
    let order_api = system.order_api_url();
    let key = system.key_file(crate::system::Role::BackOffice);
    let here = here(system);
    for line in [
        format!("cargo lacadon{here} credit set --customer cus_ada --limit 500.00"),
        format!("cargo lacadon{here} order place --customer cus_ada --line LMP-1:2:50.01"),
        format!("cargo lacadon{here} order send ORDER"),
        format!("cargo lacadon{here} voucher list --customer cus_ada"),
        format!("cargo lacadon{here} credit show --customer cus_ada"),
        format!("cargo lacadon{here} import examples/orders.csv --send-fulfilled"),
        format!("cargo lacadon{here} doctor"),
        format!("curl -H \"Authorization: Bearer $(cat {})\" {order_api}/orders", key.display()),
    ] {
        out.line(&format!("  {line}"))?;
    }
    out.line("")?;
    Ok(out.line("Ctrl-C stops all of it.")?)
}

/// What the other commands need to find a system that is not in the usual place.
fn here(system: &System) -> String {
    let usual = std::env::current_dir().map(|folder| folder.join(".lacadon"));
    if usual.is_ok_and(|usual| usual == system.data_dir()) {
        return String::new();
    }
    format!(" --data-dir {}", system.data_dir().display())
}

/// Tells what happens, until a signal.
async fn watch(system: &System, signals: &mut Signals, out: Out) -> anyhow::Result<()> {
    let mut events = system.events();
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Ok(event) => tell(&event, out)?,
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Ok(()),
            },
            () = signals.next() => return Ok(()),
        }
    }
}

fn tell(event: &ProcessEvent, out: Out) -> std::io::Result<()> {
    let name = &event.process;
    let time = jiff::Zoned::now().strftime("%H:%M:%S").to_string();
    let text = match &event.what {
        Happened::Died { how } => out.tone(Tone::Bad, &format!("{name} died ({how})")),
        Happened::Failed { why } => out.tone(Tone::Bad, &format!("{name}: {why}")),
        Happened::Started { pid, restarts } => {
            let again = format!("{name} is started again, pid {pid}, restart {restarts}");
            out.tone(Tone::Notable, &again)
        }
    };
    out.line(&format!("{time} {text}"))
}

/// The link to a run in the Web UI.
#[must_use]
pub(crate) fn link(ui: &str, workflow_id: &str) -> String {
    format!("{ui}/namespaces/{NAMESPACE}/workflows/{workflow_id}")
}
