//! A running desk-api on a fresh database, and callers that speak to it.

pub(crate) use service_tests::{Answer, answer, secret_of};

use desk_api::{ACCESS, AUDITOR, Api, BACK_OFFICE, MIGRATIONS, ROLES, WORKER};
use serde_json::{Value, json};
use service_tests::Service;
use sqlx::Row;

pub(crate) static SERVICE: Service = Service {
    migrations: &MIGRATIONS,
    access: ACCESS,
    roles: &ROLES,
    app: |database, keys| desk_api::app(Api::new(database), keys),
};

service_tests::world!(SERVICE { back_office: BACK_OFFICE, worker: WORKER, auditor: AUDITOR });

/// An undo that keeps failing, and a voucher that nobody owed: a run that is stuck, and what the books say.
pub(crate) const UNDO: &str = "undo_keeps_failing/place-ord_1";
pub(crate) const VOUCHER: &str = "voucher_not_owed/vou_1";

impl World {
    /// The worker finds a case.
    pub(crate) async fn report(&self, case: &str, summary: &str) -> Answer {
        self.worker().put(&format!("/cases/{case}"), &json!({"summary": summary})).await
    }

    /// The worker sees that a case is none any more.
    pub(crate) async fn resolve(&self, case: &str) -> Answer {
        self.worker().post(&format!("/cases/{case}/resolve"), &Value::Null).await
    }

    /// The back office decides.
    pub(crate) async fn decide(&self, case: &str, decision: &str, because: Option<&str>) -> Answer {
        let asked = match because {
            Some(because) => json!({"decision": decision, "because": because}),
            None => json!({"decision": decision}),
        };
        self.back_office().post(&format!("/cases/{case}/decide"), &asked).await
    }

    /// The case with its decisions.
    pub(crate) async fn show(&self, case: &str) -> Answer {
        let shown = self.auditor().get(&format!("/cases/{case}")).await;
        assert_eq!(shown.status, 200, "{shown:?}");
        shown
    }

    /// How the case stands.
    pub(crate) async fn state(&self, case: &str) -> String {
        self.show(case).await.text("state")
    }

    /// Everything that was ever put on record, in order.
    pub(crate) async fn trail(&self) -> Vec<String> {
        self.rows(
            "select caller || '|' || action || '|' || kind || '/' || subject || '|' || coalesce(contents, '')
             from audit_trail order by at_ms, id",
        )
        .await
    }

    /// The first column of a query, as text.
    pub(crate) async fn rows(&self, sql: &'static str) -> Vec<String> {
        let rows = sqlx::query(sql).fetch_all(self.database.reader()).await.expect("rows");
        rows.iter().map(|row| row.try_get(0).expect("a text")).collect()
    }
}
