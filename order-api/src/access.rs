//! Who may do what: the one table of this service. What is not in it is refused.

use axum::http::Method;
use chassis::auth::{Access, Role};

/// People (and their programs) who send parcels and mend orders.
pub const BACK_OFFICE: Role = Role::named("back-office");
/// The customers' front door.
pub const SHOP: Role = Role::named("shop");
/// The process worker: hears events, and has orders written down, approved, discarded and cancelled.
pub const WORKER: Role = Role::named("worker");
/// Reads everything, changes nothing.
pub const AUDITOR: Role = Role::named("auditor");

/// Every role of this service.
pub const ROLES: [Role; 4] = [BACK_OFFICE, SHOP, WORKER, AUDITOR];

/// The table.
pub static ACCESS: &[Access] = &[
    Access::allow(Method::POST, "/orders", &[BACK_OFFICE]),
    Access::allow(Method::GET, "/orders", &ROLES),
    Access::allow(Method::POST, "/orders/import", &[BACK_OFFICE]),
    Access::allow(Method::GET, "/orders/{id}", &ROLES),
    Access::allow(Method::PUT, "/orders/{id}", &[WORKER]),
    Access::allow(Method::POST, "/orders/{id}/approve", &[WORKER]),
    Access::allow(Method::POST, "/orders/{id}/discard", &[WORKER]),
    Access::allow(Method::GET, "/orders/{id}/placement", &ROLES),
    Access::allow(Method::POST, "/orders/{id}/mark-sent", &[BACK_OFFICE]),
    Access::allow(Method::POST, "/orders/{id}/cancel", &[BACK_OFFICE, SHOP, WORKER]),
    Access::allow(Method::PUT, "/orders/{id}/notices/{kind}", &[WORKER]),
    Access::allow(Method::GET, "/orders/{id}/notices", &[BACK_OFFICE, SHOP, AUDITOR]),
    Access::allow(Method::POST, "/outbox/claim", &[WORKER]),
    Access::allow(Method::POST, "/outbox/ack", &[WORKER]),
    Access::allow(Method::GET, "/outbox/events", &[BACK_OFFICE, AUDITOR]),
    Access::allow(Method::POST, "/outbox/events/{event_id}/release", &[BACK_OFFICE]),
    Access::allow(Method::POST, "/outbox/events/{event_id}/settle", &[BACK_OFFICE]),
    Access::allow(Method::PUT, "/derivation-key", &[BACK_OFFICE, SHOP]),
];
