//! order-api through HTTP, on a real database of every kind that is there.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects")]

mod support;

mod access;
mod ack_events;
mod approve_order;
mod cancel_order;
mod claim_events;
mod create_order;
mod discard_order;
mod get_order;
mod get_placement;
mod give_notice;
mod import_order;
mod list_events;
mod list_notices;
mod list_orders;
mod mark_order_sent;
mod migrate;
mod openapi;
mod place_order;
mod probe;
mod races;
mod record_derivation_key;
mod release_event;
mod restart;
mod serve;
mod settle_event;
