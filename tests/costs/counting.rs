//! Something is done several times on a quiet system, and what one time costs is read off the counters.

use crate::meter::{self, Statements};
use serde_json::Value;
use std::fmt::Debug;
use tests::metrics::{Counts, at_rest, difference};
use tests::{World, eventually};

/// How often each is done. All must cost the same, or it is no cost of what is done.
pub(crate) const TIMES: u64 = 4;

/// What one time costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Costs {
    /// Events of the process's history.
    pub(crate) history_events: u64,
    /// Its bytes, of the longest: ids and times are longer by some bytes now and then.
    pub(crate) history_bytes: u64,
    /// State transitions, which is what Temporal Cloud and a cluster's database feel.
    pub(crate) state_transitions: u64,
    /// Calls on the Temporal server by operation.
    pub(crate) grpc: Counts,
    /// Calls on our services by route.
    pub(crate) http: Counts,
    /// Statements and commits by service.
    pub(crate) sql: Counts,
}

/// What was done left this in Temporal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Run {
    /// A run under this id, which ends.
    Ends(String),
    /// A run under this id, which nobody works on.
    StaysOpen(String),
    /// None.
    Nothing,
}

/// Does it with each of what was prepared, and says what one time costs.
///
/// `act` waits for the end of what it does without asking anybody who would count it.
pub(crate) async fn costs_of<P>(
    world: &World,
    what: &str,
    prepared: Vec<P>,
    act: impl AsyncFn(P) -> Run,
) -> Costs {
    let (grpc, http) = counters(world).await;
    let (runs, sql) = act_on_all(world, what, prepared, act).await;
    let (grpc_after, http_after) = counters(world).await;
    let (mut lengths, mut history_bytes) = (Vec::new(), 0);
    for run in runs {
        let (events, bytes, transitions) = history_of(world, &run).await;
        lengths.push((events, transitions));
        history_bytes = history_bytes.max(bytes);
    }
    let (history_events, state_transitions) = all_alike(what, lengths);
    Costs {
        history_events,
        history_bytes,
        state_transitions,
        grpc: one_of(what, &difference(&grpc, &grpc_after)),
        http: one_of(what, &difference(&http, &http_after)),
        sql,
    }
}

/// The same, of the databases alone.
pub(crate) async fn sql_of<P>(
    world: &World,
    what: &str,
    prepared: Vec<P>,
    act: impl AsyncFn(P) -> Run,
) -> Counts {
    act_on_all(world, what, prepared, act).await.1
}

/// The runs, and what every database was given each time.
async fn act_on_all<P>(
    world: &World,
    what: &str,
    prepared: Vec<P>,
    act: impl AsyncFn(P) -> Run,
) -> (Vec<Run>, Counts) {
    let (mut runs, mut sql) = (Vec::new(), Vec::new());
    for prepared in prepared {
        let written = meter::transactions(world).await;
        let logs = Statements::from_now(world);
        runs.push(act(prepared).await);
        let told = logs.at_rest().await;
        // Told twice: by the statements in the logs, and by the services' own count of transactions.
        let counted = difference(&written, &meter::transactions(world).await);
        assert_eq!(meter::transactions_in(&told), counted, "{what}: transactions in {told:?}");
        sql.push(told);
    }
    (runs, all_alike(what, sql))
}

async fn counters(world: &World) -> (Counts, Counts) {
    (at_rest(|| meter::grpc(world)).await, meter::http(world).await)
}

/// Events, bytes and state transitions.
async fn history_of(world: &World, run: &Run) -> (u64, u64, u64) {
    let described = match run {
        Run::Ends(workflow_id) => {
            let describe =
                || async { world.temporal.describe(workflow_id).await.filter(has_ended) };
            eventually(&format!("{workflow_id} ends"), describe).await
        }
        Run::StaysOpen(workflow_id) => world.temporal.describe(workflow_id).await.expect("a run"),
        Run::Nothing => return (0, 0, 0),
    };
    let number = |field: &str| -> u64 {
        let digits = info(&described, field).and_then(Value::as_str);
        digits.unwrap_or_else(|| panic!("no {field} in {described}")).parse().expect("a number")
    };
    (number("historyLength"), number("historySizeBytes"), number("stateTransitionCount"))
}

fn has_ended(described: &Value) -> bool {
    let status = info(described, "status").and_then(Value::as_str);
    status.is_some_and(|status| status != "WORKFLOW_EXECUTION_STATUS_RUNNING")
}

fn info<'a>(described: &'a Value, field: &str) -> Option<&'a Value> {
    described.get("workflowExecutionInfo")?.get(field)
}

/// The one value of all.
fn all_alike<T: PartialEq + Debug>(what: &str, values: Vec<T>) -> T {
    let mut values = values.into_iter();
    let first = values.next().expect("at least one");
    for other in values {
        assert_eq!(first, other, "{what} does not cost the same every time");
    }
    first
}

/// What one of [`TIMES`] costs.
fn one_of(what: &str, all: &Counts) -> Counts {
    let share = |(name, count): (&String, &u64)| {
        assert_eq!(count % TIMES, 0, "{what} costs {count} {name} in {TIMES} times");
        (name.clone(), count / TIMES)
    };
    all.iter().map(share).collect()
}
