//! A refusal is an answer, not an error.

use serde::{Deserialize, Serialize};

/// What a service answered when it was asked to do something: done, or a reason why not.
///
/// A refusal is final: asking again gives the same. Whatever may pass (time-outs, a service that is down) is an error
/// of the call and never gets here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply<G, R> {
    /// Done, now or before.
    Granted(G),
    /// Not done, and nothing was written.
    Refused(R),
}
