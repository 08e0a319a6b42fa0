//! The Temporal server, as an operator asks it: reachable, which namespace, how runs ended.

use crate::system::Running;
use anyhow::{Context, anyhow};
use contracts::OrderId;
use futures::StreamExt;
use launch::temporal::{Found, Origin, Surroundings};
use serde_json::Value;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;
use temporalio_client::envconfig::LoadClientConfigProfileOptions;
use temporalio_client::errors::WorkflowGetResultError;
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, Url, WorkflowGetResultOptions,
};
use temporalio_common::UntypedWorkflow;

/// A server that takes longer to accept a connection is as good as away.
const CONNECT: Duration = Duration::from_secs(5);

/// Between two looks at a run that is not there yet.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// So many runs are waited for at once.
const AT_ONCE: usize = 32;

/// Connects to a server at this address, without TLS, in this namespace: the one of a system of ours.
///
/// # Errors
/// When it does not answer.
pub async fn connect(address: &str, namespace: &str) -> anyhow::Result<Client> {
    let options = ConnectionOptions::new(Url::from_str(&format!("http://{address}"))?).build();
    connect_with(options, ClientOptions::new(namespace).build()).await
}

/// Connects as `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_TLS…` and `temporal.toml` say.
///
/// # Errors
/// When they contradict themselves or the server does not answer.
pub async fn connect_from_environment() -> anyhow::Result<Client> {
    let (connection, client) =
        ClientOptions::load_from_config(LoadClientConfigProfileOptions::default())
            .map_err(|e| anyhow!("the settings of the Temporal connection: {e}"))?;
    connect_with(connection, client).await
}

/// The server of a running system: its own, or the one that the environment names.
///
/// # Errors
/// When it does not answer.
pub async fn connect_to(running: Option<&Running>) -> anyhow::Result<Client> {
    match running {
        Some(running) if running.address("temporal").is_some() => {
            connect(&running.temporal.address, crate::system::NAMESPACE).await
        }
        _ => connect_from_environment().await,
    }
}

async fn connect_with(
    mut connection: ConnectionOptions,
    client: ClientOptions,
) -> anyhow::Result<Client> {
    crate::http::install_crypto();
    connection.connect_timeout = Some(CONNECT);
    connection.identity = "lacadon".to_owned();
    connection.dns_load_balancing = None;
    let address = connection.target.to_string();
    let connected = tokio::time::timeout(CONNECT, Connection::connect(connection)).await;
    let connection = connected
        .map_err(anyhow::Error::from)
        .and_then(|connected| Ok(connected?))
        .with_context(|| format!("the Temporal server at {address} does not answer"))?;
    Ok(Client::new(connection, client)?)
}

/// What to type for the `temporal` program: its name where it is on PATH, otherwise where it is kept.
#[must_use]
pub fn word_for_the_cli() -> String {
    match launch::temporal::look(&Surroundings::of_this_process(None)) {
        Ok(Found::Cli(cli)) if cli.origin != Origin::OnPath => cli.path.display().to_string(),
        Ok(Found::Cli(_) | Found::MustBeBuilt(_)) | Err(_) => "temporal".to_owned(),
    }
}

/// How the run of an order ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It completed with this result.
    Completed(Value),
    /// It ended in another way, told for people.
    Otherwise(String),
}

/// Waits for the end of the process of each of these orders, also for its beginning; `on_end` hears how many have ended.
/// Bound it with a time-out.
pub async fn ends_of_runs(
    client: &Client,
    orders: impl IntoIterator<Item = OrderId>,
    workflow_id: fn(OrderId) -> String,
    mut on_end: impl FnMut(u64),
) -> BTreeMap<OrderId, Ended> {
    let mut ending = futures::stream::iter(orders)
        .map(|order_id| async move { (order_id, end_of_run(client, &workflow_id(order_id)).await) })
        .buffer_unordered(AT_ONCE);
    let mut ends = BTreeMap::new();
    let mut ended = 0;
    while let Some((order_id, end)) = ending.next().await {
        ends.insert(order_id, end);
        ended += 1;
        on_end(ended);
    }
    ends
}

async fn end_of_run(client: &Client, workflow_id: &str) -> Ended {
    let handle = client.get_workflow_handle::<UntypedWorkflow>(workflow_id);
    loop {
        match handle.get_result(WorkflowGetResultOptions::default()).await {
            Ok(result) => {
                let payload = result.payloads.first().map(|payload| payload.data.as_slice());
                let json = payload.and_then(|data| serde_json::from_slice(data).ok());
                return Ended::Completed(json.unwrap_or_default());
            }
            Err(
                e @ (WorkflowGetResultError::Failed(_)
                | WorkflowGetResultError::Cancelled { .. }
                | WorkflowGetResultError::Terminated { .. }
                | WorkflowGetResultError::TimedOut
                | WorkflowGetResultError::ContinuedAsNew),
            ) => return Ended::Otherwise(e.to_string()),
            // Not started yet, or the server is away for a moment.
            Err(_) => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}
