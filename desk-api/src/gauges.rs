//! What is open at the desk, for `/metrics`: every kind is always there, at zero too, so that an alarm can tell "none"
//! from "not measured".

use crate::store;
use chassis_store::{Database, now_ms};
use contracts::cases::CaseKind;
use metrics::gauge;
use std::time::Duration;
use tracing::warn;

/// Sets `desk_cases_open` and `desk_oldest_open_case_seconds` of every kind.
pub(crate) async fn measure(database: &Database) {
    let open = match store::open_cases(database.reader()).await {
        Ok(open) => open,
        Err(error) => return warn!(%error, "the open cases could not be counted: {error}"),
    };
    let now = now_ms();
    for kind in CaseKind::ALL {
        let of_kind = open.iter().find(|open| open.kind == kind);
        let age_ms = of_kind.map_or(0, |open| now.saturating_sub(open.oldest_opened_at_ms));
        let age = Duration::from_millis(u64::try_from(age_ms).unwrap_or(0));
        let count = of_kind.map_or(0, |open| u32::try_from(open.count).unwrap_or(u32::MAX));
        gauge!("desk_cases_open", "kind" => kind.as_str()).set(f64::from(count));
        gauge!("desk_oldest_open_case_seconds", "kind" => kind.as_str()).set(age.as_secs_f64());
    }
}
