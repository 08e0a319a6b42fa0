//! Serving: the stack around every route, probes, metrics, and a graceful stop with a hard deadline.
//!
//! ```text
//! request id, span, metrics > panics > time limit > the whole body > guard > the handler
//! ```

mod listen;
mod stack;

pub use listen::{Running, run, start, stop_asked};

use crate::auth::Guard;
use axum::Router;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// The longest a request may take unless its route is allowed more.
const REQUEST_TIME_LIMIT: Duration = Duration::from_secs(10);

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Check = Arc<dyn Fn() -> BoxFuture<bool> + Send + Sync>;
type Scrape = Arc<dyn Fn() -> BoxFuture<String> + Send + Sync>;

/// A service's routes and what is to be put around them.
pub struct App {
    router: Router,
    guard: Option<Guard>,
    is_ready: Check,
    scrapes: Vec<Scrape>,
    on_stop: Vec<Box<dyn FnOnce() + Send + Sync>>,
    slow_routes: Vec<(&'static str, Duration)>,
}

impl App {
    /// Serves these routes to anybody, beside `/livez`, `/readyz` and `/metrics`.
    #[must_use]
    pub fn new(router: Router) -> Self {
        Self {
            router,
            guard: None,
            is_ready: Arc::new(|| Box::pin(std::future::ready(true))),
            scrapes: Vec::new(),
            on_stop: Vec::new(),
            slow_routes: Vec::new(),
        }
    }

    /// Lets only callers through whom the guard lets through; probes and metrics stay open.
    #[must_use]
    pub fn guarded(mut self, guard: Guard) -> Self {
        self.guard = Some(guard);
        self
    }

    /// What `/readyz` asks. It gets one second; no answer counts as "not ready".
    #[must_use]
    pub fn ready_when<F, Fut>(mut self, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        self.is_ready = Arc::new(move || Box::pin(check()));
        self
    }

    /// Runs before `/metrics` answers, to set gauges; what it returns is appended in Prometheus' text format.
    #[must_use]
    pub fn on_scrape<F, Fut>(mut self, scrape: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = String> + Send + 'static,
    {
        self.scrapes.push(Arc::new(move || Box::pin(scrape())));
        self
    }

    /// Runs when the process was asked to stop, before requests under way are awaited: ends long polls.
    #[must_use]
    pub fn on_stop(mut self, stop: impl FnOnce() + Send + Sync + 'static) -> Self {
        self.on_stop.push(Box::new(stop));
        self
    }

    /// Allows the requests of one route template more (or less) time than others.
    #[must_use]
    pub fn allow_time(mut self, route: &'static str, limit: Duration) -> Self {
        self.slow_routes.push((route, limit));
        self
    }
}
