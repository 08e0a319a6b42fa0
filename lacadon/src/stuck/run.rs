//! A run that is stuck, as Temporal shows it, and what may be done to it: have a step tried now, answer it in the place of
//! its service, end the run.
//!
//! A step is answered only where "done" is one known answer, and where the process may go on with it whatever the truth
//! is: the undos, and a notice. An order that is approved is never told to be discarded.

use crate::api::{CallError, segment, text};
use crate::system::Role;
use crate::target::Target;
use crate::temporal;
use anyhow::{Context, anyhow, bail};
use contracts::cases::Case;
use contracts::credit::CreditReleased;
use contracts::orders::ORDER_UNKNOWN;
use contracts::placement::{DiscardOrder, Discarded, NoticeGiven, NoticeRefusal};
use contracts::{OrderId, Reply};
use futures::TryStreamExt;
use serde_json::Value;
use std::time::Duration;
use temporalio_client::errors::{AsyncActivityError, WorkflowInteractionError};
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::{Code, IntoRequest};
use temporalio_client::{
    ActivityIdentifier, Client, NamespacedClient, RetryOptions, RpcOptions, UntypedWorkflow,
    WorkflowDescribeOptions, WorkflowExecutionStatus, WorkflowFetchHistoryOptions, WorkflowHandle,
    WorkflowTerminateOptions,
};
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::workflow::v1::PendingActivityInfo;
use temporalio_common::protos::temporal::api::workflowservice::v1::ResetActivityRequest;
use temporalio_common::protos::temporal::api::workflowservice::v1::reset_activity_request::Activity;

/// One call on Temporal.
const ONE_CALL: Duration = Duration::from_secs(5);

/// A placement is dozens of events; a run with more than this is none of ours.
const MOST_EVENTS: usize = 10_000;

/// The latest run under the id of a case.
pub(super) enum Looked {
    /// It is open.
    Open(Run),
    /// It has ended, or there is none any more.
    Ended,
}

/// An open run, as it was looked at.
pub(super) struct Run {
    pub(super) workflow_id: String,
    run_id: String,
    pending: Vec<PendingActivityInfo>,
    client: Client,
}

/// A step that keeps failing.
pub(super) struct Step {
    activity_id: String,
    pub(super) activity_type: String,
}

impl Run {
    /// Looks at the run that a case is about.
    pub(super) async fn look(case: &Case, target: &Target) -> anyhow::Result<Looked> {
        let workflow_id = case.report.workflow_id.as_ref().unwrap_or(&case.subject).clone();
        let client = temporal::connect_to(target.running()?.as_ref()).await?;
        let handle = client.get_workflow_handle::<UntypedWorkflow>(&workflow_id);
        let options = WorkflowDescribeOptions::builder().rpc_options(one_attempt()).build();
        let described = match handle.describe(options).await {
            Ok(described) => described,
            Err(WorkflowInteractionError::NotFound(_)) => return Ok(Looked::Ended),
            Err(error) => return Err(not_told(&workflow_id, error)),
        };
        if described.status() != WorkflowExecutionStatus::Running {
            return Ok(Looked::Ended);
        }
        let raw = described.into_raw();
        let execution = raw.workflow_execution_info.and_then(|info| info.execution);
        let run_id = execution.context("Temporal names no run")?.run_id;
        Ok(Looked::Open(Self { workflow_id, run_id, pending: raw.pending_activities, client }))
    }

    /// The step that a case names, or else the only one that was tried in vain, or else the only one; none if it is not
    /// pending any more.
    pub(super) fn stuck_step(&self, activity_id: Option<&str>) -> anyhow::Result<Option<Step>> {
        let &[step] = meant(&self.pending, activity_id).as_slice() else {
            if self.pending.is_empty() || activity_id.is_some() {
                return Ok(None);
            }
            bail!(
                "several steps of {} are not answered, and the case does not say which is meant; nothing was recorded",
                self.workflow_id
            );
        };
        let activity_type = step.activity_type.as_ref().map(|kind| kind.name.clone());
        let activity_type = activity_type.context("Temporal names no type of the step")?;
        Ok(Some(Step { activity_id: step.activity_id.clone(), activity_type }))
    }

    /// What the process is answered in the place of the service.
    pub(super) async fn answer_that_says_done(
        &self,
        step: &Step,
        target: &Target,
    ) -> anyhow::Result<Value> {
        match step.activity_type.as_str() {
            "credit.release" => Ok(serde_json::to_value(CreditReleased {})?),
            "order.notify" => {
                let given: Reply<_, NoticeRefusal> = Reply::Granted(NoticeGiven {});
                Ok(serde_json::to_value(given)?)
            }
            "order.discard" => {
                let asked: DiscardOrder = serde_json::from_slice(&self.input_of(step).await?)
                    .context("what the step was asked cannot be read")?;
                refuse_unless_undecided(&asked, target).await?;
                Ok(serde_json::to_value(Discarded::Discarded { reason: asked.reason })?)
            }
            other => bail!(
                "{other} cannot be skipped: the process needs the answer of its service; mend that and retry, or \
                 abandon the run; nothing was recorded"
            ),
        }
    }

    /// Ends the run where it is. None of its code runs any more.
    pub(super) async fn terminate(&self, because: &str) -> anyhow::Result<()> {
        let options = WorkflowTerminateOptions::builder()
            .reason(because.to_owned())
            .rpc_options(one_attempt())
            .build();
        match self.handle().terminate(options).await {
            Ok(()) | Err(WorkflowInteractionError::NotFound(_)) => Ok(()),
            Err(error) => Err(not_told(&self.workflow_id, error)),
        }
    }

    /// The step's wait ends, and its attempts are counted anew.
    pub(super) async fn try_now(&self, step: &Step) -> anyhow::Result<()> {
        let asked = ResetActivityRequest {
            namespace: self.client.namespace(),
            execution: Some(WorkflowExecution {
                workflow_id: self.workflow_id.clone(),
                run_id: self.run_id.clone(),
            }),
            identity: self.client.identity(),
            activity: Some(Activity::Id(step.activity_id.clone())),
            ..ResetActivityRequest::default()
        };
        let mut client = self.client.clone();
        let asked = WorkflowService::reset_activity(&mut client, asked.into_request());
        match tokio::time::timeout(ONE_CALL, asked).await {
            Ok(Ok(_)) => Ok(()),
            // It was answered meanwhile.
            Ok(Err(status)) if status.code() == Code::NotFound => Ok(()),
            Ok(Err(status)) => Err(not_told(&self.workflow_id, status)),
            Err(late) => Err(not_told(&self.workflow_id, late)),
        }
    }

    /// Answers the step.
    pub(super) async fn complete(&self, step: &Step, answer: &Value) -> anyhow::Result<()> {
        let named =
            ActivityIdentifier::by_id_workflow(&self.workflow_id, &self.run_id, &step.activity_id);
        let handle = self.client.get_async_activity_handle(named);
        match handle.complete(Some(answer.clone()), one_attempt()).await {
            // It was answered meanwhile.
            Ok(()) | Err(AsyncActivityError::NotFound(_)) => Ok(()),
            Err(error) => Err(not_told(&self.workflow_id, error)),
        }
    }

    /// What the step was asked, from the run's history.
    async fn input_of(&self, step: &Step) -> anyhow::Result<Vec<u8>> {
        let options = WorkflowFetchHistoryOptions::builder().rpc_options(one_attempt()).build();
        let events: Vec<HistoryEvent> =
            futures::StreamExt::take(self.handle().fetch_history(options), MOST_EVENTS)
                .try_collect()
                .await
                .map_err(|error| not_told(&self.workflow_id, error))?;
        let asked = events.into_iter().rev().find_map(|event| match event.attributes {
            Some(Attributes::ActivityTaskScheduledEventAttributes(asked))
                if asked.activity_id == step.activity_id =>
            {
                asked.input
            }
            _ => None,
        });
        let payload = asked.and_then(|input| input.payloads.into_iter().next());
        Ok(payload.context("the history does not say what the step was asked")?.data)
    }

    fn handle(&self) -> WorkflowHandle<Client, UntypedWorkflow> {
        self.client.get_workflow_handle::<UntypedWorkflow>(&self.workflow_id)
    }
}

fn meant<'a>(
    pending: &'a [PendingActivityInfo],
    activity_id: Option<&str>,
) -> Vec<&'a PendingActivityInfo> {
    if let Some(id) = activity_id {
        return pending.iter().filter(|step| step.activity_id == id).collect();
    }
    let in_vain: Vec<_> = pending.iter().filter(|step| step.last_failure.is_some()).collect();
    // One that was just retried is counted anew, and has not failed yet.
    if in_vain.is_empty() { pending.iter().collect() } else { in_vain }
}

/// The process would give the credit of an order back, and tell its customer that it was rejected.
async fn refuse_unless_undecided(asked: &DiscardOrder, target: &Target) -> anyhow::Result<()> {
    let order_id = asked.order_id;
    let Some(order) = order_on_file(order_id, target).await? else { return Ok(()) };
    let status = text(&order, "status");
    if matches!(status.as_str(), "pending" | "rejected") {
        return Ok(());
    }
    bail!(
        "order {order_id} is {status}: it must not count as discarded; retry, and the process goes on with what is true; \
         nothing was recorded"
    )
}

/// The order as order-api has it, if it has one.
pub(super) async fn order_on_file(
    order_id: OrderId,
    target: &Target,
) -> anyhow::Result<Option<Value>> {
    let api = target.order_api(Role::Auditor)?;
    match api.get(&format!("/orders/{}", segment(&order_id.to_string())), &[]).await {
        Ok(order) => Ok(Some(order)),
        Err(CallError::Refused { problem, .. }) if problem.code() == ORDER_UNKNOWN => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn not_told(workflow_id: &str, error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("Temporal does not do what {workflow_id} needs: {error}")
}

/// The SDK's own retries would hide for ten seconds that Temporal is away.
pub(super) fn one_attempt() -> RpcOptions {
    RpcOptions::builder().timeout(ONE_CALL).retry_options(RetryOptions::no_retries()).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use temporalio_common::protos::temporal::api::failure::v1::Failure;

    fn step(activity_id: &str, last_failure: Option<Failure>) -> PendingActivityInfo {
        let activity_id = activity_id.to_owned();
        PendingActivityInfo { activity_id, last_failure, ..PendingActivityInfo::default() }
    }

    #[test]
    fn the_step_that_a_case_means_is_the_one_it_names_or_the_one_that_fails_or_the_only_one() {
        let failing = step("release", Some(Failure::default()));
        let fresh = step("discard", None);
        let ids = |pending: &[PendingActivityInfo], named| {
            let meant = meant(pending, named);
            meant.into_iter().map(|step| step.activity_id.clone()).collect::<Vec<_>>()
        };

        assert_eq!(ids(&[failing.clone(), fresh.clone()], Some("discard")), ["discard"]);
        assert_eq!(ids(&[failing.clone(), fresh.clone()], None), ["release"]);
        assert_eq!(ids(&[fresh], None), ["discard"]);
        assert!(ids(&[failing], Some("discard")).is_empty());
    }
}
