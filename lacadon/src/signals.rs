//! The signals that mean "stop": Ctrl-C, a polite kill, a terminal that was closed.

use anyhow::{Context, bail};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens from its making on: a signal that comes while nobody waits is not lost.
pub(crate) struct Signals {
    all: [Signal; 3],
}

impl Signals {
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let on = |kind| signal(kind).context("signals cannot be listened to");
        let all =
            [on(SignalKind::interrupt())?, on(SignalKind::terminate())?, on(SignalKind::hangup())?];
        Ok(Self { all })
    }

    /// Does something until it is done or somebody wants it to stop.
    pub(crate) async fn unless_interrupted<T>(
        &mut self,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        tokio::select! {
            done = work => done,
            () = self.next() => bail!("interrupted"),
        }
    }

    pub(crate) async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.all;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
