//! Binding, accepting, and stopping: no new connections, requests under way finish, the rest is cut at the deadline.

use super::App;
use crate::config::StopSettings;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

/// How long a connection may take to send a request's head, and stay idle between two.
const HEAD_TIME_LIMIT: Duration = Duration::from_secs(30);
/// The largest head, bytes; larger ones answer 431.
const HEAD_LIMIT: usize = 32 * 1024;
/// The most header fields; more answer 431.
const HEADERS_LIMIT: usize = 64;
/// The most connections at once; more wait in the system's queue.
const CONNECTIONS_LIMIT: usize = 1024;
/// A pause after a failed accept (no file descriptors left): trying at once would only burn time.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often old samples of histograms are folded up.
const UPKEEP: Duration = Duration::from_secs(5);

/// A server at work. Dropping it stops it at once; [`Running::stop`] lets requests finish.
pub struct Running {
    address: SocketAddr,
    stopping: CancellationToken,
    cut: CancellationToken,
    connections: TaskTracker,
    on_stop: Vec<Box<dyn FnOnce() + Send + Sync>>,
}

/// Binds and serves in the background. Port 0 takes a free one; [`Running::address`] says which.
///
/// # Errors
/// When the address cannot be bound.
pub async fn start(listen: SocketAddr, mut app: App) -> io::Result<Running> {
    let listener = TcpListener::bind(listen).await?;
    let running = Running {
        address: listener.local_addr()?,
        stopping: CancellationToken::new(),
        cut: CancellationToken::new(),
        connections: TaskTracker::new(),
        on_stop: std::mem::take(&mut app.on_stop),
    };
    let acceptor = Acceptor {
        router: app.into_router(),
        stopping: running.stopping.clone(),
        cut: running.cut.clone(),
        connections: running.connections.clone(),
    };
    tokio::spawn(acceptor.accept_from(listener));
    tokio::spawn(running.cut.clone().run_until_cancelled_owned(keep_metrics_small()));
    Ok(running)
}

/// Serves until the process is asked to stop, then stops gracefully.
///
/// # Errors
/// When the address cannot be bound or signals cannot be heard.
pub async fn run(listen: SocketAddr, app: App, stop: &StopSettings) -> io::Result<()> {
    let asked = stop_asked(stop.exit_with_stdin)?;
    let running = start(listen, app).await?;
    info!(address = %running.address, "listening on http://{}", running.address);
    asked.await;
    info!("asked to stop, finishing what is under way");
    running.stop(stop.grace()).await;
    Ok(())
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no new connections, lets requests under way finish, cuts what is left after `grace`.
    pub async fn stop(mut self, grace: Duration) {
        for stop in self.on_stop.drain(..) {
            stop();
        }
        self.stopping.cancel();
        self.connections.close();
        if tokio::time::timeout(grace, self.connections.wait()).await.is_err() {
            warn!("cut {} connections that did not finish in time", self.connections.len());
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopping.cancel();
        self.cut.cancel();
    }
}

/// Ends when the process is asked to stop: SIGTERM, SIGINT or, with `exit_with_stdin`, the end of standard input.
///
/// # Errors
/// When signals cannot be heard.
pub fn stop_asked(exit_with_stdin: bool) -> io::Result<impl Future<Output = ()> + Send> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stdin_ended = exit_with_stdin.then(end_of_stdin);
    Ok(async move {
        let stdin_ended = async {
            match stdin_ended {
                Some(ended) => drop(ended.await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = stdin_ended => {}
        }
    })
}

/// A thread of its own: the runtime would wait at its end for a read that never returns.
fn end_of_stdin() -> oneshot::Receiver<()> {
    let (ended, wait) = oneshot::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 1024];
        while matches!(io::stdin().read(&mut buffer), Ok(1..)) {}
        let _ = ended.send(());
    });
    wait
}

async fn keep_metrics_small() {
    let mut tick = tokio::time::interval(UPKEEP);
    loop {
        tick.tick().await;
        crate::telemetry::metrics().run_upkeep();
    }
}

struct Acceptor {
    router: Router,
    stopping: CancellationToken,
    cut: CancellationToken,
    connections: TaskTracker,
}

impl Acceptor {
    async fn accept_from(self, listener: TcpListener) {
        let free = Arc::new(Semaphore::new(CONNECTIONS_LIMIT));
        let stopping = self.stopping.clone();
        let accept = async {
            while let Ok(place) = free.clone().acquire_owned().await {
                match listener.accept().await {
                    Ok((stream, _)) => self.serve(stream, place),
                    Err(error) => {
                        warn!(%error, "could not accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        };
        stopping.run_until_cancelled(accept).await;
    }

    fn serve(&self, stream: TcpStream, place: OwnedSemaphorePermit) {
        let _ = stream.set_nodelay(true);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME_LIMIT)
            .max_buf_size(HEAD_LIMIT)
            .max_headers(HEADERS_LIMIT)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(self.router.clone()));
        let (stopping, cut) = (self.stopping.clone(), self.cut.clone());
        self.connections.spawn(async move {
            let _place = place;
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = cut.cancelled() => return,
                () = stopping.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    tokio::select! { ended = connection => ended, () = cut.cancelled() => return }
                }
            };
            if let Err(error) = ended {
                debug!(%error, "a connection ended early");
            }
        });
    }
}
