//! The document: one column per action, one row per counter.

use crate::actions::{Action, Costs};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use tests::metrics::Counts;

const HEAD: &str = "# What an order costs

Counted by `tests/costs` on a quiet system (SQLite, Temporal's development server, one worker), one order at a time, without what comes with time and not with work: long polls,
probes, health checks. This file is generated; a change of any number fails the build until it is committed with the change that caused it:

```sh covered-by=\"tests/costs/main.rs\"
LACADON_WRITE_COSTS=1 cargo test -p tests --test costs
```

";

/// Bytes that a history may differ by from one time to the next: a process id or a moment has a digit more.
const JITTER: u64 = 64;

/// The row of the bytes.
const BYTES: &str = "history: bytes";

/// The whole document. A number of bytes that differs from the committed one by no more than [`JITTER`] is the committed one.
pub(crate) fn document(costs: &[(Action, Costs)], committed: &str) -> String {
    let mut text = HEAD.to_owned();
    line(&mut text, "counter", costs.iter().map(|(action, _)| heading(*action).to_owned()));
    line(&mut text, "--", costs.iter().map(|_| "--".to_owned()));
    number(&mut text, "history: events", costs, |costs| costs.history_events);
    let mut bytes = committed_bytes(committed).into_iter();
    line(
        &mut text,
        BYTES,
        costs.iter().map(|(_, costs)| {
            let counted = costs.history_bytes;
            let known = bytes.next().filter(|known| known.abs_diff(counted) <= JITTER);
            known.unwrap_or(counted).to_string()
        }),
    );
    number(&mut text, "state transitions", costs, |costs| costs.state_transitions);
    rows(&mut text, "gRPC", costs, |costs| &costs.grpc);
    rows(&mut text, "HTTP", costs, |costs| &costs.http);
    rows(&mut text, "SQL", costs, |costs| &costs.sql);
    text
}

fn committed_bytes(document: &str) -> Vec<u64> {
    let row = document.lines().find_map(|line| line.strip_prefix(&format!("| {BYTES} |")));
    row.unwrap_or_default().split('|').filter_map(|cell| cell.trim().parse().ok()).collect()
}

fn heading(action: Action) -> &'static str {
    match action {
        Action::Voucher => "sent, earns a voucher",
        Action::NoVoucher => "sent, earns none",
        Action::Approved => "placed, approved",
        Action::Rejected => "placed, rejected",
        Action::Released => "cancelled, credit released",
    }
}

fn rows(text: &mut String, of: &str, costs: &[(Action, Costs)], part: fn(&Costs) -> &Counts) {
    let names: BTreeSet<&String> = costs.iter().flat_map(|(_, costs)| part(costs).keys()).collect();
    for name in names {
        let count = |costs: &Costs| part(costs).get(name).copied().unwrap_or_default();
        number(text, &format!("{of}: `{name}`"), costs, count);
    }
}

fn number(text: &mut String, of: &str, costs: &[(Action, Costs)], count: impl Fn(&Costs) -> u64) {
    line(text, of, costs.iter().map(|(_, costs)| count(costs).to_string()));
}

fn line(text: &mut String, first: &str, cells: impl Iterator<Item = String>) {
    write!(text, "| {first} |").expect("a string takes it");
    for cell in cells {
        write!(text, " {cell} |").expect("a string takes it");
    }
    text.push('\n');
}
