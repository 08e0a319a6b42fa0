//! The plumbing that every HTTP process needs. It knows no word of the business.
//!
//! A closed list: something enters when a second service needs it, not before.
//!
//! - [`serve`]: bind, the stack around every route, probes, metrics, graceful stop
//! - [`config`]: flag > environment > default, and secrets that cannot be printed
//! - [`problem`]: refusals as problem+json (RFC 9457), and extractors that answer them
//! - [`telemetry`]: logs and metrics
//! - [`auth`]: who calls, and what a caller may do
//! - [`time`]: moments as milliseconds inside and RFC 3339 outside

pub mod auth;
pub mod config;
pub mod problem;
pub mod serve;
pub mod telemetry;
pub mod time;
