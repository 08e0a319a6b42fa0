//! What the product reaches of what it is asked for, each in one run on one machine.
//!
//! One file per part of the system that limits: [`store`], [`outage`], [`memory`], [`replay`].

pub mod memory;
pub mod outage;
pub mod replay;
pub mod store;

/// One thing that was asked for, and what was found.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Finding {
    /// What.
    pub what: String,
    /// What is asked for.
    pub asked: &'static str,
    /// What was found.
    pub found: String,
}

impl Finding {
    /// As in a table.
    #[must_use]
    pub fn new(what: impl Into<String>, asked: &'static str, found: impl Into<String>) -> Self {
        Self { what: what.into(), asked, found: found.into() }
    }
}
