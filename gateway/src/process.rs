//! The process behind a placement, as its customers' front door asks it: place, look, cancel. Each is one attempt with a
//! time-out of ours; the SDK's own retries would hide for a minute that Temporal is away.

use contracts::placement::RejectReason;
use contracts::{CustomerId, OrderId};
use std::time::Duration;
use temporalio_client::errors::{
    WorkflowInteractionError, WorkflowQueryError, WorkflowStartError, WorkflowUpdateWithStartError,
};
use temporalio_client::{
    Client, QueryRejectCondition, RetryOptions, RpcOptions, WorkflowDescribeOptions,
    WorkflowExecutionDescription, WorkflowExecutionStatus, WorkflowGetResultOptions,
    WorkflowHandle, WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowQueryOptions,
    WorkflowSignalOptions, WorkflowUpdateWithStartOptions,
};
use temporalio_common::MemoValues;
use temporalio_common::search_attributes::SearchAttributes;
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{info, warn};
use workflows::TASK_QUEUE;
use workflows::arg::Arg;
use workflows::place_order::{
    CancelPlacement, PlaceAnswer, PlaceOrder, PlaceOrderInput, PlaceOrderOutcome, PlaceOrderStatus,
    contents_hash, workflow_id,
};
use workflows::search_attributes::{CUSTOMER_ID, ORDER_ID};

/// Temporal itself answers a look within this, or is away.
const LOOK_LIMIT: Duration = Duration::from_millis(1000);

/// A worker answers a query within this, or is silent.
const STATUS_LIMIT: Duration = Duration::from_millis(500);

/// Until a signal is taken.
const SIGNAL_LIMIT: Duration = Duration::from_secs(2);

/// Kept with the run from its start, so that a repeat is told from another cart while no worker answers.
const CONTENTS_HASH: &str = "contents_hash";

/// Asks processes through the client, once there is one.
#[derive(Clone)]
pub(crate) struct Process {
    client: watch::Receiver<Option<Client>>,
}

/// What the process said to the request to place an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// This.
    Answer(PlaceAnswer),
    /// Nothing in time, or nothing that says what is the case. It may be running all the same.
    Nothing,
}

/// The latest run of a placement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Run {
    /// It is under way.
    Open {
        /// Whose order it places, where the start says so.
        customer_id: Option<CustomerId>,
        /// The hash of what is ordered, where the start says so.
        contents_hash: Option<String>,
    },
    /// It came to its end.
    Completed(Box<PlaceOrderOutcome>),
    /// It failed or was ended by somebody: a person must look. It may be started again.
    Broken {
        /// Whose order it would have placed, where the start says so.
        customer_id: Option<CustomerId>,
    },
    /// There is none, or none any more.
    None,
    /// Temporal did not say.
    Unknown,
}

/// What asking a run to cancel came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CancelAsked {
    /// It is on record with the run, which will honour it.
    Taken,
    /// There is no open run to ask.
    NoOpenRun,
    /// Temporal did not say.
    Unknown,
}

impl Process {
    pub(crate) fn through(client: watch::Receiver<Option<Client>>) -> Self {
        Self { client }
    }

    /// Whether Temporal was reached once.
    pub(crate) fn is_connected(&self) -> bool {
        self.client.borrow().is_some()
    }

    /// Starts the placement, or joins the one under way, and waits this long for its decision.
    pub(crate) async fn place(&self, input: PlaceOrderInput, wait: Duration) -> Said {
        let Some(client) = self.client() else {
            return Said::Nothing;
        };
        let (order_id, request) = (input.order_id, input.request.clone());
        let options = start_options(&input, wait);
        let asked = client.execute_update_with_start_workflow(
            PlaceOrder::run,
            Arg::from(input),
            PlaceOrder::place,
            Arg::from(request),
            options,
        );
        match timeout(wait, asked).await {
            Ok(Ok(answer)) => Said::Answer(answer),
            // It completed before: its result says how.
            Ok(Err(WorkflowUpdateWithStartError::Start(WorkflowStartError::AlreadyStarted {
                ..
            }))) => Said::Nothing,
            Ok(Err(error)) => {
                warn!(order.id = %order_id, %error, "the process of order {order_id} gave no answer: {error}");
                Said::Nothing
            }
            Err(_) => {
                info!(order.id = %order_id, "order {order_id} is not decided in time");
                Said::Nothing
            }
        }
    }

    /// Looks at the latest run of a placement.
    pub(crate) async fn look(&self, order_id: OrderId) -> Run {
        let Some(run) = self.handle(order_id) else {
            return Run::Unknown;
        };
        let options =
            WorkflowDescribeOptions::builder().rpc_options(one_attempt(LOOK_LIMIT)).build();
        let described = match timeout(LOOK_LIMIT, run.describe(options)).await {
            Ok(Ok(described)) => described,
            Ok(Err(WorkflowInteractionError::NotFound(_))) => return Run::None,
            Ok(Err(error)) => return unknown(order_id, &error),
            Err(_) => return unknown(order_id, &"not in time"),
        };
        match described.status() {
            WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Paused => Run::Open {
                customer_id: customer_of(&described),
                contents_hash: described.memo().get(CONTENTS_HASH).ok().flatten(),
            },
            WorkflowExecutionStatus::Completed => result_of(&run, order_id).await,
            WorkflowExecutionStatus::Failed
            | WorkflowExecutionStatus::Canceled
            | WorkflowExecutionStatus::Terminated
            | WorkflowExecutionStatus::ContinuedAsNew
            | WorkflowExecutionStatus::TimedOut => {
                Run::Broken { customer_id: customer_of(&described) }
            }
            // `Unspecified`, `Unknown`, and what a newer SDK adds.
            _ => unknown(order_id, &"a status of tomorrow"),
        }
    }

    /// Where an open run stands, if a worker says so in time.
    pub(crate) async fn status(&self, order_id: OrderId) -> Option<PlaceOrderStatus> {
        let run = self.handle(order_id)?;
        let options = WorkflowQueryOptions::builder()
            .reject_condition(QueryRejectCondition::NotOpen)
            .rpc_options(one_attempt(STATUS_LIMIT))
            .build();
        let asked = run.query(PlaceOrder::status, Arg::from(serde_json::Value::Null), options);
        match timeout(STATUS_LIMIT, asked).await {
            Ok(Ok(status)) => Some(status),
            Ok(Err(WorkflowQueryError::Rejected { .. } | WorkflowQueryError::NotFound(_))) => None,
            Ok(Err(error)) => {
                info!(order.id = %order_id, %error, "no worker says where order {order_id} stands");
                None
            }
            Err(_) => None,
        }
    }

    /// Asks an open run to call the placement off, in its customer's name.
    pub(crate) async fn cancel(&self, order_id: OrderId) -> CancelAsked {
        let Some(run) = self.handle(order_id) else {
            return CancelAsked::Unknown;
        };
        let options =
            WorkflowSignalOptions::builder().rpc_options(one_attempt(SIGNAL_LIMIT)).build();
        let cancel = CancelPlacement { reason: RejectReason::CancelledByCustomer };
        match timeout(SIGNAL_LIMIT, run.signal(PlaceOrder::cancel, Arg::from(cancel), options))
            .await
        {
            Ok(Ok(())) => CancelAsked::Taken,
            Ok(Err(WorkflowInteractionError::NotFound(_))) => CancelAsked::NoOpenRun,
            Ok(Err(error)) => {
                warn!(order.id = %order_id, %error, "could not ask for order {order_id} to be called off");
                CancelAsked::Unknown
            }
            Err(_) => CancelAsked::Unknown,
        }
    }

    /// The client, once Temporal was reached.
    pub(crate) fn client(&self) -> Option<Client> {
        self.client.borrow().clone()
    }

    fn handle(&self, order_id: OrderId) -> Option<WorkflowHandle<Client, PlaceOrder>> {
        Some(self.client()?.get_workflow_handle::<PlaceOrder>(workflow_id(order_id)))
    }
}

/// A run that failed may be followed by another; an open or completed one may not.
fn start_options(input: &PlaceOrderInput, wait: Duration) -> WorkflowUpdateWithStartOptions {
    let hash = contents_hash(&input.request);
    let attributes = SearchAttributes::new([
        ORDER_ID.value_set(input.order_id.to_string()),
        CUSTOMER_ID.value_set(input.request.customer_id.to_string()),
    ]);
    let mut memo = MemoValues::new();
    memo.insert(CONTENTS_HASH, hash.clone());
    WorkflowUpdateWithStartOptions::new(
        TASK_QUEUE,
        workflow_id(input.order_id),
        WorkflowIdConflictPolicy::UseExisting,
    )
    .id_reuse_policy(WorkflowIdReusePolicy::AllowDuplicateFailedOnly)
    .task_timeout(workflows::TASK_LIMIT)
    .search_attributes(attributes)
    .memo(memo)
    .static_summary(format!("place order {}", input.order_id))
    // A repeat of the same request joins the first one's wait.
    .update_id(hash)
    .rpc_options(one_attempt(wait))
    .build()
}

async fn result_of(run: &WorkflowHandle<Client, PlaceOrder>, order_id: OrderId) -> Run {
    let options = WorkflowGetResultOptions::builder().rpc_options(one_attempt(LOOK_LIMIT)).build();
    match timeout(LOOK_LIMIT, run.get_result(options)).await {
        Ok(Ok(outcome)) => Run::Completed(Box::new(outcome)),
        Ok(Err(error)) => unknown(order_id, &error),
        Err(_) => unknown(order_id, &"its result did not come in time"),
    }
}

fn customer_of(described: &WorkflowExecutionDescription) -> Option<CustomerId> {
    described.search_attributes().get(&CUSTOMER_ID)?.parse().ok()
}

fn unknown(order_id: OrderId, why: &dyn std::fmt::Display) -> Run {
    warn!(order.id = %order_id, "nothing is known of the run of order {order_id}: {why}");
    Run::Unknown
}

/// One attempt, given up after this.
pub(crate) fn one_attempt(limit: Duration) -> RpcOptions {
    RpcOptions::builder().timeout(limit).retry_options(RetryOptions::no_retries()).build()
}
