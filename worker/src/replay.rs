//! Replays a recorded history against the process code of this build: does it still do what it did then?
//!
//! Reads what `temporal workflow show -o json` prints and what the Web UI downloads: proto3 JSON. The SDK's own
//! `WorkflowHistory::from_json` reads neither (it expects its own serde shape), so the text goes through the Temporal
//! API's descriptors. Caught on replay: another order of steps, another activity, another timer. Not caught: another
//! input, time-out or retry policy.

use anyhow::{Context as _, ensure};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor};
use serde_json::Value;
use std::sync::OnceLock;
use std::time::Duration;
use temporalio_client::WorkflowHistory;
use temporalio_common::protos::temporal::api::history::v1::{History, history_event::Attributes};
use temporalio_sdk::workflow_replayer::{WorkflowReplayer, WorkflowReplayerOptions};

/// A history that a poller thread of the SDK chokes on is never answered; a good one takes well under a second.
const REPLAY_LIMIT: Duration = Duration::from_secs(20);

static DESCRIPTORS: &[u8] = include_bytes!(env!("TEMPORAL_DESCRIPTORS"));

/// What a replayed history was of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// The workflow's type, as in `GrantVoucher`.
    pub workflow_type: String,
    /// The workflow's id.
    pub workflow_id: String,
    /// How many events the history has.
    pub events: usize,
}

/// Replays one history, given as JSON text, against the workflows registered in `options`.
///
/// # Errors
/// When the text is no history, when the code would do something else than the history says, or when the replay takes
/// longer than 20 seconds. The future is not `Send`: await it in `main` or a test's body.
pub async fn replay(options: WorkflowReplayerOptions, json: &str) -> anyhow::Result<Replayed> {
    let history = read_history(json)?;
    let replayed = describe(&history)?;
    let replayer = WorkflowReplayer::new(options)?;
    tokio::time::timeout(REPLAY_LIMIT, replayer.replay_workflow(WorkflowHistory::from(history)))
        .await
        .with_context(|| {
            format!("the replay of {} was not done after {REPLAY_LIMIT:?}", replayed.workflow_id)
        })?
        .with_context(|| format!("{} does not replay", replayed.workflow_id))?;
    Ok(replayed)
}

/// Reads a history as the `temporal` command or the Web UI writes it.
///
/// # Errors
/// When the text is not JSON, not a history, or does not begin with the start of a run.
pub fn read_history(json: &str) -> anyhow::Result<History> {
    let json: Value = serde_json::from_str(json).context("a history is JSON, and this is not")?;
    // A newer server may write fields that this build does not know.
    let lenient = DeserializeOptions::new().deny_unknown_fields(false);
    let message =
        DynamicMessage::deserialize_with_options(descriptor()?, unwrapped(json), &lenient)
            .context("this JSON is not a history as `temporal workflow show -o json` prints it")?;
    let history = History::decode(message.encode_to_vec().as_slice())?;
    describe(&history)?;
    Ok(history)
}

/// What a history is made of. Reading the descriptors takes longer than reading a history, so it is done once.
fn descriptor() -> anyhow::Result<MessageDescriptor> {
    static HISTORY: OnceLock<MessageDescriptor> = OnceLock::new();
    if let Some(history) = HISTORY.get() {
        return Ok(history.clone());
    }
    let history = DescriptorPool::decode(DESCRIPTORS)?
        .get_message_by_name("temporal.api.history.v1.History")
        .context("no descriptor of a history")?;
    Ok(HISTORY.get_or_init(|| history).clone())
}

/// The command prints `{"events": […]}`, the Web UI's server `{"history": {"events": […]}}`, its download button a bare list.
fn unwrapped(json: Value) -> Value {
    match json {
        Value::Array(events) => serde_json::json!({ "events": events }),
        Value::Object(mut map) if !map.contains_key("events") => match map.remove("history") {
            Some(history) => history,
            None => Value::Object(map),
        },
        other => other,
    }
}

fn describe(history: &History) -> anyhow::Result<Replayed> {
    let first = history.events.first().and_then(|event| event.attributes.as_ref());
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = first else {
        anyhow::bail!("the first event of a history is the start of the run, and here it is not");
    };
    ensure!(!started.workflow_id.is_empty(), "the start of the run names no workflow id");
    let workflow_type =
        started.workflow_type.as_ref().map(|kind| kind.name.clone()).unwrap_or_default();
    Ok(Replayed {
        workflow_type,
        workflow_id: started.workflow_id.clone(),
        events: history.events.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_history_is_refused_with_a_reason() {
        for bad in [
            "",
            "{}",
            "[]",
            "null",
            "{\"events\": []}",
            "{\"events\": [{\"eventId\": \"1\"}]}",
            "{\"events\": 7}",
        ] {
            assert!(read_history(bad).is_err(), "{bad} was read as a history");
        }
    }

    proptest! {
        #[test]
        fn reading_a_history_never_panics(text in ".{0,300}") {
            let _ = read_history(&text);
        }
    }
}
