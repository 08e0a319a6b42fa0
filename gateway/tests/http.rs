//! The front door through HTTP, with stubs for the services behind it and no Temporal: what it does with one is tested
//! against a real server, in the crate `tests`.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects")]

mod support;

mod access;
mod explanations;
mod openapi;
mod orders;
mod pages;
mod placements;
mod session;
mod start;
