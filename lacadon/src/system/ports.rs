//! Which port is whose. Free blocks are taken without a race between launchers: each is held by a locked file.

use anyhow::{Context, bail};
use std::fs::{self, File, TryLockError};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Free blocks lie below the ranges from which Linux (32768…) and macOS (49152…) give ports to outgoing connections,
/// so that no such connection can take a port between our look and our child's bind.
const FREE_FROM: u16 = 20_000;
const FREE_TO: u16 = 32_000;

/// Ports from one base to the next free block.
const BLOCK: u16 = 32;

/// Workers have ten ports of a block.
pub(super) const MOST_WORKERS: u16 = 10;

/// The processes of a launcher that was killed drain for a while before their ports are free.
const WAIT_FOR_A_PORT: Duration = Duration::from_secs(12);

/// How to choose the ports of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ports {
    /// The ports that the documents name: 8080 to 8084, 8090, 7233, 8233.
    Default,
    /// Counted from a base: +0 gateway, +1 order-api, +2 voucher-api, +3 risk-api, +4 desk-api, +10 worker, +20 Temporal,
    /// +21 its Web UI.
    Base(u16),
    /// A block that no other launcher and no other program uses.
    Free,
}

/// The ports of one system; dropping it frees the block.
#[derive(Debug)]
pub(super) struct PortPlan {
    base: Option<u16>,
    _held: Option<File>,
}

impl PortPlan {
    pub(super) fn choose(ports: Ports) -> anyhow::Result<Self> {
        match ports {
            Ports::Default => Ok(Self { base: None, _held: None }),
            Ports::Base(base) if base > u16::MAX - BLOCK || base == 0 => {
                bail!("a port base lies between 1 and {}", u16::MAX - BLOCK)
            }
            Ports::Base(base) => Ok(Self { base: Some(base), _held: None }),
            Ports::Free => free_block(&lock_folder(), std::process::id()),
        }
    }

    pub(super) fn gateway(&self) -> u16 {
        self.base.unwrap_or(8080)
    }

    /// order-api is the first service, voucher-api the second, risk-api the third, desk-api the fourth.
    pub(super) fn service(&self, number: u16) -> u16 {
        self.gateway() + number
    }

    /// Workers are counted from 0.
    pub(super) fn worker(&self, index: u16) -> u16 {
        self.base.map_or(8090, |base| base + 10) + index
    }

    pub(super) fn temporal(&self) -> u16 {
        self.base.map_or(7233, |base| base + 20)
    }

    pub(super) fn temporal_ui(&self) -> u16 {
        self.base.map_or(8233, |base| base + 21)
    }

    /// Ports that the Temporal server would otherwise pick at random, from a range that others use too.
    pub(super) fn temporal_http_and_metrics(&self) -> (u16, u16) {
        self.base.map_or((7243, 9233), |base| (base + 22, base + 23))
    }

    /// The other listeners of a server that runs as in a cluster, by the names of their settings.
    pub(super) fn temporal_roles(&self) -> impl Iterator<Item = (&'static str, u16)> {
        const ROLES: [&str; 7] = [
            "FRONTEND_MEMBERSHIP_PORT",
            "HISTORY_GRPC_PORT",
            "HISTORY_MEMBERSHIP_PORT",
            "MATCHING_GRPC_PORT",
            "MATCHING_MEMBERSHIP_PORT",
            "WORKER_GRPC_PORT",
            "WORKER_MEMBERSHIP_PORT",
        ];
        ROLES.into_iter().zip(self.base.map_or(7234, |base| base + 24)..)
    }
}

/// Waits until nobody listens on a port, bounded.
pub(super) async fn wait_until_free(port: u16, whose: &str) -> anyhow::Result<()> {
    let give_up = Instant::now() + WAIT_FOR_A_PORT;
    while !is_free(port) {
        if Instant::now() > give_up {
            bail!(
                "port {port}, which {whose} needs, is taken by another program: stop that, or take other ports \
                 with --port-base N"
            );
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// One folder per user, so that nobody's files are in another's way; whether a port is free is asked of the system too.
fn lock_folder() -> PathBuf {
    let user = rustix::process::getuid().as_raw();
    std::env::temp_dir().join(format!("lacadon-ports-{user}"))
}

/// Takes the first block from a place that differs per process: launchers that start together seldom meet.
fn free_block(folder: &Path, place: u32) -> anyhow::Result<PortPlan> {
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let blocks = (FREE_TO - FREE_FROM) / BLOCK;
    let first = u16::try_from(place % u32::from(blocks))?;
    for offset in 0..blocks {
        let base = FREE_FROM + (first + offset) % blocks * BLOCK;
        let path = folder.join(format!("{base}.lock"));
        let lock = File::options().create(true).append(true).open(&path);
        let lock = lock.with_context(|| format!("{} cannot be written", path.display()))?;
        match lock.try_lock() {
            Ok(()) if (base..base + BLOCK).all(is_free) => {
                return Ok(PortPlan { base: Some(base), _held: Some(lock) });
            }
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(e)) => {
                return Err(e).with_context(|| format!("{} cannot be locked", path.display()));
            }
        }
    }
    bail!("no block of {BLOCK} free ports between {FREE_FROM} and {FREE_TO}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_systems_never_share_a_block() {
        let folder = tempfile::tempdir().expect("a folder");

        let first = free_block(folder.path(), 7).expect("a block");
        let second = free_block(folder.path(), 7).expect("another block");

        assert_ne!(first.base, second.base);
    }

    #[test]
    fn a_block_is_free_again_when_its_system_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");

        let first = free_block(folder.path(), 7).expect("a block").base;
        let second = free_block(folder.path(), 7).expect("the same block").base;

        assert_eq!(first, second);
    }

    #[test]
    fn a_block_in_which_somebody_listens_is_passed_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let base = free_block(folder.path(), 40).expect("a block").base.expect("a base");
        let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, base + 5)).expect("bound");

        let other = free_block(folder.path(), 40).expect("another block").base;

        assert_ne!(other, Some(base));
    }

    #[test]
    fn all_ports_of_a_system_differ() {
        for ports in [Ports::Default, Ports::Base(9000)] {
            let plan = PortPlan::choose(ports).expect("a plan");
            let (http, metrics) = plan.temporal_http_and_metrics();
            let mut all: Vec<u16> =
                vec![plan.gateway(), plan.temporal(), plan.temporal_ui(), http, metrics];
            all.extend((1..=4).map(|number| plan.service(number)));
            all.extend((0..MOST_WORKERS).map(|index| plan.worker(index)));

            let count = all.len();
            all.sort_unstable();
            all.dedup();

            assert_eq!(all.len(), count, "{ports:?}");
        }
    }

    #[test]
    fn a_base_beyond_the_last_port_is_refused() {
        assert!(PortPlan::choose(Ports::Base(65_530)).is_err());
    }
}
