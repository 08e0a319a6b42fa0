//! A run of somebody else's workflow type, completed by hand through the bare API: no SDK worker has to be deployed.

use crate::world::World;
use std::str::FromStr as _;
use std::time::Duration;
use temporalio_client::tonic::IntoRequest as _;
use temporalio_client::{Connection, ConnectionOptions};
use temporalio_common::protos::temporal::api::command::v1::{
    Command, CompleteWorkflowExecutionCommandAttributes, command::Attributes,
};
use temporalio_common::protos::temporal::api::enums::v1::CommandType;
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    PollWorkflowTaskQueueRequest, RespondWorkflowTaskCompletedRequest,
};
use url::Url;

/// How long the server may take to hand out the one task.
const POLL_LIMIT: Duration = Duration::from_secs(60);

impl World {
    /// Starts a run of another type under `workflow_id`, and completes it.
    ///
    /// # Panics
    /// When the server refuses any of it.
    pub async fn completes_a_run_of_another_type(&self, workflow_id: &str) {
        let queue = "somebody-else";
        let start = ["workflow", "start", "--type", "SomethingElse", "--task-queue", queue];
        self.temporal.json(&[&start[..], &["--workflow-id", workflow_id]].concat()).await;

        let url = Url::from_str(&self.system.temporal_url()).expect("a URL");
        let options = ConnectionOptions::new(url).dns_load_balancing(None).build();
        let connection = Connection::connect(options).await.expect("a connection");
        let mut service = connection.workflow_service();
        let mut poll = PollWorkflowTaskQueueRequest {
            namespace: self.temporal.namespace.clone(),
            task_queue: Some(TaskQueue { name: queue.to_owned(), ..TaskQueue::default() }),
            ..PollWorkflowTaskQueueRequest::default()
        }
        .into_request();
        poll.set_timeout(POLL_LIMIT);
        let task = service.poll_workflow_task_queue(poll).await.expect("a task").into_inner();
        assert!(!task.task_token.is_empty(), "the server handed out no task");

        let nothing = CompleteWorkflowExecutionCommandAttributes::default();
        let complete = Command {
            command_type: CommandType::CompleteWorkflowExecution.into(),
            attributes: Some(Attributes::CompleteWorkflowExecutionCommandAttributes(nothing)),
            ..Command::default()
        };
        let answer = RespondWorkflowTaskCompletedRequest {
            namespace: self.temporal.namespace.clone(),
            task_token: task.task_token,
            commands: vec![complete],
            ..RespondWorkflowTaskCompletedRequest::default()
        };
        service.respond_workflow_task_completed(answer.into_request()).await.expect("completed");
    }
}
