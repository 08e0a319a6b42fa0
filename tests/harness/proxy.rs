//! A proxy on loopback between two parts of the system, for the faults that a network has.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use reqwest::StatusCode;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Forwards to one service, and does to its replies what it is told.
pub struct Proxy {
    shared: Arc<Shared>,
    address: String,
    server: tokio::task::JoinHandle<()>,
}

struct Shared {
    target: Mutex<String>,
    http: reqwest::Client,
    faults: Mutex<Vec<Fault>>,
    held: watch::Sender<u32>,
}

/// What happens to a reply, after the service has done its work.
struct Fault {
    path_part: String,
    kind: Kind,
}

enum Kind {
    /// So many more replies are lost: the caller sees a broken connection.
    LoseReply(u32),
    /// The reply waits until the gate opens.
    HoldReply(watch::Receiver<bool>),
}

/// Replies are held until this is opened or dropped.
pub struct Gate {
    open: watch::Sender<bool>,
    held: watch::Receiver<u32>,
}

impl Gate {
    /// Waits until a reply is held.
    ///
    /// # Panics
    /// When the proxy is gone.
    pub async fn wait_until_held(&mut self) {
        self.held.wait_for(|held| *held > 0).await.expect("the proxy is up");
    }

    /// Lets every held reply go.
    pub fn open(self) {
        self.open.send_replace(true);
    }
}

impl Proxy {
    /// Listens on a free port and forwards to `target`, a URL without a path. The target may be set later.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = Arc::new(Shared {
            target: Mutex::new(String::new()),
            http: crate::world::http_client(),
            faults: Mutex::new(Vec::new()),
            held: watch::channel(0).0,
        });
        let router = axum::Router::new().fallback(forward).with_state(shared.clone());
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("the proxy serves");
        });
        Self { shared, address, server }
    }

    /// Where callers find the service: the proxy's own URL.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// From now on calls go to `target`.
    pub fn forward_to(&self, target: &str) {
        *lock(&self.shared.target) = target.to_owned();
    }

    /// The next `times` calls whose path holds `path_part` take effect, and their replies are lost.
    pub fn lose_replies(&self, path_part: &str, times: u32) {
        lock(&self.shared.faults)
            .push(Fault { path_part: path_part.to_owned(), kind: Kind::LoseReply(times) });
    }

    /// Replies to calls whose path holds `path_part` wait for the gate.
    #[must_use]
    pub fn hold_replies(&self, path_part: &str) -> Gate {
        let (open, gate) = watch::channel(false);
        lock(&self.shared.faults)
            .push(Fault { path_part: path_part.to_owned(), kind: Kind::HoldReply(gate) });
        Gate { open, held: self.shared.held.subscribe() }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn forward(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let body = to_bytes(body, 1 << 20).await.unwrap_or_default();
    let reply = call(&shared, parts, &path, body).await;
    match fault_for(&shared, &path) {
        None => reply,
        Some(Kind::LoseReply(_)) => broken_connection(),
        Some(Kind::HoldReply(mut gate)) => {
            shared.held.send_modify(|held| *held += 1);
            // A gate that was dropped is open.
            let _ = gate.wait_for(|open| *open).await;
            shared.held.send_modify(|held| *held -= 1);
            reply
        }
    }
}

async fn call(
    shared: &Shared,
    parts: axum::http::request::Parts,
    path: &str,
    body: Bytes,
) -> Response {
    let url = format!("{}{path}", lock(&shared.target));
    match shared.http.request(parts.method, url).headers(parts.headers).body(body).send().await {
        Err(_) => broken_connection(),
        Ok(answer) => {
            let (status, headers) = (answer.status(), answer.headers().clone());
            let body = answer.bytes().await.unwrap_or_default();
            let mut response = (status, body).into_response();
            *response.headers_mut() = headers;
            response
        }
    }
}

fn fault_for(shared: &Shared, path: &str) -> Option<Kind> {
    let mut faults = lock(&shared.faults);
    let fault = faults.iter_mut().find(|fault| {
        path.contains(&fault.path_part) && !matches!(fault.kind, Kind::LoseReply(0))
    })?;
    Some(match &mut fault.kind {
        Kind::LoseReply(left) => {
            *left -= 1;
            Kind::LoseReply(*left)
        }
        Kind::HoldReply(gate) => Kind::HoldReply(gate.clone()),
    })
}

/// Headers that promise a body, and a body that fails: the connection is reset before the caller has an answer.
fn broken_connection() -> Response {
    let broken =
        futures::stream::once(async { Err::<Bytes, _>(std::io::Error::other("connection lost")) });
    (StatusCode::OK, [("content-type", "application/json")], Body::from_stream(broken))
        .into_response()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
