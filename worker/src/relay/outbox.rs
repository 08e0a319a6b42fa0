//! A service's outbox, as the relay calls it: claim and acknowledge over HTTP.

use crate::limits::{ACK_LIMIT, CLAIM_MARGIN, CLAIM_WAIT, LEASE};
use connections::call::{Call, CallError, Service};
use contracts::outbox::{AckEvents, AckedEvents, ClaimEvents, ClaimedEvent, ClaimedEvents};
use reqwest::{Method, StatusCode};
use std::time::Duration;
use uuid::Uuid;

/// The outbox of one service.
#[derive(Debug, Clone)]
pub struct Outbox {
    service: Service,
    owner: String,
    types: Vec<String>,
}

impl Outbox {
    /// Claims events of these types for `owner`.
    #[must_use]
    pub fn new(service: Service, owner: String, types: Vec<String>) -> Self {
        Self { service, owner, types }
    }

    /// What the service is called in logs.
    #[must_use]
    pub fn service_name(&self) -> &'static str {
        self.service.name()
    }

    /// Waits for events and takes at most `limit` of them under a lease.
    ///
    /// # Errors
    /// When the service gives no answer; ask again. What it leased meanwhile is free when the lease ends.
    pub async fn claim(
        &self,
        limit: u32,
        is_first_since_start: bool,
    ) -> Result<Vec<ClaimedEvent>, CallError> {
        let claim = ClaimEvents {
            owner: self.owner.clone(),
            types: self.types.clone(),
            limit,
            lease_ms: millis(LEASE),
            wait_ms: millis(CLAIM_WAIT),
            is_first_since_start,
        };
        let deadline = CLAIM_WAIT.saturating_add(CLAIM_MARGIN);
        crash_points::RELAY_CLAIM.before();
        let claimed: ClaimedEvents = self.post("claim", &claim, deadline).await?;
        if !claimed.events.is_empty() {
            crash_points::RELAY_CLAIM.after(|| self.answer_lost())?;
        }
        Ok(claimed.events)
    }

    /// Says what became of claimed events.
    ///
    /// # Errors
    /// When the service gives no answer; say it again, it is safe to repeat.
    pub async fn acknowledge(&self, acks: &AckEvents) -> Result<AckedEvents, CallError> {
        let acknowledging = self.post("ack", acks, ACK_LIMIT);
        crash_points::RELAY_ACKNOWLEDGE.around(acknowledging, || self.answer_lost()).await
    }

    /// What the crash lab has the relay take an answer for.
    fn answer_lost(&self) -> CallError {
        let (service, status) = (self.service_name(), StatusCode::BAD_GATEWAY);
        CallError::NotFinal { service, status, problem_code: None }
    }

    async fn post<B: serde::Serialize + Sync, T: serde::de::DeserializeOwned>(
        &self,
        verb: &str,
        body: &B,
        deadline: Duration,
    ) -> Result<T, CallError> {
        let path = ["outbox", verb];
        let request_id = Uuid::now_v7().to_string();
        let call = Call { method: Method::POST, path: &path, query: &[], deadline, request_id };
        // Nothing that the outbox refuses is final.
        self.service.granted_with(call, body).await
    }
}

/// Milliseconds, as the wire has them.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
