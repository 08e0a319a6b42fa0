//! Asks everybody at once who may know of an order, each within the same limit.

use super::records::Records;
use super::run::Run;
use super::timeline::Facts;
use crate::process::one_attempt;
use crate::services::Services;
use contracts::OrderId;
use futures::{StreamExt, TryStreamExt};
use std::time::Duration;
use temporalio_client::errors::WorkflowInteractionError;
use temporalio_client::{
    Client, WorkflowDescribeOptions, WorkflowFetchHistoryOptions, WorkflowHandle,
};
use temporalio_common::UntypedWorkflow;
use temporalio_common::protos::temporal::api::history::v1::History;
use temporalio_common::protos::temporal::api::workflow::v1::PendingActivityInfo;
use tokio::time::timeout;
use tracing::info;
use workflows::{grant_voucher, place_order, release_credit};

/// Who may be missing.
pub(super) const ORDER_API: &str = "order-api";
pub(super) const RISK_API: &str = "risk-api";
pub(super) const VOUCHER_API: &str = "voucher-api";
pub(super) const TEMPORAL: &str = "temporal";

/// A run has a dozen events, a troubled one some dozens.
const MOST_EVENTS: usize = 2_000;

/// A source did not answer, or nothing that can be read.
struct Silent;

/// What is known of an order, and who did not answer.
pub(super) async fn facts_of(
    services: &Services,
    temporal: Option<&Client>,
    order_id: OrderId,
    limit: Duration,
) -> Facts {
    let mut facts = Facts::default();
    let runs = [
        place_order::workflow_id(order_id),
        grant_voucher::workflow_id(order_id),
        release_credit::workflow_id(order_id),
    ];
    let asked_runs = runs.map(|id| async move {
        match temporal {
            Some(client) => run_named(client, id, limit).await,
            None => Err(Silent),
        }
    });
    let (orders, reservation, vouchers, runs) = tokio::join!(
        timeout(limit, services.order_records(order_id)),
        timeout(limit, services.reservation_of(order_id)),
        timeout(limit, services.vouchers_earned_by(order_id)),
        futures::future::join_all(asked_runs),
    );
    let orders = facts.answered(orders, ORDER_API).unwrap_or_default();
    facts.records = Records {
        order: orders.order,
        placement: orders.placement,
        notices: orders.notices,
        reservation: facts.answered(reservation, RISK_API).flatten(),
        vouchers: facts.answered(vouchers, VOUCHER_API).unwrap_or_default(),
    };
    for run in runs {
        let run = run.unwrap_or_else(|Silent| {
            facts.missing.insert(TEMPORAL);
            None
        });
        facts.runs.extend(run);
    }
    facts
}

impl Facts {
    /// The answer; without one, who gave none is noted.
    fn answered<T, E, L>(
        &mut self,
        answer: Result<Result<T, E>, L>,
        who: &'static str,
    ) -> Option<T> {
        let answer = answer.ok().and_then(Result::ok);
        if answer.is_none() {
            self.missing.insert(who);
        }
        answer
    }
}

/// The latest run under this id; `None` if there is none, or none any more.
async fn run_named(client: &Client, id: String, limit: Duration) -> Result<Option<Run>, Silent> {
    let handle = client.get_workflow_handle::<UntypedWorkflow>(id.clone());
    let asked = timeout(limit, read_run(&handle, limit));
    match asked.await {
        Ok(Ok(run)) => Ok(run),
        Ok(Err(error)) => {
            info!(%error, "Temporal does not tell of {id}: {error}");
            Err(Silent)
        }
        Err(_) => Err(Silent),
    }
}

async fn read_run(
    handle: &WorkflowHandle<Client, UntypedWorkflow>,
    limit: Duration,
) -> Result<Option<Run>, WorkflowInteractionError> {
    let Some(history) = history_of(handle, limit).await? else { return Ok(None) };
    let is_open = Run::is_open(&history);
    let pending = if is_open { pending_of(handle, limit).await? } else { Vec::new() };
    Ok(Run::of(history, pending))
}

async fn history_of(
    handle: &WorkflowHandle<Client, UntypedWorkflow>,
    limit: Duration,
) -> Result<Option<History>, WorkflowInteractionError> {
    let options = WorkflowFetchHistoryOptions::builder().rpc_options(one_attempt(limit)).build();
    let events = handle.fetch_history(options).take(MOST_EVENTS).try_collect().await;
    match events {
        Ok(events) => Ok(Some(History { events })),
        Err(WorkflowInteractionError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What an open run waits for. Its attempts are not in its history until it is answered.
async fn pending_of(
    handle: &WorkflowHandle<Client, UntypedWorkflow>,
    limit: Duration,
) -> Result<Vec<PendingActivityInfo>, WorkflowInteractionError> {
    let options = WorkflowDescribeOptions::builder().rpc_options(one_attempt(limit)).build();
    Ok(handle.describe(options).await?.into_raw().pending_activities)
}
