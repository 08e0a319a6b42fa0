//! Says once that a service is away, and once that it is back; not at every try.

use connections::call::CallError;
use tracing::{debug, info, warn};

/// Whether a service was there when it was last asked.
#[derive(Debug)]
pub struct AwayLog {
    service: &'static str,
    is_away: bool,
}

impl AwayLog {
    /// As if it had always been there.
    #[must_use]
    pub fn new(service: &'static str) -> Self {
        Self { service, is_away: false }
    }

    /// It answered.
    pub fn answered(&mut self) {
        if std::mem::take(&mut self.is_away) {
            info!("the outbox of {} is back", self.service);
        }
    }

    /// It did not.
    pub fn failed(&mut self, error: &CallError) {
        if std::mem::replace(&mut self.is_away, true) {
            debug!("the outbox of {} is still away: {error}", self.service);
        } else {
            warn!("the outbox of {} is away, asking again until it is back: {error}", self.service);
        }
    }
}
