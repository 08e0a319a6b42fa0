//! A proxy on loopback between two parts of the system, for the faults that a network has. It knows bytes, not HTTP, so
//! that it stands before services and before Temporal alike.
//!
//! While a fault lasts it hits whatever passes: a reply is lost, or cut in its middle, and the connection reset; bytes are
//! late, or come one per second; a whole request is delivered twice; or nothing passes in either direction. When a black
//! hole ends, every connection that it held is reset: nobody waits for a peer that has forgotten it.

mod pump;

use anyhow::Context;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A part that is being started again accepts within seconds.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// After a failed accept, which only a lack of file descriptors brings.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// What a network does to what passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// The request takes effect, its reply is lost, the connection is reset.
    LoseReply,
    /// Half of the reply arrives, then the connection is reset.
    CutReply,
    /// Everything comes this much later.
    Delay,
    /// Replies come one byte per second.
    Trickle,
    /// A whole HTTP request is delivered a second time, over another connection.
    Duplicate,
    /// Nothing passes, and nobody is told.
    BlackHole,
}

impl Effect {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::LoseReply,
        Self::CutReply,
        Self::Delay,
        Self::Trickle,
        Self::Duplicate,
        Self::BlackHole,
    ];

    /// As in `black-hole`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LoseReply => "lose-reply",
            Self::CutReply => "cut-reply",
            Self::Delay => "delay",
            Self::Trickle => "trickle",
            Self::Duplicate => "duplicate",
            Self::BlackHole => "black-hole",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A proxy; dropping it closes it.
pub struct Proxy {
    shared: Arc<Shared>,
    port: u16,
    listening: JoinHandle<()>,
}

struct Shared {
    target: watch::Sender<Option<String>>,
    now: watch::Sender<Option<Effect>>,
    hits: Mutex<BTreeMap<Effect, u64>>,
}

impl Shared {
    /// What the network does just now.
    fn now(&self) -> Option<Effect> {
        *self.now.borrow()
    }

    fn note(&self, effect: Effect) {
        *self.hits.lock().unwrap_or_else(PoisonError::into_inner).entry(effect).or_default() += 1;
    }
}

impl Proxy {
    /// Listens on a free port of loopback. Connections wait until it is said where they go.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no port for a proxy")?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            target: watch::Sender::new(None),
            now: watch::Sender::new(None),
            hits: Mutex::default(),
        });
        let listening = tokio::spawn(listen(listener, Arc::clone(&shared)));
        Ok(Self { shared, port, listening })
    }

    /// Where to connect to, on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host and port, as in `127.0.0.1:4711`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// As a URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// From now on connections go to this host and port.
    pub fn forward_to(&self, target: &str) {
        let target = target.trim_start_matches("http://").trim_end_matches('/');
        self.shared.target.send_replace(Some(target.to_owned()));
    }

    /// From now on the network does this.
    pub fn begin(&self, effect: Effect) {
        self.shared.now.send_replace(Some(effect));
    }

    /// From now on the network is as it should be.
    pub fn end(&self) {
        self.shared.now.send_replace(None);
    }

    /// How often each effect has hit something.
    #[must_use]
    pub fn hits(&self) -> BTreeMap<Effect, u64> {
        self.shared.hits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with the proxy, and every connection with it.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((caller, _)) => drop(connections.spawn(carry(caller, Arc::clone(&shared)))),
            Err(_) => tokio::time::sleep(ACCEPT_AGAIN).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Carries one connection until either side ends it, or a fault does.
async fn carry(caller: TcpStream, shared: Arc<Shared>) {
    let mut target = shared.target.subscribe();
    // The sender lives as long as the proxy.
    let Ok(address) = target.wait_for(Option::is_some).await.map(|found| found.clone()) else {
        return;
    };
    let address = address.unwrap_or_default();
    let connect = TcpStream::connect(&address);
    let callee = match tokio::time::timeout(CONNECT_LIMIT, connect).await {
        Ok(Ok(callee)) => callee,
        // Nobody is there: the caller is told at once, as it would be without us.
        Ok(Err(_)) | Err(_) => return reset(caller),
    };
    // Small messages in both directions: none waits for the next.
    let _ = (caller.set_nodelay(true), callee.set_nodelay(true));
    let (mut caller, mut callee) = (caller, callee);
    if pump::both_ways(&mut caller, &mut callee, &address, &shared).await.is_err() {
        reset(caller);
        reset(callee);
    }
}

/// Ends a connection as a machine does that has lost it.
fn reset(stream: TcpStream) {
    // A connection that is gone already needs no reset.
    let _ = stream.set_zero_linger();
}

#[cfg(test)]
mod tests;
