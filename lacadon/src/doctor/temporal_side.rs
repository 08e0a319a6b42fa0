//! The Temporal server: does it answer, does it know our namespace and search attributes, does anybody poll.

use super::{Check, Finding};
use crate::system::Running;
use crate::temporal::connect_to;
use anyhow::Context;
use std::time::Duration;
use temporalio_client::tonic::IntoRequest;
use temporalio_client::{Client, NamespacedClient};
use temporalio_common::protos::temporal::api::enums::v1::{IndexedValueType, TaskQueueType};
use temporalio_common::protos::temporal::api::operatorservice::v1::ListSearchAttributesRequest;
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeNamespaceRequest, DescribeTaskQueueRequest,
};
use workflows::TASK_QUEUE;
use workflows::search_attributes;

/// A server that takes longer to answer has a fault of its own.
const ANSWER: Duration = Duration::from_secs(5);

pub(super) async fn checks(running: Option<&Running>) -> Vec<Check> {
    let client = match connect_to(running).await {
        Ok(client) => client,
        Err(e) => {
            let mend = match running {
                Some(running) if running.address("temporal").is_some() => {
                    "cargo dev keeps it up; its log is logs/temporal.log in the data directory"
                        .to_owned()
                }
                _ => "start that server, or mend TEMPORAL_ADDRESS".to_owned(),
            };
            return vec![Check::wrong("Temporal", format!("{e:#}"), mend)];
        }
    };
    let namespace = client.namespace();
    vec![
        Check::well("Temporal", "it answers"),
        settled("namespace", describe_namespace(&client).await, || {
            format!("temporal operator namespace create --namespace {namespace}")
        }),
        attributes(&client).await,
        settled("pollers", pollers(&client).await, || {
            "start a worker: cargo dev; if one runs, its log says why it does not poll".to_owned()
        }),
    ]
}

fn settled(name: &str, seen: anyhow::Result<String>, mend: impl Fn() -> String) -> Check {
    match seen {
        Ok(seen) => Check::well(name, seen),
        Err(e) => Check::wrong(name, format!("{e:#}"), mend()),
    }
}

async fn describe_namespace(client: &Client) -> anyhow::Result<String> {
    let namespace = client.namespace();
    let request = DescribeNamespaceRequest { namespace: namespace.clone(), ..Default::default() };
    let mut service = client.connection().workflow_service();
    tokio::time::timeout(ANSWER, service.describe_namespace(request.into_request()))
        .await
        .context("the namespace cannot be described in time")?
        .with_context(|| format!("the namespace {namespace} cannot be described"))?;
    Ok(namespace)
}

async fn attributes(client: &Client) -> Check {
    let name = "search attributes";
    let namespace = client.namespace();
    let request = ListSearchAttributesRequest { namespace: namespace.clone() };
    let mut operator = client.connection().operator_service();
    let asked = operator.list_search_attributes(request.into_request());
    let known = match tokio::time::timeout(ANSWER, asked).await {
        Ok(Ok(known)) => known.into_inner().custom_attributes,
        Ok(Err(status)) => {
            let what = format!("they cannot be listed: {}", status.message());
            return Check::wrong(name, what, "ask whoever runs the server for the right to");
        }
        Err(_) => return Check::wrong(name, "no answer in time", "cargo lacadon doctor, again"),
    };
    let keyword = i32::from(IndexedValueType::Keyword);
    let findings = search_attributes::ALL.iter().filter_map(|key| match known.get(key.name()) {
        Some(kind) if *kind == keyword => None,
        Some(_) => Some(Finding {
            what: format!("{} is registered with another type than Keyword", key.name()),
            mend: format!(
                "temporal operator search-attribute remove --namespace {namespace} --name {0}; \
                 temporal operator search-attribute create --namespace {namespace} --name {0} --type Keyword",
                key.name()
            ),
        }),
        None => Some(Finding {
            what: format!("{} is not registered: runs would hang", key.name()),
            mend: format!(
                "temporal operator search-attribute create --namespace {namespace} --name {} --type Keyword",
                key.name()
            ),
        }),
    });
    Check::of(name, findings.collect(), "all are registered")
}

async fn pollers(client: &Client) -> anyhow::Result<String> {
    let request = DescribeTaskQueueRequest {
        namespace: client.namespace(),
        task_queue: Some(TaskQueue { name: TASK_QUEUE.to_owned(), ..TaskQueue::default() }),
        task_queue_type: TaskQueueType::Workflow.into(),
        ..DescribeTaskQueueRequest::default()
    };
    let mut service = client.connection().workflow_service();
    let answer = tokio::time::timeout(ANSWER, service.describe_task_queue(request.into_request()))
        .await
        .context("the task queue cannot be described in time")?
        .context("the task queue cannot be described")?;
    let pollers = answer.into_inner().pollers;
    anyhow::ensure!(!pollers.is_empty(), "nobody polls the task queue {TASK_QUEUE}");
    let mut identities: Vec<String> = pollers.into_iter().map(|poller| poller.identity).collect();
    identities.sort();
    identities.dedup();
    Ok(identities.join(", "))
}
