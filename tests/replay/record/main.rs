//! Records one history per ending of a process into its folder, from a system of its own:
//! `cargo run --package tests --example record_histories -- PlaceOrder`.
//!
//! To be run when the process changes what it does. Then keep the old files as long as such runs may live, and write
//! the new ones as the next version: give it as the second argument (`v2`; `v1` without one). What is there already is
//! written over.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a program for the developer, who reads what it says"
)]

mod grant_voucher;
mod place_order;
mod reconcile;
mod release_credit;

use serde_json::Value;
use std::path::Path;
use tests::{Ending, World, eventually};

/// Who the recorded runs were started and stopped by: not the developer and their machine.
const OPERATOR: &str = "temporal-cli:operator@shop.example";

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let workflow_type = arguments.first().map(String::as_str).unwrap_or_default();
    let version = arguments.get(1).cloned().unwrap_or_else(|| "v1".to_owned());
    let recorder = Recorder {
        world: start(workflow_type).await,
        workflow_type: workflow_type.to_owned(),
        version,
    };
    match workflow_type {
        "GrantVoucher" => recorder.grant_voucher().await,
        "PlaceOrder" => recorder.place_order().await,
        "Reconcile" => recorder.reconcile().await,
        "ReleaseCredit" => recorder.release_credit().await,
        other => panic!(
            "there is no process {other:?}: GrantVoucher, PlaceOrder, Reconcile or ReleaseCredit"
        ),
    }
    recorder.world.system.stop().await.expect("stopped");
}

/// A placement is recorded that gives the risk service up soon.
async fn start(workflow_type: &str) -> World {
    World::start_with(|options| match workflow_type {
        "PlaceOrder" => options.with_env("gateway", "GATEWAY_RISK_PATIENCE_MS", "9000"),
        _ => options,
    })
    .await
}

pub(crate) struct Recorder {
    pub(crate) world: World,
    workflow_type: String,
    version: String,
}

impl Recorder {
    /// Waits until the run has a normal activity that is retried.
    pub(crate) async fn is_retried(&self, workflow_id: &str) {
        eventually("an activity is retried", || async {
            let described = self.world.temporal.describe(workflow_id).await?;
            described.pointer("/pendingActivities/0/lastFailure").map(drop)
        })
        .await;
    }

    pub(crate) async fn operator(&self, verb: &str, workflow_id: &str) {
        self.world.temporal.succeed(&["workflow", verb, "--workflow-id", workflow_id]).await;
    }

    pub(crate) async fn start_by_hand(&self, workflow_id: &str, input: &str) {
        self.world.temporal.start_of(&self.workflow_type, workflow_id, input).await;
    }

    pub(crate) async fn record_failure(&self, scenario: &str, kind: &str, workflow_id: &str) {
        let ending = self.world.ending_of(workflow_id).await;
        let is_it = matches!(&ending, Ending::Failed { kind: found, .. } if found == kind);
        assert!(is_it, "{scenario} ended as {ending:?}");
        self.record(scenario, workflow_id).await;
    }

    pub(crate) async fn record(&self, scenario: &str, workflow_id: &str) {
        let mut history =
            self.world.temporal.json(&["workflow", "show", "--workflow-id", workflow_id]).await;
        hide_the_developer(&mut history);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("replay").join(&self.workflow_type);
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join(format!("{scenario}.{}.json", self.version));
        let text = serde_json::to_string_pretty(&history).expect("JSON") + "\n";
        std::fs::write(&path, text).expect("written");
        println!("recorded {}", path.display());
    }
}

/// The command names the machine and its user in what it sends.
fn hide_the_developer(history: &mut Value) {
    match history {
        Value::String(text) if text.starts_with("temporal-cli:") => OPERATOR.clone_into(text),
        Value::Array(values) => values.iter_mut().for_each(hide_the_developer),
        Value::Object(fields) => fields.values_mut().for_each(hide_the_developer),
        _ => {}
    }
}
