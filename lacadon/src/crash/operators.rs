//! Operators at the Temporal command line, who start, cancel and terminate runs whenever they like.

use super::plan::Run;
use crate::system::System;
use crate::temporal;
use contracts::OrderId;
use std::time::{Duration, Instant};
use temporalio_client::errors::{WorkflowInteractionError, WorkflowStartError};
use temporalio_client::{
    Client, WorkflowCancelOptions, WorkflowStartOptions, WorkflowTerminateOptions,
};
use temporalio_common::UntypedWorkflow;
use temporalio_common::data_converters::{PayloadConverter, RawValue};
use workflows::grant_voucher::{self, GRANT_VOUCHER, GrantVoucherInput};
use workflows::{TASK_QUEUE, place_order, release_credit};

/// One command; whoever gets no answer to it cannot tell whether it was obeyed.
const ONE_COMMAND: Duration = Duration::from_secs(3);

/// So long they wait for a run that they want to lay hands on.
const RUN_COMES_WITHIN: Duration = Duration::from_secs(2);

/// Between two tries: a voucher run lives for some milliseconds.
const TRY_EVERY: Duration = Duration::from_millis(5);

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obeyed {
    Yes,
    /// There is no such run, or it has ended.
    NoRun,
    /// No answer came.
    Unknown,
}

/// Their command line.
#[derive(Clone)]
pub(super) struct Operators {
    client: Client,
}

impl Operators {
    pub(super) async fn of(system: &System) -> anyhow::Result<Self> {
        let client = temporal::connect(system.temporal_address(), system.namespace()).await?;
        Ok(Self { client })
    }

    /// Starts the voucher run of an order by hand, whatever the order's state is. An open or completed run is left alone,
    /// as the command line does.
    pub(super) async fn start_voucher(&self, order_id: OrderId) {
        // Whether it starts, is refused or is never heard of is all the same to the rule.
        let _ = tokio::time::timeout(ONE_COMMAND, start_by_hand(&self.client, order_id)).await;
    }

    /// Cancels the run as soon as there is one.
    pub(super) async fn cancel(&self, run: Run, order_id: OrderId) -> Obeyed {
        self.insist(|| self.cancel_now(run, order_id)).await
    }

    /// Terminates the run as soon as there is one.
    pub(super) async fn terminate(&self, run: Run, order_id: OrderId) -> Obeyed {
        self.insist(|| self.terminate_now(run, order_id)).await
    }

    async fn insist<F: Future<Output = Obeyed>>(&self, command: impl Fn() -> F) -> Obeyed {
        let give_up = Instant::now() + RUN_COMES_WITHIN;
        loop {
            match command().await {
                Obeyed::NoRun if Instant::now() < give_up => tokio::time::sleep(TRY_EVERY).await,
                obeyed => return obeyed,
            }
        }
    }

    async fn cancel_now(&self, run: Run, order_id: OrderId) -> Obeyed {
        let handle = self.client.get_workflow_handle::<UntypedWorkflow>(id_of(run, order_id));
        let options = WorkflowCancelOptions::builder().reason("crash campaign").build();
        obeyed(tokio::time::timeout(ONE_COMMAND, handle.cancel(options)).await)
    }

    async fn terminate_now(&self, run: Run, order_id: OrderId) -> Obeyed {
        let handle = self.client.get_workflow_handle::<UntypedWorkflow>(id_of(run, order_id));
        let options = WorkflowTerminateOptions::builder().reason("crash campaign").build();
        obeyed(tokio::time::timeout(ONE_COMMAND, handle.terminate(options)).await)
    }
}

/// Starts the voucher run of an order as `temporal workflow start` does, without a word on runs of before.
pub(super) async fn start_by_hand(
    client: &Client,
    order_id: OrderId,
) -> Result<(), WorkflowStartError> {
    let input = RawValue::from_value(&GrantVoucherInput { order_id }, &PayloadConverter::default());
    let options =
        WorkflowStartOptions::new(TASK_QUEUE, grant_voucher::workflow_id(order_id)).build();
    client.start_workflow(UntypedWorkflow::new(GRANT_VOUCHER), input, options).await.map(drop)
}

fn id_of(run: Run, order_id: OrderId) -> String {
    match run {
        Run::Placement => place_order::workflow_id(order_id),
        Run::Voucher => grant_voucher::workflow_id(order_id),
        Run::Credit => release_credit::workflow_id(order_id),
    }
}

fn obeyed<E>(answer: Result<Result<(), WorkflowInteractionError>, E>) -> Obeyed {
    match answer {
        Ok(Ok(())) => Obeyed::Yes,
        Ok(Err(WorkflowInteractionError::NotFound(_))) => Obeyed::NoRun,
        Ok(Err(_)) | Err(_) => Obeyed::Unknown,
    }
}
