//! The document: a table each for the actions, the designs and PostgreSQL; one column per case, one row per counter.

use crate::actions::Action;
use crate::counting::Costs;
use benches::designs::Design;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use tests::metrics::Counts;

const HEAD: &str = "# What an order costs

Counted by `tests/costs` on a quiet system (SQLite, Temporal's development server, one worker), one order at a time, without what comes with time and not with work: long polls,
heartbeats, probes, health checks. This file is generated; a change of any number fails the build until it is committed with the change that caused it:

```sh covered-by=\"tests/costs/main.rs\"
LACADON_WRITE_COSTS=1 cargo test --test costs
```

";

const DESIGNS: &str = "## The same order in other designs";

const OF_DESIGNS: &str = "
What one order of 100.01 € that is marked sent costs in each design that [performance.md](performance.md) compares: (1) is the first column above. Where a workflow is started
from outside, its `StartWorkflowExecution` is whoever marked the order sent. (4) and (5) give no voucher; in (5) the run stays open; (6) has no Temporal.

";

const POSTGRES: &str = "## On PostgreSQL";

const OF_POSTGRES: &str = "
What the databases are given for the actions of the first table when they are on PostgreSQL; histories and calls are not counted again. `begin` and `commit` are no statements here, as
above; a relaxed commit is not waited for (`set local synchronous_commit = off`, itself no statement here). Commits are told by the services' logs, and their number is the services' own
`database_write_seconds_count`. Counted where PostgreSQL is installed; elsewhere this table is left as it is.

";

/// Bytes that a history may differ by from one time to the next: a process id or a moment has a digit more.
const JITTER: u64 = 64;

/// The row of the bytes.
const BYTES: &str = "history: bytes";

/// All that was counted.
pub(crate) struct Counted {
    /// The product's actions.
    pub(crate) actions: Vec<(Action, Costs)>,
    /// One order in each design.
    pub(crate) designs: Vec<(Design, Costs)>,
    /// The actions' SQL on PostgreSQL; none where there is no server.
    pub(crate) postgres: Option<Vec<(Action, Counts)>>,
}

/// One column of a table.
type Column<'a, T> = (&'a str, &'a T);

/// The whole document. What was not counted is as it was committed; so is a number of bytes that differs from the committed
/// one by no more than [`JITTER`].
pub(crate) fn document(counted: &Counted, committed: &str) -> String {
    let actions: Vec<_> =
        counted.actions.iter().map(|(action, costs)| (heading(*action), costs)).collect();
    let designs: Vec<_> =
        counted.designs.iter().map(|(design, costs)| (design.title(), costs)).collect();
    let mut text = HEAD.to_owned();
    text += &table_of_costs(&actions, section(committed, HEAD.lines().next().unwrap_or_default()));
    text += &format!("\n{DESIGNS}\n{OF_DESIGNS}");
    text += &table_of_costs(&designs, section(committed, DESIGNS));
    text += &format!("\n{POSTGRES}\n");
    match &counted.postgres {
        Some(sql) => {
            let sql: Vec<_> = sql.iter().map(|(action, sql)| (heading(*action), sql)).collect();
            text += OF_POSTGRES;
            headings(&mut text, &sql);
            rows(&mut text, "SQL", &sql, |sql| sql);
        }
        None => text += section(committed, POSTGRES),
    }
    text
}

fn table_of_costs(columns: &[Column<'_, Costs>], committed: &str) -> String {
    let mut text = String::new();
    headings(&mut text, columns);
    number(&mut text, "history: events", columns, |costs| costs.history_events);
    let mut bytes = committed_bytes(committed).into_iter();
    line(
        &mut text,
        BYTES,
        columns.iter().map(|(_, costs)| {
            let counted = costs.history_bytes;
            let known = bytes.next().filter(|known| known.abs_diff(counted) <= JITTER);
            known.unwrap_or(counted).to_string()
        }),
    );
    number(&mut text, "state transitions", columns, |costs| costs.state_transitions);
    rows(&mut text, "gRPC", columns, |costs| &costs.grpc);
    rows(&mut text, "HTTP", columns, |costs| &costs.http);
    rows(&mut text, "SQL", columns, |costs| &costs.sql);
    text
}

/// What is below this heading, up to the next.
fn section<'a>(document: &'a str, heading: &str) -> &'a str {
    let below = document.split_once(&format!("{heading}\n")).map_or("", |(_, below)| below);
    below.find("\n## ").and_then(|end| below.get(..end)).unwrap_or(below)
}

fn committed_bytes(section: &str) -> Vec<u64> {
    let row = section.lines().find_map(|line| line.strip_prefix(&format!("| {BYTES} |")));
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

fn headings<T>(text: &mut String, columns: &[Column<'_, T>]) {
    line(text, "counter", columns.iter().map(|(heading, _)| (*heading).to_owned()));
    line(text, "--", columns.iter().map(|_| "--".to_owned()));
}

fn rows<T>(text: &mut String, of: &str, columns: &[Column<'_, T>], part: fn(&T) -> &Counts) {
    let names: BTreeSet<&String> =
        columns.iter().flat_map(|(_, costs)| part(costs).keys()).collect();
    for name in names {
        let count = |costs: &T| part(costs).get(name).copied().unwrap_or_default();
        number(text, &format!("{of}: `{name}`"), columns, count);
    }
}

fn number<T>(text: &mut String, of: &str, columns: &[Column<'_, T>], count: impl Fn(&T) -> u64) {
    line(text, of, columns.iter().map(|(_, costs)| count(costs).to_string()));
}

fn line(text: &mut String, first: &str, cells: impl Iterator<Item = String>) {
    write!(text, "| {first} |").expect("a string takes it");
    for cell in cells {
        write!(text, " {cell} |").expect("a string takes it");
    }
    text.push('\n');
}

#[test]
fn a_section_ends_where_the_next_begins() {
    let document = "# a\nfirst\n\n## b\nsecond\n\n## c\nthird\n";

    assert_eq!(section(document, "# a"), "first\n");
    assert_eq!(section(document, "## b"), "second\n");
    assert_eq!(section(document, "## c"), "third\n");
    assert_eq!(section(document, "## d"), "");
}
