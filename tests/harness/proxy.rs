//! A proxy on loopback between two parts of the system, for the faults that a network has.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use reqwest::StatusCode;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Forwards to one service, and does to requests and replies what it is told.
pub struct Proxy {
    shared: Arc<Shared>,
    address: String,
    server: tokio::task::JoinHandle<()>,
}

struct Shared {
    target: Mutex<String>,
    http: reqwest::Client,
    faults: Mutex<Vec<Fault>>,
    /// Calls that were ever held: whoever made one may be gone since.
    held: watch::Sender<u32>,
    /// Calls that were broken off and have not arrived yet.
    on_their_way: watch::Sender<u32>,
}

/// What happens to calls whose method and path, as in `PUT /orders/ord_…`, hold a text.
struct Fault {
    part: String,
    kind: Kind,
}

enum Kind {
    /// So many more requests are lost before the service has seen them.
    LoseRequest(u32),
    /// So many more replies are lost, after the service has done its work: the caller sees a broken connection.
    LoseReply(u32),
    /// So many more requests reach the service twice.
    DeliverTwice(u32),
    /// So many more requests are lost to their caller and reach the service when the gate opens.
    DeliverLate(u32, watch::Receiver<bool>),
    /// The reply waits until the gate opens.
    HoldReply(watch::Receiver<bool>),
}

/// Calls are held until this is opened or dropped.
pub struct Gate {
    open: watch::Sender<bool>,
    held: watch::Receiver<u32>,
    held_before: u32,
}

impl Gate {
    /// Waits until so many calls have been held since the gate was shut.
    ///
    /// # Panics
    /// When the proxy is gone.
    pub async fn wait_until_held(&mut self, count: u32) {
        let enough = self.held_before + count;
        self.held.wait_for(|held| *held >= enough).await.expect("the proxy is up");
    }

    /// Lets every held call go.
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
            on_their_way: watch::channel(0).0,
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

    /// The next `times` calls that hold `part` never reach the service.
    pub fn lose_requests(&self, part: &str, times: u32) {
        self.add(part, Kind::LoseRequest(times));
    }

    /// The next `times` calls that hold `part` take effect, and their replies are lost.
    pub fn lose_replies(&self, part: &str, times: u32) {
        self.add(part, Kind::LoseReply(times));
    }

    /// The next `times` calls that hold `part` reach the service twice; the second reply is the answer.
    pub fn deliver_twice(&self, part: &str, times: u32) {
        self.add(part, Kind::DeliverTwice(times));
    }

    /// The next `times` calls that hold `part` are broken off, and reach the service when the gate opens.
    #[must_use]
    pub fn deliver_late(&self, part: &str, times: u32) -> Gate {
        self.shut(part, |gate| Kind::DeliverLate(times, gate))
    }

    /// Replies to calls that hold `part` wait for the gate.
    #[must_use]
    pub fn hold_replies(&self, part: &str) -> Gate {
        self.shut(part, Kind::HoldReply)
    }

    /// From now on every call is forwarded as it comes.
    pub fn heal(&self) {
        lock(&self.shared.faults).clear();
    }

    /// Waits until whatever was delivered late has arrived.
    ///
    /// # Panics
    /// Never while the proxy is there.
    pub async fn wait_until_nothing_is_on_its_way(&self) {
        let mut on_their_way = self.shared.on_their_way.subscribe();
        on_their_way.wait_for(|count| *count == 0).await.expect("the proxy is up");
    }

    fn shut(&self, part: &str, kind: impl FnOnce(watch::Receiver<bool>) -> Kind) -> Gate {
        let (open, gate) = watch::channel(false);
        let held = self.shared.held.subscribe();
        let held_before = *held.borrow();
        self.add(part, kind(gate));
        Gate { open, held, held_before }
    }

    fn add(&self, part: &str, kind: Kind) {
        lock(&self.shared.faults).push(Fault { part: part.to_owned(), kind });
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
    let fault = fault_for(&shared, &format!("{} {path}", parts.method));
    match fault {
        None => call(&shared, parts, &path, body).await,
        Some(Kind::LoseRequest(_)) => broken_connection(),
        Some(Kind::LoseReply(_)) => {
            call(&shared, parts, &path, body).await;
            broken_connection()
        }
        Some(Kind::DeliverTwice(_)) => {
            call(&shared, parts.clone(), &path, body.clone()).await;
            call(&shared, parts, &path, body).await
        }
        Some(Kind::DeliverLate(_, mut gate)) => {
            shared.held.send_modify(|held| *held += 1);
            shared.on_their_way.send_modify(|count| *count += 1);
            tokio::spawn(async move {
                // A gate that was dropped is open.
                let _ = gate.wait_for(|open| *open).await;
                call(&shared, parts, &path, body).await;
                shared.on_their_way.send_modify(|count| *count -= 1);
            });
            broken_connection()
        }
        Some(Kind::HoldReply(mut gate)) => {
            let reply = call(&shared, parts, &path, body).await;
            shared.held.send_modify(|held| *held += 1);
            let _ = gate.wait_for(|open| *open).await;
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

/// The first fault that fits the call and has not happened often enough.
fn fault_for(shared: &Shared, call: &str) -> Option<Kind> {
    let mut faults = lock(&shared.faults);
    let fits = |fault: &&mut Fault| call.contains(&fault.part);
    let fault = faults.iter_mut().filter(fits).find(|fault| !fault.kind.is_over())?;
    Some(fault.kind.happens())
}

impl Kind {
    fn is_over(&self) -> bool {
        match self {
            Self::LoseRequest(left) | Self::LoseReply(left) | Self::DeliverTwice(left) => {
                *left == 0
            }
            Self::DeliverLate(left, _) => *left == 0,
            Self::HoldReply(_) => false,
        }
    }

    /// Once more, and one time less is left.
    fn happens(&mut self) -> Self {
        match self {
            Self::LoseRequest(left) => Self::LoseRequest(one_less(left)),
            Self::LoseReply(left) => Self::LoseReply(one_less(left)),
            Self::DeliverTwice(left) => Self::DeliverTwice(one_less(left)),
            Self::DeliverLate(left, gate) => Self::DeliverLate(one_less(left), gate.clone()),
            Self::HoldReply(gate) => Self::HoldReply(gate.clone()),
        }
    }
}

fn one_less(left: &mut u32) -> u32 {
    *left -= 1;
    *left
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
