//! All services in one: they answer what a test has put there, and remember what they were asked to change.

use axum::extract::{Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// An order of ada's.
pub(crate) const ADAS: &str = "ord_019a9f0c-52d1-8c3e-9d2b-6f1f0f6f7a01";
/// An order of bob's.
pub(crate) const BOBS: &str = "ord_019a9f0c-52d1-8c3e-9d2b-6f1f0f6f7a02";
/// Nobody's.
pub(crate) const NOBODYS: &str = "ord_019a9f0c-52d1-8c3e-9d2b-6f1f0f6f7a03";

#[derive(Clone)]
pub(crate) struct Stub {
    url: String,
    state: Arc<Mutex<Shelf>>,
}

struct Shelf {
    placements: HashMap<String, Value>,
    cancel_refusal: Option<&'static str>,
    cancelled: Vec<String>,
    is_key_refused: bool,
}

impl Stub {
    /// Ada and bob have one order each, approved.
    pub(crate) async fn start() -> Self {
        let placement = |id: &str, customer: &str| {
            (
                id.to_owned(),
                json!({
                    "order_id": id, "customer_id": customer, "contents_hash": "ab", "state": "approved",
                    "reason": null, "status": "approved",
                }),
            )
        };
        let shelf = Shelf {
            placements: [placement(ADAS, "cus_ada"), placement(BOBS, "cus_bob")].into(),
            cancel_refusal: None,
            cancelled: Vec::new(),
            is_key_refused: false,
        };
        let state = Arc::new(Mutex::new(shelf));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let stub = Self { url, state };
        let router = routes().with_state(stub.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        stub
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The placement of ada's order reads like this.
    pub(crate) fn set_placement(&self, state: &str, reason: Option<&str>, status: Option<&str>) {
        let placement = json!({
            "order_id": ADAS, "customer_id": "cus_ada", "contents_hash": "ab", "state": state,
            "reason": reason, "status": status,
        });
        self.shelf(|shelf| shelf.placements.insert(ADAS.to_owned(), placement));
    }

    /// Nothing is cancelled, for this reason.
    pub(crate) fn refuse_to_cancel(&self, code: &'static str) {
        self.shelf(|shelf| shelf.cancel_refusal = Some(code));
    }

    /// The installation began with another derivation key.
    pub(crate) fn refuse_the_key(&self) {
        self.shelf(|shelf| shelf.is_key_refused = true);
    }

    pub(crate) fn cancelled(&self) -> Vec<String> {
        self.shelf(|shelf| shelf.cancelled.clone())
    }

    fn shelf<T>(&self, look: impl FnOnce(&mut Shelf) -> T) -> T {
        look(&mut self.state.lock().expect("not poisoned"))
    }
}

fn routes() -> Router<Stub> {
    Router::new()
        .route("/orders", get(list_orders))
        .route("/orders/{id}", get(get_order))
        .route("/orders/{id}/placement", get(get_placement))
        .route("/orders/{id}/notices", get(list_notices))
        .route("/orders/{id}/cancel", post(cancel_order))
        .route("/vouchers", get(list_vouchers))
        .route("/accounts/{id}", get(get_account))
        .route("/reservations/{id}", get(get_reservation))
        .route("/derivation-key", put(record_key))
        .layer(axum::middleware::from_fn(knows_the_shop))
}

async fn knows_the_shop(request: Request, next: axum::middleware::Next) -> Response {
    let is_shop =
        request.headers().get(header::AUTHORIZATION).is_some_and(|key| key == "Bearer shop-key");
    if is_shop { next.run(request).await } else { problem(401, "unauthenticated") }
}

fn order(id: &str, customer: &str, status: &str) -> Value {
    json!({
        "id": id, "status": status, "origin": "shop", "customer_id": customer,
        "lines": [{"sku": "<b>lamp</b>", "quantity": 2, "unit_price": {"amount": 6025, "currency": "EUR"}}],
        "total": {"amount": 12050, "currency": "EUR"},
        "placed_at": "2026-11-20T10:00:00.000Z", "approved_at": "2026-11-20T10:00:01.000Z", "sent_at": null,
        "updated_at": "2026-11-20T10:00:01.000Z", "field_of_tomorrow": 1,
    })
}

fn both() -> [Value; 2] {
    [order(ADAS, "cus_ada", "approved"), order(BOBS, "cus_bob", "approved")]
}

/// Ignores which customer it is asked for, as a service must not.
async fn list_orders(Query(query): Query<HashMap<String, String>>) -> Response {
    assert!(query.contains_key("customer_id"), "orders of everybody are asked for");
    Json(json!({"data": both(), "has_more": false, "next_cursor": null})).into_response()
}

async fn get_order(Path(id): Path<String>) -> Response {
    let found = both().into_iter().find(|order| order["id"] == id.as_str());
    found.map_or_else(|| problem(404, "order_unknown"), |order| Json(order).into_response())
}

async fn get_placement(State(stub): State<Stub>, Path(id): Path<String>) -> Response {
    let found = stub.shelf(|shelf| shelf.placements.get(&id).cloned());
    found.map_or_else(|| problem(404, "order_unknown"), |found| Json(found).into_response())
}

async fn list_notices() -> Response {
    let data = json!([
        {"kind": "order_approved", "created_at": "2026-11-20T10:00:02.000Z"},
        {"kind": "order_of_tomorrow", "created_at": "2026-11-20T10:00:03.000Z"},
    ]);
    Json(json!({"data": data})).into_response()
}

async fn cancel_order(State(stub): State<Stub>, Path(id): Path<String>) -> Response {
    match stub.shelf(|shelf| shelf.cancel_refusal) {
        Some("order_unknown") => problem(404, "order_unknown"),
        Some(code) => problem(409, code),
        None => {
            stub.shelf(|shelf| shelf.cancelled.push(id.clone()));
            Json(order(&id, "cus_ada", "cancelled")).into_response()
        }
    }
}

async fn list_vouchers() -> Response {
    let voucher = |number: u8, customer: &str| {
        json!({
            "id": format!("vch_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a0{number}"), "code": format!("CODE-{number}"),
            "status": "issued", "order_id": ADAS, "customer_id": customer, "rule": "r", "rule_version": 1,
            "value": {"amount": 500, "currency": "EUR"}, "issued_at": "2026-11-20T10:00:00.000Z",
            "redeemed_at": null, "redeemed_order_id": null,
        })
    };
    let data = [voucher(1, "cus_ada"), voucher(2, "cus_bob")];
    Json(json!({"data": data, "has_more": false, "next_cursor": null})).into_response()
}

async fn get_account(Path(id): Path<String>) -> Response {
    if id != "cus_ada" {
        return problem(404, "account_unknown");
    }
    Json(json!({
        "customer_id": id, "limit": {"amount": 50000, "currency": "EUR"},
        "available": {"amount": 37950, "currency": "EUR"}, "base_score": 700, "minimum_score": 500,
    }))
    .into_response()
}

async fn get_reservation(Path(id): Path<String>) -> Response {
    if id != ADAS {
        return problem(404, "reservation_unknown");
    }
    Json(json!({
        "order_id": id, "customer_id": "cus_ada", "amount": {"amount": 12050, "currency": "EUR"},
        "score_delta": 2, "state": "confirmed", "reason": null,
        "created_at": "2026-11-20T10:00:00.500Z", "updated_at": "2026-11-20T10:00:01.500Z",
    }))
    .into_response()
}

async fn record_key(State(stub): State<Stub>) -> Response {
    if stub.shelf(|shelf| shelf.is_key_refused) {
        return problem(409, "derivation_key_differs");
    }
    Json(json!({"fingerprint": "ab", "recorded_at": "2026-11-20T10:00:00.000Z"})).into_response()
}

fn problem(status: u16, code: &str) -> Response {
    let body = json!({
        "type": format!("urn:lacadon:problem:{code}"), "title": code, "status": status, "detail": code,
    });
    let status = StatusCode::from_u16(status).expect("a status");
    (status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
}
