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
