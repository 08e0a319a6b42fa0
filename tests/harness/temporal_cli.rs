//! The `temporal` command, as an operator types it, and what it prints of a run.

use base64::Engine as _;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Output;

/// The command with the address of one server.
#[derive(Clone, Debug)]
pub struct TemporalCli {
    /// The binary.
    pub path: PathBuf,
    /// `host:port`.
    pub address: String,
    /// The namespace that the system under test uses.
    pub namespace: String,
}

/// How a run ended, read from the last event of its history.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// With this result.
    Completed(Value),
    /// With a failure of this type and message.
    Failed {
        /// The failure's type, as in `OrderNotSent`.
        kind: String,
        /// What it says.
        message: String,
    },
    /// By an operator's `terminate`.
    Terminated,
    /// Otherwise; the event's type.
    Other(String),
}

impl TemporalCli {
    /// Runs the command with these words.
    ///
    /// # Panics
    /// When the binary cannot be run.
    pub async fn run(&self, words: &[&str]) -> Output {
        tokio::process::Command::new(&self.path)
            .args(words)
            .args(["--address", &self.address, "--namespace", &self.namespace])
            .env("TEMPORAL_CONFIG_FILE", "/dev/null")
            .output()
            .await
            .expect("the temporal command runs")
    }

    /// Runs the command, which must succeed.
    ///
    /// # Panics
    /// When it fails.
    pub async fn succeed(&self, words: &[&str]) {
        let output = self.run(words).await;
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Runs the command, which must succeed, and reads the JSON that it prints.
    ///
    /// # Panics
    /// When it fails or prints something else.
    pub async fn json(&self, words: &[&str]) -> Value {
        let mut all = words.to_vec();
        all.extend(["-o", "json"]);
        let output = self.run(&all).await;
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{words:?}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_str(&said)
            .unwrap_or_else(|e| panic!("{words:?} printed no JSON ({e}): {said}"))
    }

    /// Starts a run by hand.
    ///
    /// # Panics
    /// When the server does not accept it.
    pub async fn start(&self, workflow_id: &str, input: &str) {
        self.start_of("GrantVoucher", workflow_id, input).await;
    }

    /// Starts a run of this type by hand.
    ///
    /// # Panics
    /// When the server does not accept it.
    pub async fn start_of(&self, workflow_type: &str, workflow_id: &str, input: &str) {
        self.json(&[
            "workflow",
            "start",
            "--type",
            workflow_type,
            "--task-queue",
            "lacadon",
            "--workflow-id",
            workflow_id,
            "--input",
            input,
        ])
        .await;
    }

    /// The events of the latest run under this id; none when there is no such run.
    pub async fn events(&self, workflow_id: &str) -> Vec<Value> {
        let output =
            self.run(&["workflow", "show", "--workflow-id", workflow_id, "-o", "json"]).await;
        let history: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        history.get("events").and_then(Value::as_array).cloned().unwrap_or_default()
    }

    /// How the latest run under this id ended; nothing while it is open or does not exist.
    pub async fn ending(&self, workflow_id: &str) -> Option<Ending> {
        ending(self.events(workflow_id).await.last()?)
    }

    /// The latest run under this id, as `temporal workflow describe` gives it; nothing when there is none.
    pub async fn describe(&self, workflow_id: &str) -> Option<Value> {
        let output =
            self.run(&["workflow", "describe", "--workflow-id", workflow_id, "-o", "json"]).await;
        serde_json::from_slice(&output.stdout).ok()
    }

    /// How many runs match this visibility query.
    pub async fn count(&self, query: &str) -> u64 {
        let answer = self.json(&["workflow", "count", "--query", query]).await;
        match answer.get("count") {
            Some(Value::String(count)) => count.parse().expect("a number"),
            Some(count) => count.as_u64().expect("a number"),
            None => 0,
        }
    }
}

/// Reads an ending from the last event of a history.
fn ending(last: &Value) -> Option<Ending> {
    let text = |pointer: &str| {
        last.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    match last.get("eventType")?.as_str()?.strip_prefix("EVENT_TYPE_WORKFLOW_EXECUTION_")? {
        "COMPLETED" => {
            let data = text("/workflowExecutionCompletedEventAttributes/result/payloads/0/data");
            let bytes = base64::engine::general_purpose::STANDARD.decode(data).expect("base64");
            Some(Ending::Completed(serde_json::from_slice(&bytes).expect("a JSON result")))
        }
        "FAILED" => Some(Ending::Failed {
            kind: text(
                "/workflowExecutionFailedEventAttributes/failure/applicationFailureInfo/type",
            ),
            message: text("/workflowExecutionFailedEventAttributes/failure/message"),
        }),
        "TERMINATED" => Some(Ending::Terminated),
        closed @ ("CANCELED" | "TIMED_OUT" | "CONTINUED_AS_NEW") => {
            Some(Ending::Other(closed.to_owned()))
        }
        _ => None,
    }
}
