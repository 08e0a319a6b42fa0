//! What the worker can do beside working: say whether it is healthy, and replay recorded histories.

use crate::config::Tool;
use crate::{registry, replay};
use anyhow::{Context as _, bail, ensure};
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A worker that takes longer to say that it is ready is not.
const HEALTHCHECK_LIMIT: Duration = Duration::from_secs(2);

/// The status line is all that is read.
const STATUS_LINE_LEN: usize = 12;

/// Does what was asked; an error is for standard error and exit code 1.
///
/// # Errors
/// When the worker is not ready, or a history does not replay.
pub async fn run(tool: Tool) -> anyhow::Result<()> {
    match tool {
        Tool::Healthcheck { listen } => healthcheck(listen),
        Tool::Replay { files } => replay_all(&files).await,
    }
}

fn healthcheck(listen: SocketAddr) -> anyhow::Result<()> {
    let address = SocketAddr::new(reachable(listen.ip()), listen.port());
    let mut stream = TcpStream::connect_timeout(&address, HEALTHCHECK_LIMIT)
        .with_context(|| format!("nobody answers on {address}"))?;
    stream.set_read_timeout(Some(HEALTHCHECK_LIMIT))?;
    stream.set_write_timeout(Some(HEALTHCHECK_LIMIT))?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut status_line = [0; STATUS_LINE_LEN];
    stream.read_exact(&mut status_line)?;
    ensure!(&status_line == b"HTTP/1.1 200", "the worker on {address} is not ready");
    Ok(())
}

/// Who listens everywhere is asked on loopback.
fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

async fn replay_all(files: &[PathBuf]) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    let mut failed: usize = 0;
    for file in files {
        let said = match replay_one(file).await {
            Ok(replayed) => format!(
                "{}: {} with {} events replays",
                file.display(),
                replayed.workflow_id,
                replayed.events
            ),
            Err(error) => {
                failed = failed.saturating_add(1);
                format!("{}: {error:#}", file.display())
            }
        };
        writeln!(out, "{said}")?;
    }
    if failed > 0 {
        bail!("{failed} of {} histories do not replay", files.len());
    }
    Ok(())
}

async fn replay_one(file: &Path) -> anyhow::Result<replay::Replayed> {
    let text = std::fs::read_to_string(file).context("cannot be read")?;
    replay::replay(registry::for_replay()?, &text).await
}
