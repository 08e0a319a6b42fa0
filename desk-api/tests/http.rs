//! desk-api through HTTP, on a real database of every kind that is there.

#![expect(clippy::expect_used, reason = "a test says what it expects")]

mod support;

mod access;
mod audit_trail;
mod decide_case;
mod list_cases;
mod migrate;
mod openapi;
mod probe;
mod process;
mod races;
mod report_case;
mod resolve_case;
mod restart;
