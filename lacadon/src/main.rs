//! `lacadon`: the command that people type. Each verb has a file of its own.

use clap::{Parser, Subcommand};
use lacadon::crash::Crash;
use lacadon::crash::naive::NaiveWriter;
use lacadon::credit::CreditVerb;
use lacadon::customer::CustomerVerb;
use lacadon::demo::Demo;
use lacadon::dev::Dev;
use lacadon::doctor::Doctor;
use lacadon::exit;
use lacadon::explain::Explain;
use lacadon::guard::Guard;
use lacadon::import::Import;
use lacadon::load::Load;
use lacadon::order::OrderVerb;
use lacadon::out::Out;
use lacadon::outbox::OutboxVerb;
use lacadon::reconcile::Reconcile;
use lacadon::replay::Replay;
use lacadon::stuck::StuckVerb;
use lacadon::target::Target;
use lacadon::voucher::VoucherVerb;
use std::process::ExitCode;

/// A web shop whose business rules hold through any crash.
#[derive(Debug, Parser)]
#[command(name = "lacadon", version, after_help = exit::EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    target: Target,

    /// Answer with JSON, for scripts.
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the whole system on fresh databases, hand out vouchers, place orders through crashes, prove that all is right.
    Demo(Demo),
    /// Run the whole system on kept data until Ctrl-C.
    Dev(Dev),
    /// Take the orders of a Shopify export.
    Import(Import),
    /// Place, send, cancel, show and list orders.
    #[command(subcommand)]
    Order(OrderVerb),
    /// Explain an order: what became of it, and how, across all services and processes.
    Explain(Explain),
    /// Show, list and redeem vouchers.
    #[command(subcommand)]
    Voucher(VoucherVerb),
    /// Grant customers credit, show what is left of it, list what orders hold of it.
    #[command(subcommand)]
    Credit(CreditVerb),
    /// Let a customer in at the front door.
    #[command(subcommand)]
    Customer(CustomerVerb),
    /// See events that wait, release events from quarantine.
    #[command(subcommand)]
    Outbox(OutboxVerb),
    /// See what a person must look at, and decide it: try it again, skip it, give it up.
    #[command(subcommand)]
    Stuck(StuckVerb),
    /// Look for what is wrong, and name the command that mends it.
    Doctor(Doctor),
    /// Look at the services' books now: name what is not as it should be, and see to it.
    Reconcile(Reconcile),
    /// Replay recorded histories against today's processes.
    Replay(Replay),
    /// Crash the system in every way that a seed brings, under load, and prove that nothing is lost or doubled.
    Crash(Crash),
    /// Send orders as fast as this machine takes them, and see what that costs: orders per second, how soon a voucher
    /// follows, processor time and memory of each process. Every order is audited.
    Load(Load),
    /// Mark an order sent and start its process without a relay, as the crash lab does to show what that loses.
    #[command(hide = true)]
    NaiveWriter(NaiveWriter),
    /// Run a foreign program that must not outlive its launcher.
    #[command(hide = true)]
    Guard(Guard),
}

fn main() -> ExitCode {
    let Cli { target, json, verb } = Cli::parse();
    let out = Out::to_stdout(json);
    // Before there is a second thread: the guard becomes another program.
    if let Verb::Guard(guard) = verb {
        return exit::of(guard.run(), out);
    }
    let result = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(run(verb, &target, out)),
        Err(e) => Err(e.into()),
    };
    exit::of(result, out)
}

async fn run(verb: Verb, target: &Target, out: Out) -> anyhow::Result<()> {
    match verb {
        Verb::Demo(demo) => demo.run(out).await,
        Verb::Dev(dev) => dev.run(target, out).await,
        Verb::Import(import) => import.run(target, out).await,
        Verb::Order(order) => order.run(target, out).await,
        Verb::Explain(explain) => explain.run(target, out).await,
        Verb::Voucher(voucher) => voucher.run(target, out).await,
        Verb::Credit(credit) => credit.run(target, out).await,
        Verb::Customer(customer) => customer.run(target, out),
        Verb::Outbox(outbox) => outbox.run(target, out).await,
        Verb::Stuck(stuck) => stuck.run(target, out).await,
        Verb::Doctor(doctor) => doctor.run(target, out).await,
        Verb::Reconcile(reconcile) => reconcile.run(target, out).await,
        Verb::Replay(replay) => replay.run(),
        Verb::Crash(crash) => crash.run(out).await,
        Verb::Load(load) => load.run(out).await,
        Verb::NaiveWriter(writer) => writer.run(target).await,
        Verb::Guard(guard) => guard.run(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_data_directory_may_stand_before_and_behind_the_verb() {
        for line in ["lacadon --data-dir d order list", "lacadon order list --data-dir d"] {
            let cli = Cli::try_parse_from(line.split(' ')).expect("understood");

            assert_eq!(cli.target.data_dir, std::path::Path::new("d"));
        }
    }
}
