//! What every endpoint works with.

use crate::counts::Counts;
use chassis_store::outbox::Outbox;
use chassis_store::{Database, DatabaseError};
use sqlx::Any;
use sqlx::pool::PoolConnection;

/// The state of the service. Clones share it.
#[derive(Clone)]
pub struct Api {
    /// The orders.
    pub database: Database,
    /// The events that tell what became of them.
    pub outbox: Outbox,
    /// What the business counts.
    pub counts: Counts,
}

impl Api {
    /// On this database, brought up to date.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { outbox: Outbox::new(database.clone()), counts: Counts::start(), database }
    }

    /// A connection for reads outside a transaction.
    ///
    /// # Errors
    /// When none is free in time.
    pub async fn read(&self) -> Result<PoolConnection<Any>, DatabaseError> {
        Ok(self.database.reader().acquire().await?)
    }
}
