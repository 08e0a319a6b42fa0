//! Every recorded ending of every process still replays, and a process whose steps changed places does not.
#![expect(clippy::expect_used, reason = "a test fails by panicking, also in what it calls")]

mod reordered;

use std::path::{Path, PathBuf};
use temporalio_sdk::workflow_replayer::WorkflowReplayerOptions;

/// The folder of the recorded histories: one folder per workflow type, `<scenario>.v<N>.json`.
fn recorded() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("replay")
}

fn histories_of(workflow_type: &str) -> Vec<PathBuf> {
    let folder = recorded().join(workflow_type);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("no recorded histories in {}: {e}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[tokio::test]
async fn every_recorded_history_of_every_process_replays() {
    for workflow_type in worker::registry::workflow_types() {
        let files = histories_of(workflow_type);
        assert!(!files.is_empty(), "no recorded history of {workflow_type}: record one per ending");
        for file in files {
            let replayed = worker::replay::replay(
                worker::registry::for_replay().expect("a registry"),
                &text(&file),
            )
            .await
            .unwrap_or_else(|e| panic!("{}: {e:?}", file.display()));
            assert_eq!(replayed.workflow_type, *workflow_type, "{}", file.display());
        }
    }
}

/// The endings of each process, and what else a run may have been through.
const ENDINGS: [(&str, &[&str]); 4] = [
    (
        "GrantVoucher",
        &[
            "granted",
            "granted_after_voucher_api_was_down",
            "granted_although_cancel_was_requested",
            "not_qualified",
            "order_not_sent",
            "order_unknown",
            "contents_differ",
            "invalid_input_json",
            "invalid_input_id_mismatch",
            "terminated",
        ],
    ),
    (
        "PlaceOrder",
        &[
            "approved",
            "approved_after_risk_api_was_down",
            "approved_by_an_earlier_run",
            "cancelled_after_approval",
            "insufficient_credit",
            "risk_too_high",
            "unknown_customer",
            "currency_differs",
            "risk_unavailable",
            "order_store_failed",
            "invalid_order",
            "cancelled_by_customer",
            "cancelled_by_operator",
            "contents_differ",
            "reservation_unknown",
            "invalid_input_json",
            "invalid_input_id_mismatch",
            "open_while_risk_api_is_down",
            "terminated",
        ],
    ),
    (
        "Reconcile",
        &[
            "clean",
            "dry_run",
            "violators_started_again",
            "violators_told_to_a_person",
            "incomplete",
            "cancelled",
            "terminated",
            "invalid_input_json",
            "open_while_order_api_is_down",
        ],
    ),
    (
        "ReleaseCredit",
        &[
            "released_when_sent",
            "released_when_cancelled",
            "released_although_cancel_was_requested",
            "order_is_live",
            "order_unknown",
            "invalid_input_json",
            "invalid_input_id_mismatch",
            "open_while_risk_api_is_down",
            "terminated",
        ],
    ),
];

#[test]
fn every_ending_of_every_process_is_recorded() {
    for workflow_type in worker::registry::workflow_types() {
        let (_, endings) = ENDINGS
            .iter()
            .find(|(of, _)| *of == workflow_type)
            .unwrap_or_else(|| panic!("which endings has {workflow_type}?"));
        let files = histories_of(workflow_type);
        let recorded: Vec<_> =
            files.iter().filter_map(|path| path.file_name()?.to_str()?.split('.').next()).collect();
        for ending in *endings {
            assert!(
                recorded.contains(ending),
                "no history of {ending} of {workflow_type} among {recorded:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_process_that_issues_before_it_decides_is_caught() {
    let granted = text(&recorded().join("GrantVoucher/granted.v1.json"));
    let reordered = WorkflowReplayerOptions::new()
        .register_workflow::<reordered::GrantVoucher>()
        .expect("one type")
        .build();

    let caught =
        worker::replay::replay(reordered, &granted).await.expect_err("the steps changed places");

    assert!(
        format!("{caught:?}").contains("ondeterminis"),
        "caught for another reason: {caught:?}"
    );
}

#[tokio::test]
async fn the_download_of_the_web_ui_replays_too() {
    let granted: serde_json::Value =
        serde_json::from_str(&text(&recorded().join("GrantVoucher/granted.v1.json")))
            .expect("JSON");
    let of_the_server = serde_json::json!({ "history": granted }).to_string();
    let of_the_button = granted["events"].to_string();

    for export in [of_the_server, of_the_button] {
        worker::replay::replay(worker::registry::for_replay().expect("a registry"), &export)
            .await
            .expect("replays");
    }
}
