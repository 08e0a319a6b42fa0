//! What people find runs by, as in `temporal workflow list --query 'OrderId = "ord_…"'`.
//!
//! The worker registers all of them before it runs anything: upserting one that the namespace does not know wedges
//! the run. They are stored in clear: ids and fixed words, never personal data.

use temporalio_common::SearchAttributeKey;

/// The order that the run is about.
pub const ORDER_ID: SearchAttributeKey<String> = SearchAttributeKey::keyword("OrderId");

/// The customer whose order it is.
pub const CUSTOMER_ID: SearchAttributeKey<String> = SearchAttributeKey::keyword("CustomerId");

/// How the voucher process ended: `granted`, `not_qualified`, or the kind of its failure.
pub const VOUCHER_OUTCOME: SearchAttributeKey<String> =
    SearchAttributeKey::keyword("VoucherOutcome");

/// How a placement ended: `approved`, `cancelled`, the reason of its rejection, or the kind of its failure.
pub const PLACEMENT_OUTCOME: SearchAttributeKey<String> =
    SearchAttributeKey::keyword("PlacementOutcome");

/// All of them. Every one is a keyword.
pub const ALL: [&SearchAttributeKey<String>; 4] =
    [&ORDER_ID, &CUSTOMER_ID, &VOUCHER_OUTCOME, &PLACEMENT_OUTCOME];
