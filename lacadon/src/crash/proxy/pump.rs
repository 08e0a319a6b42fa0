//! What happens to the bytes of one connection: they pass, unless the network has a fault just now.

use super::{Effect, Shared};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;

/// Read at once: a request of ours with its body is smaller.
const CHUNK: usize = 16 * 1024;

/// How late a delayed message is: more than an attempt of an activity waits, less than its caller does.
const DELAY: Duration = Duration::from_millis(900);

/// Between two bytes of a trickle.
const ONE_BYTE: Duration = Duration::from_secs(1);

/// The second delivery of a request may take this long.
const SECOND_DELIVERY: Duration = Duration::from_secs(10);

/// Carries bytes in both directions until one side has ended, in which case the other side is closed too.
///
/// # Errors
/// When the connection was lost, by itself or by a fault of ours: then both sides must be reset.
pub(super) async fn both_ways(
    caller: &mut TcpStream,
    callee: &mut TcpStream,
    target: &str,
    shared: &Arc<Shared>,
) -> io::Result<()> {
    let (from_caller, to_caller) = caller.split();
    let (from_callee, to_callee) = callee.split();
    let requests = requests(from_caller, to_callee, target, shared);
    let replies = replies(from_callee, to_caller, shared);
    tokio::select! {
        ended = requests => ended,
        ended = replies => ended,
        () = end_of_a_black_hole(shared.now.subscribe()) => Err(lost()),
    }
}

/// Passes what the caller says, until it has said all.
async fn requests(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    target: &str,
    shared: &Arc<Shared>,
) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = from.read(&mut chunk).await?;
        let said = chunk.get(..length).unwrap_or_default();
        if said.is_empty() {
            return Ok(());
        }
        let now = shared.now();
        match now {
            Some(effect @ Effect::BlackHole) => {
                shared.note(effect);
                // Until the connection is reset.
                std::future::pending::<()>().await;
            }
            Some(effect @ Effect::Delay) => {
                shared.note(effect);
                tokio::time::sleep(DELAY).await;
            }
            Some(effect @ Effect::Duplicate) if is_whole_request(said) => {
                shared.note(effect);
                tokio::spawn(deliver_again(target.to_owned(), said.to_vec()));
            }
            _ => {}
        }
        to.write_all(said).await?;
    }
}

/// Passes what the callee answers.
async fn replies(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    shared: &Arc<Shared>,
) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = from.read(&mut chunk).await?;
        let said = chunk.get(..length).unwrap_or_default();
        if said.is_empty() {
            return Ok(());
        }
        let now = shared.now();
        if let Some(effect) = now.filter(|effect| *effect != Effect::Duplicate) {
            shared.note(effect);
        }
        match now {
            Some(Effect::LoseReply) => return Err(lost()),
            Some(Effect::CutReply) => {
                let (arrives, _) = said.split_at_checked(length / 2).unwrap_or_default();
                to.write_all(arrives).await?;
                return Err(lost());
            }
            Some(Effect::BlackHole) => std::future::pending::<()>().await,
            Some(Effect::Delay) => {
                tokio::time::sleep(DELAY).await;
                to.write_all(said).await?;
            }
            Some(Effect::Trickle) => trickle(said, &mut to, shared).await?,
            Some(Effect::Duplicate) | None => to.write_all(said).await?,
        }
    }
}

/// One byte per second while the fault lasts, then the rest.
async fn trickle(said: &[u8], to: &mut WriteHalf<'_>, shared: &Arc<Shared>) -> io::Result<()> {
    let mut rest = said;
    while let (Some(Effect::Trickle), Some((byte, behind))) = (shared.now(), rest.split_first()) {
        to.write_all(&[*byte]).await?;
        rest = behind;
        tokio::time::sleep(ONE_BYTE).await;
    }
    to.write_all(rest).await
}

/// Returns when a black hole that this connection was in has ended; for ever pending where there is none.
async fn end_of_a_black_hole(mut now: watch::Receiver<Option<Effect>>) {
    let is_black = |effect: &Option<Effect>| *effect == Some(Effect::BlackHole);
    // The sender lives as long as the proxy, and the connection no longer.
    if now.wait_for(is_black).await.is_err()
        || now.wait_for(|effect| !is_black(effect)).await.is_err()
    {
        std::future::pending::<()>().await;
    }
}

/// Whether this is one HTTP/1.1 request that changes something, from its first byte to its last.
fn is_whole_request(said: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(said) else { return false };
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let changes = ["POST ", "PUT "].iter().any(|method| head.starts_with(method));
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    changes && length.unwrap_or_default() == body.len()
}

/// The second delivery. Nobody hears its answer, as nobody hears the answer to a packet that the network has doubled.
async fn deliver_again(target: String, request: Vec<u8>) {
    let deliver = async {
        let mut callee = TcpStream::connect(&target).await?;
        callee.write_all(&request).await?;
        callee.read(&mut [0; 1]).await
    };
    // Whether it arrives is chance.
    let _ = tokio::time::timeout(SECOND_DELIVERY, deliver).await;
}

fn lost() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "the network lost the connection")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_request_that_changes_something_is_delivered_twice() {
        let whole = b"POST /orders HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}";
        let begun = b"POST /orders HTTP/1.1\r\ncontent-length: 9\r\n\r\n{}";

        assert!(is_whole_request(whole));
        assert!(is_whole_request(b"POST /orders/1/mark-sent HTTP/1.1\r\nhost: a\r\n\r\n"));
        assert!(!is_whole_request(begun));
        assert!(!is_whole_request(b"GET /orders HTTP/1.1\r\nhost: a\r\n\r\n"));
        assert!(!is_whole_request(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    }
}
