//! Histories: JSON from another program is a history that begins with the start of a run, however it was exported, or is
//! refused with a reason.

use prost::Message;
use serde_json::{Value, json};
use worker::replay::read_history;

pub(crate) fn holds(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let history = match read_history(text) {
        Ok(history) => history,
        Err(refused) => {
            return assert!(!refused.to_string().is_empty(), "refused without a reason");
        }
    };
    assert!(!history.events.is_empty(), "a history without a start");
    assert_eq!(again(&history), history, "the bytes that the replayer is given say otherwise");
    for other in other_exports(text) {
        let read = read_history(&other).expect("the same events, exported by another program");
        assert_eq!(read, history, "{other}");
    }
}

fn again<M: Message + Default>(message: &M) -> M {
    M::decode(message.encode_to_vec().as_slice()).expect("what was written is read")
}

/// The same events as the command, the Web UI's server and its download button write them.
fn other_exports(text: &str) -> Vec<String> {
    let json: Value = serde_json::from_str(text).expect("it was read as JSON");
    let history = match json {
        Value::Array(events) => json!({ "events": events }),
        Value::Object(mut map) => match map.remove("events") {
            Some(events) => json!({ "events": events }),
            None => map.remove("history").unwrap_or_default(),
        },
        other => other,
    };
    let bare = history.get("events").filter(|events| events.is_array());
    let bare = bare.map(Value::to_string);
    [json!({ "history": history }).to_string(), history.to_string()]
        .into_iter()
        .chain(bare)
        .collect()
}
