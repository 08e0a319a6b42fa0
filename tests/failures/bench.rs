//! Where the failure tests run: a Temporal server, and one worker with every process and only fakes behind it.

use crate::fakes::{Case, Cases, Fake, FakeBooks, FakeCredit, FakeOrders, FakeVouchers};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, WorkflowFetchHistoryOptions,
    WorkflowGetResultOptions, WorkflowStartOptions,
};
use temporalio_common::UntypedWorkflow;
use temporalio_common::data_converters::{PayloadConverter, RawValue};
use temporalio_common::protos::temporal::api::history::v1::{
    HistoryEvent, history_event::Attributes,
};
use temporalio_sdk::runtime::RuntimeOptions;
use temporalio_sdk::workflow_replayer::WorkflowReplayer;
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use tests::{World, eventually_within};
use tokio::sync::oneshot;
use workflows::TASK_QUEUE;

/// The longest case waits for a patience of half a minute.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long one look waits at the server for the end of a run.
const ONE_LOOK: Duration = Duration::from_secs(10);

/// A server and a worker.
pub(crate) struct Bench {
    pub(crate) client: Client,
    cases: Arc<Cases>,
    stop: Option<Box<dyn FnOnce()>>,
    ended: Option<oneshot::Receiver<()>>,
    world: World,
}

impl Bench {
    /// With every process of the registry.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// With every process of the registry, and what `more` registers.
    pub(crate) async fn start_with(more: impl FnOnce(&mut WorkerOptions)) -> Self {
        let world = World::start_with(|options| {
            ["order-api", "voucher-api", "risk-api", "desk-api", "gateway"]
                .into_iter()
                .fold(options.with_workers(0), |options, name| options.left_down(name))
        })
        .await;
        let url: url::Url = world.system.temporal_url().parse().expect("a URL");
        let options = ConnectionOptions::new(url).dns_load_balancing(None).build();
        let connection = Connection::connect(options).await.expect("a connection");
        let namespace = ClientOptions::new(world.system.namespace()).build();
        let client = Client::new(connection, namespace).expect("a client");
        worker::search_attributes::assert_with_patience(&client).await;

        let cases = Arc::new(Cases::default());
        let fake = Fake { cases: Arc::clone(&cases), client: client.clone() };
        let mut options = worker::registry::processes_for_work().expect("a registry");
        options.register_activities(FakeBooks(fake.clone()));
        options.register_activities(FakeOrders(fake.clone()));
        options.register_activities(FakeCredit(fake.clone()));
        options.register_activities(FakeVouchers(fake));
        more(&mut options);
        let runtime = RuntimeOptions::builder().heartbeat_interval(None).build().expect("options");
        let runtime = Runtime::from_current_tokio(runtime).expect("a runtime");
        let mut worker = Worker::new(&runtime, client.clone(), options).expect("a worker");
        let stop = worker.shutdown_handle();
        let (ending, ended) = oneshot::channel();
        let tokio = tokio::runtime::Handle::current();
        std::thread::spawn(move || {
            tokio.block_on(worker.run()).expect("the worker ends well");
            drop(runtime);
            let _ = ending.send(());
        });
        let stop: Box<dyn FnOnce()> = Box::new(stop);
        Self { client, cases, stop: Some(stop), ended: Some(ended), world }
    }

    /// Starts a run of this type and id for a case.
    pub(crate) async fn begin(
        &self,
        workflow_type: &str,
        workflow_id: &str,
        input: &Value,
        case: &Arc<Case>,
    ) {
        self.cases.add(workflow_id, case);
        let input = RawValue::from_value(input, &PayloadConverter::default());
        let options = WorkflowStartOptions::new(TASK_QUEUE, workflow_id).build();
        let workflow = UntypedWorkflow::new(workflow_type);
        self.client.start_workflow(workflow, input, options).await.expect("started");
    }

    /// Waits until the run has ended; its whole history.
    pub(crate) async fn history_of(&self, workflow_id: &str) -> Vec<HistoryEvent> {
        eventually_within(PATIENCE, &format!("{workflow_id} ends"), || async {
            let run = self.client.get_workflow_handle::<UntypedWorkflow>(workflow_id);
            // Waits at the server: hundreds of runs that are asked for all the time would keep each other from ending.
            let result = run.get_result(WorkflowGetResultOptions::default());
            let _ = tokio::time::timeout(ONE_LOOK, result).await;
            let history = run.fetch_history(WorkflowFetchHistoryOptions::default());
            let events = history.into_events().await.ok()?;
            word_of(events.last()?).is_some().then_some(events)
        })
        .await
    }

    /// Waits until the run has ended; how, in one word.
    pub(crate) async fn ending_of(&self, workflow_id: &str) -> String {
        ending(&self.history_of(workflow_id).await)
    }

    /// Stops the worker, then the server.
    pub(crate) async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            stop();
        }
        if let Some(ended) = self.ended.take() {
            ended.await.expect("the worker's thread ends");
        }
        self.world.system.stop().await.expect("the server stops");
    }
}

/// How a closed history ended, in one word: its outcome or reason, or the kind of its failure.
pub(crate) fn ending(history: &[HistoryEvent]) -> String {
    history.last().and_then(word_of).expect("an ending")
}

/// Fails unless the history replays against the processes of this build.
pub(crate) async fn assert_replays(events: Vec<HistoryEvent>, what: &str) {
    let options = worker::registry::for_replay().expect("a registry");
    let replayer = WorkflowReplayer::new(options).expect("a replayer");
    let history = temporalio_common::protos::temporal::api::history::v1::History { events };
    let replayed =
        tokio::time::timeout(Duration::from_secs(30), replayer.replay_workflow(history.into()));
    let replayed = replayed.await.unwrap_or_else(|_| panic!("{what}: the replay hangs"));
    if let Err(error) = replayed {
        panic!("{what}: does not replay: {error:?}");
    }
}

/// Fails unless every activity and timer of a closed history has ended, too.
pub(crate) fn assert_nothing_is_pending(events: &[HistoryEvent], what: &str) {
    let mut pending = 0;
    for event in events {
        match event.attributes.as_ref() {
            Some(
                Attributes::ActivityTaskScheduledEventAttributes(_)
                | Attributes::TimerStartedEventAttributes(_),
            ) => pending += 1,
            Some(
                Attributes::ActivityTaskCompletedEventAttributes(_)
                | Attributes::ActivityTaskFailedEventAttributes(_)
                | Attributes::ActivityTaskTimedOutEventAttributes(_)
                | Attributes::ActivityTaskCanceledEventAttributes(_)
                | Attributes::TimerFiredEventAttributes(_)
                | Attributes::TimerCanceledEventAttributes(_),
            ) => pending -= 1,
            // Asked to cancel and not waited for: the server drops it with the run.
            Some(Attributes::ActivityTaskCancelRequestedEventAttributes(_)) => pending -= 1,
            _ => {}
        }
    }
    assert!(pending <= 0, "{what}: {pending} activities or timers are left");
}

fn word_of(last: &HistoryEvent) -> Option<String> {
    match last.attributes.as_ref()? {
        Attributes::WorkflowExecutionCompletedEventAttributes(completed) => {
            let payload = completed.result.as_ref()?.payloads.first()?;
            let result: Value = serde_json::from_slice(&payload.data).ok()?;
            let word = match result["outcome"].as_str()? {
                "rejected" => result["reason"].as_str()?,
                outcome => outcome,
            };
            Some(word.to_owned())
        }
        Attributes::WorkflowExecutionFailedEventAttributes(failed) => {
            use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo;
            match failed.failure.as_ref()?.failure_info.as_ref()? {
                FailureInfo::ApplicationFailureInfo(info) => Some(info.r#type.clone()),
                other => Some(format!("failed otherwise: {other:?}")),
            }
        }
        Attributes::WorkflowExecutionCanceledEventAttributes(_) => Some("Canceled".to_owned()),
        Attributes::WorkflowExecutionTerminatedEventAttributes(_) => Some("Terminated".to_owned()),
        Attributes::WorkflowExecutionTimedOutEventAttributes(_) => Some("TimedOut".to_owned()),
        _ => None,
    }
}
