//! The books as a test looks at them: `Reconcile` by hand, the cases at the desk, and databases of yesterday.

use crate::temporal_cli::Ending;
use crate::world::{Order, World};
use contracts::OrderId;
use lacadon::system::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use uuid::Uuid;

/// A service's database as it once was.
pub struct Yesterday {
    service: &'static str,
    file: PathBuf,
    copy: TempDir,
}

impl World {
    /// Has the books looked at now, with a patience of a second; what the run said at its end.
    pub async fn reconciles(&self) -> Value {
        self.reconciles_with(&json!({ "patience_s": 1 })).await
    }

    /// Has the books looked at now; what the run said at its end.
    ///
    /// # Panics
    /// When the run does not complete.
    pub async fn reconciles_with(&self, input: &Value) -> Value {
        let id = format!("reconcile-test-{}", Uuid::now_v7());
        self.temporal.start_of("Reconcile", &id, &input.to_string()).await;
        match self.ending_of(&id).await {
            Ending::Completed(outcome) => outcome,
            other => panic!("the run of the books ended as {other:?}"),
        }
    }

    /// The cases at the desk in this state.
    ///
    /// # Panics
    /// When desk-api does not answer.
    pub async fn cases(&self, state: &str) -> Vec<Value> {
        let url = format!("{}/cases?state={state}&limit=100", self.system.desk_api_url());
        let (status, body) = self.call(Method::GET, &url, Role::Auditor, None).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body.get("data").and_then(Value::as_array).cloned().expect("a list")
    }

    /// Has voucher-api issue a voucher that no process asked for.
    ///
    /// # Panics
    /// When it refuses.
    pub async fn gives_voucher(&self, order_id: OrderId, customer_id: &str) -> Value {
        let url = format!("{}/vouchers", self.system.voucher_api_url());
        let voucher = json!({
            "order_id": order_id, "customer_id": customer_id,
            "rule": contracts::vouchers::SENT_ORDER_RULE, "rule_version": 1,
            "value": {"amount": 5_00, "currency": "EUR"},
        });
        let (status, body) = self.call(Method::POST, &url, Role::Worker, Some(&voucher)).await;
        assert!(status.is_success(), "{body}");
        body
    }

    /// Ends the order's voucher process while it cannot issue: it owes a voucher, and its event is settled.
    ///
    /// # Panics
    /// When there is no such run.
    pub async fn loses_the_process_of(&self, order: &Order) {
        let id = order.workflow_id();
        crate::eventually(&format!("{id} cannot issue"), || async {
            let run = self.temporal.describe(&id).await?;
            run.pointer("/pendingActivities/0/lastFailure").map(drop)
        })
        .await;
        self.temporal.succeed(&["workflow", "terminate", "--workflow-id", &id]).await;
        self.outbox_is_empty().await;
    }

    /// Keeps a copy of a service's database.
    ///
    /// # Panics
    /// When it is not a file, or the service does not stop and start.
    pub async fn backs_up(&self, service: &'static str) -> Yesterday {
        let url = match service {
            "order-api" => self.system.order_database_url(),
            "voucher-api" => self.system.voucher_database_url(),
            other => panic!("{other} is not backed up here"),
        };
        let file = PathBuf::from(url.strip_prefix("sqlite://").expect("a file"));
        let copy = tempfile::tempdir().expect("a folder");
        self.process(service).stop().await.expect("stopped");
        copy_database(&file, &copy.path().join("copy.sqlite"));
        self.bring_up(service).await;
        Yesterday { service, file, copy }
    }

    /// Puts a copy back, as after the loss of a disk.
    ///
    /// # Panics
    /// When the service does not stop and start.
    pub async fn restores(&self, yesterday: &Yesterday) {
        let Yesterday { service, file, copy } = yesterday;
        self.process(service).stop().await.expect("stopped");
        for part in parts_of(file) {
            // Two of them are there only while the service runs.
            let _ = std::fs::remove_file(part);
        }
        copy_database(&copy.path().join("copy.sqlite"), file);
        self.bring_up(service).await;
    }
}

fn copy_database(from: &Path, to: &Path) {
    for (from, to) in parts_of(from).into_iter().zip(parts_of(to)) {
        if from.exists() {
            std::fs::copy(from, to).expect("copied");
        }
    }
}

fn parts_of(file: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|end| PathBuf::from(format!("{}{end}", file.display())))
}
