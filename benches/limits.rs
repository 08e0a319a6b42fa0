//! `cargo bench --bench limits`: what the product reaches of what it is asked for, beside what the machine was like.
//!
//! Nothing here is asserted but that no voucher is lost or doubled: what a machine takes says little about another.

use benches::limits::{Finding, age, memory, outage, replay, store};
use clap::{Parser, ValueEnum};
use lacadon::crash::lab::LabOptions;
use lacadon::machine::machine;
use launch::progress::Display;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

/// Which part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// order-api and its database.
    Store,
    /// Temporal is away, and back.
    Outage,
    /// Memory, and the time to start.
    Memory,
    /// A worker that has run very many activities.
    Age,
    /// Replay.
    Replay,
}

/// What is measured.
#[derive(Debug, Parser)]
#[command(name = "limits", about = "Measures what the product reaches.")]
struct Asked {
    /// Rounds of what is compared.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Events that wait for Temporal until they are drained.
    #[arg(long, default_value_t = 50_000)]
    drained: usize,
    /// Activities that the worker runs until it is old.
    #[arg(long, default_value_t = 1_000_000)]
    activities: usize,
    /// Only these parts.
    #[arg(long, value_enum, value_delimiter = ',')]
    parts: Vec<Part>,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let asked = Asked::parse();
    let shown = Display::on_stderr();
    let options = LabOptions::of_this_workspace().await?;
    let parts =
        if asked.parts.is_empty() { Part::value_variants().to_vec() } else { asked.parts.clone() };
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut text = String::from("| what | asked for | found |\n|--|--|--|\n");
    for part in parts {
        shown.say(&format!("measuring {part:?} …"));
        let findings = match part {
            Part::Store => store::measure(options.clone(), asked.rounds).await?,
            Part::Outage => outage::measure(options.clone(), asked.rounds, asked.drained).await?,
            Part::Memory => memory::measure(options.clone()).await?,
            Part::Age => {
                let worker = env!("CARGO_BIN_EXE_ageing-worker").into();
                age::measure(options.clone(), worker, asked.activities).await?
            }
            Part::Replay => replay::measure(&workspace).await?,
        };
        for Finding { what, asked, found } in findings {
            shown.say(&format!("{what}: {found}"));
            writeln!(text, "| {what} | {asked} | {found} |")?;
        }
    }
    writeln!(text, "\n{}", machine())?;
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}
