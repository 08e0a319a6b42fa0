//! `cargo bench --bench designs`: the product beside other ways to a voucher, in interleaved rounds on one machine.
//!
//! Every measurement has a system of its own, on fresh data; rounds go through all designs in turn, so that what the
//! machine does meanwhile hits all of them. Only ratios within a round mean something elsewhere. Every voucher is audited.

use anyhow::Context;
use benches::audit::audit_all;
use benches::designs::Design;
use benches::process::{DesignProcess, start_from_outside};
use benches::statistics::Estimate;
use clap::Parser;
use contracts::OrderId;
use lacadon::crash::lab::{Lab, LabOptions, On};
use lacadon::crash::quiet::Watched;
use lacadon::load::drive::{Pace, Shop};
use lacadon::load::{Latency, Measured, Measuring};
use lacadon::machine::{cores, load_averages};
use lacadon::system::TemporalServer;
use launch::progress::Display;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Instant;
use temporalio_client::Client;

/// Orders per second at which nothing waits for anything else.
const IDLE_RATE: u32 = 4;

/// Writes of the disk probe.
const DISK_WRITES: u32 = 50;

/// What is measured, and where.
#[derive(Debug, Parser)]
#[command(name = "designs", about = "Compares ways to a voucher.")]
struct Asked {
    /// Rounds through all designs.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Orders of each measurement.
    #[arg(long, default_value_t = 1000)]
    orders: usize,
    /// Orders of each measurement of an idle system.
    #[arg(long, default_value_t = 60)]
    idle_orders: usize,
    /// Orders that are sent at once.
    #[arg(long, default_value_t = 32)]
    concurrency: usize,
    /// Where the data is.
    #[arg(long, value_enum, default_value_t = On::Files)]
    on: On,
    /// Further arguments of `temporal server start-dev`, as in
    /// `--server=--dynamic-config-value=history.transferProcessorMaxPollRPS=1000`.
    #[arg(long, allow_hyphen_values = true)]
    server: Vec<String>,
    /// Only these designs.
    #[arg(long, value_enum, value_delimiter = ',')]
    designs: Vec<Design>,
    /// Write the tables to this file too.
    #[arg(long)]
    write: Option<PathBuf>,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What one measurement of one design came to.
#[derive(Debug, Clone)]
struct Figures {
    orders_per_s: f64,
    /// Milliseconds of processor time per order.
    server_cpu: f64,
    worker_cpu: f64,
    services_cpu: f64,
    database_cpu: f64,
    /// Milliseconds from when an order was to be sent until its voucher was issued, idle; none where there is none.
    idle_p50: Option<f64>,
    idle_p99: Option<f64>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let asked = Asked::parse();
    let shown = Display::on_stderr();
    let mut options = LabOptions::of_this_workspace().await?;
    if let TemporalServer::Own { extra_args, .. } = &mut options.temporal {
        extra_args.clone_from(&asked.server);
    }
    let designs =
        if asked.designs.is_empty() { Design::ALL.to_vec() } else { asked.designs.clone() };
    let mut found: BTreeMap<Design, Vec<Figures>> = BTreeMap::new();
    let mut states = Vec::new();
    for round in 1..=asked.rounds {
        states.push(state_of_the_machine()?);
        for design in &designs {
            shown.say(&format!("round {round} of {}: {}", asked.rounds, design.title()));
            let figures = round_of(*design, &asked, options.clone(), &shown).await?;
            shown.say(&format!("  {figures:.1?}"));
            found.entry(*design).or_default().push(figures);
        }
    }
    let tables = tables(&asked, &found, &states)?;
    std::io::stdout().write_all(tables.as_bytes())?;
    if let Some(file) = &asked.write {
        std::fs::write(file, &tables).with_context(|| format!("{}", file.display()))?;
    }
    Ok(())
}

/// One measurement of a design, on a system of its own.
async fn round_of(
    design: Design,
    asked: &Asked,
    options: LabOptions,
    shown: &Display,
) -> anyhow::Result<Figures> {
    let programs = options.binaries.lacadon.clone();
    let lab = Lab::start_on(asked.on, options, |system| match design {
        Design::Product => system,
        _ => system.left_down("worker"),
    });
    let lab = lab.await?;
    let mut worker = None;
    if design.has_worker() {
        let program = programs.with_file_name("design-worker");
        worker = Some(DesignProcess::start(&program, design, &lab.system)?);
    }
    let others: Vec<(&str, u32)> = worker.iter().map(|one| ("design-worker", one.pid())).collect();
    let client = lacadon::temporal::connect(lab.system.temporal_address(), lab.system.namespace());
    let client = client.await?;
    let shop = Shop::of(&lab)?;
    let recorded = shop.record(asked.idle_orders + asked.orders).await?;
    let (idle, busy) = recorded.split_at(asked.idle_orders);
    let send = |order_id| send(design, &shop, &client, order_id);
    let watched = match design {
        Design::Product | Design::Poller => Some(Watched::EventsAndRuns),
        Design::StartsOnly => None,
        _ => Some(Watched::Runs),
    };
    let measuring = Measuring { lab: &lab, shown, others: &others, watched };
    let quietly = measuring.measure(idle, Pace::Rate(IDLE_RATE), send).await?;
    let idle = match design.gives_vouchers() {
        // Only a part of the orders is sent yet: all of them are audited at the end.
        true => Some(quietly.audited(&lab).await?.sent_to_voucher),
        false => None,
    };
    let pace = Pace::Concurrency(asked.concurrency);
    let measured = measuring.measure(busy, pace, send).await?;
    if design.gives_vouchers() {
        audit_all(&lab, recorded.len()).await?;
    }
    drop(worker);
    lab.stop().await?;
    Figures::of(&measured, idle)
}

/// Marks an order sent and, where nobody else does, starts its workflow.
async fn send(
    design: Design,
    shop: &Shop,
    client: &Client,
    order_id: OrderId,
) -> anyhow::Result<()> {
    shop.mark_sent(order_id).await?;
    start_from_outside(design, client, order_id).await
}

impl Figures {
    fn of(measured: &Measured, idle: Option<Latency>) -> anyhow::Result<Self> {
        let in_all = f64::from(u32::try_from(measured.sent.len())?);
        let cpu = |names: &[&str]| {
            let each = names.iter().filter_map(|name| measured.used.get(*name));
            each.fold(0.0, |sum, usage| sum + usage.cpu_s) * 1000.0 / in_all
        };
        Ok(Self {
            orders_per_s: in_all / measured.took.as_secs_f64(),
            server_cpu: cpu(&["temporal"]),
            worker_cpu: cpu(&["worker", "design-worker"]),
            services_cpu: cpu(&["order-api", "voucher-api"]),
            database_cpu: cpu(&["postgresql"]),
            idle_p50: idle.map(|idle| idle.p50_ms),
            idle_p99: idle.map(|idle| idle.p99_ms),
        })
    }

    fn cpu(&self) -> f64 {
        self.server_cpu + self.worker_cpu + self.services_cpu + self.database_cpu
    }
}

/// How busy the machine is, and how long its disk takes to make 4 KiB durable.
fn state_of_the_machine() -> anyhow::Result<String> {
    let mut file = tempfile::tempfile()?;
    let begun = Instant::now();
    for _ in 0..DISK_WRITES {
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
    }
    let each = begun.elapsed() / DISK_WRITES;
    Ok(format!(
        "fsync of 4 KiB {:.2} ms, load averages {}",
        each.as_secs_f64() * 1e3,
        load_averages().unwrap_or_default()
    ))
}

/// A figure, where a design has it.
type Column<'a> = &'a dyn Fn(&Figures) -> Option<f64>;

fn tables(
    asked: &Asked,
    found: &BTreeMap<Design, Vec<Figures>>,
    states: &[String],
) -> anyhow::Result<String> {
    let on = match asked.on {
        On::Files => "SQLite and the development server",
        On::Postgres => "PostgreSQL and the development server",
        On::Cluster => "PostgreSQL and a Temporal cluster",
    };
    let server = if asked.server.is_empty() { "stock".to_owned() } else { asked.server.join(" ") };
    let mut text = format!(
        "On {on} (server settings: {server}), {} cores, {} rounds of {} orders, {} at once. Before each round: {}.\n\n",
        cores(),
        asked.rounds,
        asked.orders,
        asked.concurrency,
        states.join("; ")
    );
    text += "| design | orders/s | CPU ms per order: server | worker | services | database | idle, sent to voucher: p50 ms | p99 ms |\n|--|--|--|--|--|--|--|--|\n";
    let median = |all: &[Figures], of: Column| {
        let values: Vec<f64> = all.iter().filter_map(of).collect();
        Estimate::of(&values)
            .map_or_else(|| "–".to_owned(), |estimate| format!("{:.1}", estimate.median))
    };
    for (design, all) in found {
        let columns: [Column; 7] = [
            &|one| Some(one.orders_per_s),
            &|one| Some(one.server_cpu),
            &|one| Some(one.worker_cpu),
            &|one| Some(one.services_cpu),
            &|one| Some(one.database_cpu),
            &|one| one.idle_p50,
            &|one| one.idle_p99,
        ];
        let columns = columns.map(|column| median(all, column)).join(" | ");
        writeln!(text, "| {} | {columns} |", design.title())?;
    }
    let Some(product) = found.get(&Design::Product) else { return Ok(text) };
    text += "\n| (1) against | orders/s | CPU of all per order | CPU of server and worker per order | idle p50 | idle p99 |\n|--|--|--|--|--|--|\n";
    for (design, all) in found.iter().filter(|(design, _)| **design != Design::Product) {
        let ratio = |of: Column| {
            let pairs = product.iter().zip(all);
            let ratios: Vec<f64> =
                pairs.filter_map(|(ours, theirs)| Some(of(ours)? / of(theirs)?)).collect();
            let estimate = Estimate::of(&ratios).filter(|estimate| estimate.median.is_finite());
            estimate.map_or_else(|| "–".to_owned(), |estimate| estimate.as_ratio())
        };
        let columns = [
            ratio(&|one| Some(one.orders_per_s)),
            ratio(&|one| Some(one.cpu())),
            ratio(&|one| Some(one.server_cpu + one.worker_cpu)),
            ratio(&|one| one.idle_p50),
            ratio(&|one| one.idle_p99),
        ];
        writeln!(text, "| {} | {} |", design.title(), columns.join(" | "))?;
    }
    Ok(text)
}
