//! What stands around every route, and the open routes: `/livez`, `/readyz`, `/metrics`.

use super::{App, Check, REQUEST_TIME_LIMIT, Scrape};
use crate::problem::{Problem, REQUEST_ID};
use crate::telemetry;
use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use metrics::{counter, histogram};
use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::{Instrument, debug, error, info, info_span};
use uuid::Uuid;

/// The largest body, bytes.
const BODY_LIMIT: usize = 64 * 1024;
/// How long a caller may take to send it: a slow one must not hold a request open.
const BODY_TIME_LIMIT: Duration = Duration::from_secs(5);
/// The longest request id that is taken over from a caller.
const REQUEST_ID_LIMIT: usize = 128;
/// How long readiness and metrics may take to find out.
const PROBE_TIME_LIMIT: Duration = Duration::from_secs(1);
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const OPEN_ROUTES: [&str; 3] = ["/livez", "/readyz", "/metrics"];

impl App {
    /// The routes with everything around them.
    pub fn into_router(mut self) -> Router {
        if let Some(guard) = self.guard
            && self.router.has_routes()
        {
            // Around routes only: what is not there answers 404 and 405 to everybody.
            self.router = self.router.route_layer(middleware::from_fn(move |request, next| {
                guard.clone().check(request, next)
            }));
        }
        let limits: Arc<[(&str, Duration)]> = self.slow_routes.into();
        self.router
            .merge(open_routes(self.is_ready, self.scrapes))
            .fallback(async || Problem::not_found())
            .method_not_allowed_fallback(method_not_allowed)
            .layer(middleware::from_fn(with_whole_body))
            .layer(middleware::from_fn(move |request, next| {
                within_time(limits.clone(), request, next)
            }))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(middleware::from_fn(observed))
    }
}

fn open_routes(is_ready: Check, scrapes: Vec<Scrape>) -> Router {
    Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(move || readiness(is_ready.clone())))
        .route("/metrics", get(move || scrape(scrapes.clone())))
}

async fn readiness(is_ready: Check) -> Result<&'static str, Problem> {
    match tokio::time::timeout(PROBE_TIME_LIMIT, is_ready()).await {
        Ok(true) => Ok("ready\n"),
        Ok(false) | Err(_) => {
            Err(Problem::unavailable("not_ready", "something this process needs is away", 1))
        }
    }
}

async fn scrape(scrapes: Vec<Scrape>) -> impl IntoResponse {
    let mut text = String::new();
    for scrape in scrapes {
        match tokio::time::timeout(PROBE_TIME_LIMIT, scrape()).await {
            Ok(more) => text.push_str(&more),
            Err(_) => debug!("a metric could not be read in time"),
        }
    }
    let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, content_type)], telemetry::metrics().render() + &text)
}

async fn method_not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this path knows other methods only; see the allow header",
    )
}

/// Read before anybody may refuse the request without it: hyper closes a connection whose request was not read to the end,
/// and says nothing of it; the caller would send its next request on it, and find it gone.
async fn with_whole_body(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, BODY_LIMIT).collect();
    let (status, code, detail) = match tokio::time::timeout(BODY_TIME_LIMIT, body).await {
        Ok(Ok(body)) => return next.run(Request::from_parts(parts, body.to_bytes().into())).await,
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "is larger than 64 KiB; send less")
        }
        Ok(Err(_)) => (StatusCode::BAD_REQUEST, "malformed_body", "broke off; send it again"),
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "body_too_slow", "came too slowly; send it again"),
    };
    let detail = format!("the body {detail}");
    ([(header::CONNECTION, "close")], Problem::new(status, code, detail)).into_response()
}

/// A handler dropped here loses nothing: what it asked of the database goes on in the database's own task.
async fn within_time(
    limits: Arc<[(&'static str, Duration)]>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let route = route_of(&request);
    let own_limit = limits.iter().find(|(slow, _)| *slow == route).map(|(_, limit)| *limit);
    let limit = own_limit.unwrap_or(REQUEST_TIME_LIMIT);
    tokio::time::timeout(limit, next.run(request)).await.map_err(|_| {
        Problem::unavailable("timed_out", "this took too long; ask again, it is safe to repeat", 1)
    })
}

/// The hook of `telemetry` has logged the panic, with its place.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    Problem::logged_before().into_response()
}

async fn observed(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (method, route) = (known_method(request.method()), route_of(&request));
    let request_id = request_id_of(request.headers());
    let span =
        info_span!("request", request.id = %request_id, http.method = method, http.route = %route);
    let mut response =
        REQUEST_ID.scope(request_id.clone(), next.run(request).instrument(span.clone())).await;
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    let (status, took) = (response.status(), started.elapsed());
    span.in_scope(|| log(method, &route, status, took));
    counter!("http_requests_total", "method" => method, "route" => route.clone(), "status" => status.as_u16().to_string())
        .increment(1);
    histogram!("http_request_duration_seconds", "method" => method, "route" => route)
        .record(took.as_secs_f64());
    response
}

fn log(method: &str, route: &str, status: StatusCode, took: Duration) {
    let status_code = status.as_u16();
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    if OPEN_ROUTES.contains(&route) {
        debug!(status_code, took_ms, "answered {method} {route} with {status_code}");
    } else if status.is_server_error() {
        error!(status_code, took_ms, "answered {method} {route} with {status_code}");
    } else {
        info!(status_code, took_ms, "answered {method} {route} with {status_code}");
    }
}

/// The route's template. Never the path: it may hold a secret.
fn route_of(request: &Request) -> String {
    request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned()
}

/// A label must not grow with what callers invent.
fn known_method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn request_id_of(headers: &HeaderMap) -> String {
    let is_sane = |text: &&str| {
        (1..=REQUEST_ID_LIMIT).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let given = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok()).filter(is_sane);
    given.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}
