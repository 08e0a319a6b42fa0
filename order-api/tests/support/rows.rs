//! Looking into the database past the service, and moving its clock.

use super::{PATIENCE, World};
use sqlx::{AnyConnection, Connection, Row};
use std::time::Duration;
use tokio::time::Instant;

impl World {
    /// How many rows a query counts.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        let row = sqlx::query(sql).fetch_one(&mut self.connect().await).await.expect("a count");
        row.try_get(0).expect("a number")
    }

    /// The rows of a query of one text column.
    pub(crate) async fn texts(&self, sql: &'static str) -> Vec<String> {
        let rows = sqlx::query(sql).fetch_all(&mut self.connect().await).await.expect("rows");
        rows.iter().map(|row| row.try_get(0).expect("a text")).collect()
    }

    /// Everything that is written down, whole and in order, the tombstones apart.
    pub(crate) async fn dump(&self) -> Vec<String> {
        let orders = "select id || '|' || status || '|' || origin || '|' || coalesce(external_ref, '') || '|' ||
            coalesce(placed_by, '') || '|' || coalesce(idempotency_key, '') || '|' || contents_hash || '|' ||
            customer_id || '|' || lines || '|' || total_minor || '|' || currency || '|' || placed_at_ms || '|' ||
            coalesce(approved_at_ms, 0) || '|' || coalesce(sent_at_ms, 0) || '|' ||
            coalesce(cancelled_at_ms, 0) || '|' || created_at_ms || '|' || updated_at_ms from orders order by 1";
        let events = "select event_id || '|' || event_type || '|' || subject || '|' || state
            from outbox_events order by 1";
        let trail = "select id || '|' || caller || '|' || action || '|' || subject from audit_trail order by 1";
        let notices =
            "select order_id || '|' || kind || '|' || created_at_ms from notices order by 1";
        let keys = "select fingerprint from derivation_key";
        let mut rows = Vec::new();
        for sql in [orders, events, trail, notices, keys] {
            rows.extend(self.texts(sql).await);
        }
        rows
    }

    /// Every order that was ever locked, and why there is none, if there is none.
    pub(crate) async fn tombstones(&self) -> Vec<String> {
        self.texts("select order_id || '|' || coalesce(reason, '') from tombstones order by 1")
            .await
    }

    /// Every event, by what it tells and of which order.
    pub(crate) async fn events(&self) -> Vec<String> {
        self.texts("select event_type || ' ' || subject from outbox_events order by event_id").await
    }

    /// Runs one statement past the service; says why if that fails.
    pub(crate) async fn run(&self, sql: &'static str) -> Result<u64, sqlx::Error> {
        let done = sqlx::query(sql).execute(&mut self.connect().await).await?;
        Ok(done.rows_affected())
    }

    /// Every lease and every pause is over.
    pub(crate) async fn let_time_pass(&self) {
        self.run("update outbox_events set due_at = 1").await.expect("time passes");
    }

    /// The clock is set back by a day: what is due is due a day from now.
    pub(crate) async fn set_clock_back(&self) {
        self.run("update outbox_events set due_at = due_at + 86400000").await.expect("a new time");
    }

    /// Waits until a query counts at least one row.
    pub(crate) async fn wait_for(&self, sql: &'static str) {
        let deadline = Instant::now() + PATIENCE;
        while self.count(sql).await == 0 {
            assert!(Instant::now() < deadline, "waited in vain for {sql}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn connect(&self) -> AnyConnection {
        AnyConnection::connect(self.url()).await.expect("the database is there")
    }
}
