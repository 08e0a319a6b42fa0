//! Explains an order: one timeline across services and processes, in the words of the business.
//!
//! Promises: whoever could tell is asked at once, each within the same limit, so that the answer takes no longer than
//! that; and a source that does not answer is named in [`Explanation::missing`] and is never an error. What a process
//! remembers is told from its history, with its waits, retries and reasons; what a service has on record fills in the
//! rest, and stands in for a process that cannot be asked.

mod gather;
mod records;
mod run;
mod step;
mod timeline;

pub use timeline::Facts;

use crate::services::Services;
use chassis::time::Moment;
use contracts::{CustomerId, OrderId};
use serde::Serialize;
use std::time::Duration;
use temporalio_client::Client;
use utoipa::ToSchema;

/// What became of an order, and how.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Explanation {
    /// The order.
    #[schema(value_type = String, example = "ord_019a9f0c-52d1-8c3e-9d2b-6f1f0f6f7a01")]
    pub order_id: OrderId,
    /// What happened, oldest first.
    pub entries: Vec<Entry>,
    /// Who did not answer in time, so that what only they know is missing: `order-api`, `risk-api`, `voucher-api`,
    /// `temporal`.
    #[schema(value_type = Vec<String>, example = json!([]))]
    pub missing: Vec<&'static str>,
    /// Whose order it is or would have been, where anybody says so.
    #[serde(skip)]
    pub customer_id: Option<CustomerId>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ExplanationEntry)]
pub struct Entry {
    /// When; absent where nobody has kept it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, nullable = false)]
    pub at: Option<Moment>,
    /// Which service or process.
    #[schema(value_type = String, example = "risk-api")]
    pub who: &'static str,
    /// What, in words.
    #[schema(example = "credit reserved: 120.50 EUR")]
    pub what: String,
    /// What it took: waits and retries; absent when nothing went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "after 5 attempts over 4.1 s")]
    pub details: Option<String>,
}

/// Explains an order, whoever's it is. Nobody is waited for beyond `limit`.
pub async fn explain(
    services: &Services,
    temporal: Option<&Client>,
    order_id: OrderId,
    limit: Duration,
) -> Explanation {
    gather::facts_of(services, temporal, order_id, limit).await.timeline(order_id)
}

impl Explanation {
    /// Whether anybody knows anything of the order.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !self.entries.is_empty()
    }

    /// Whether somebody did not answer who would know of an order that nobody else knows of.
    #[must_use]
    pub fn may_be_unknown_for_now(&self) -> bool {
        self.missing.iter().any(|who| matches!(*who, gather::ORDER_API | gather::TEMPORAL))
    }
}

/// A span of time as people read it: `3 ms`, `4.1 s`, `12 min`.
#[must_use]
pub fn span(ms: i64) -> String {
    let tenths = ms.saturating_add(50) / 100;
    match ms {
        ..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", tenths / 10, tenths % 10),
        60_000..7_200_000 => format!("{} min", ms / 60_000),
        7_200_000.. => format!("{} h", ms / 3_600_000),
    }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn a_span_is_as_exact_as_a_person_needs_it() {
        for (ms, told) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (4_149, "4.1 s"),
            (59_990, "60.0 s"),
            (61_000, "1 min"),
            (86_400_000, "24 h"),
        ] {
            assert_eq!(span(ms), told);
        }
    }
}
