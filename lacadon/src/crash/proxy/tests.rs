//! The faults of the proxy, against a server that answers every line with the same line.

use super::{Effect, Proxy};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that repeats what it hears, and counts the lines.
async fn echo() -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let heard = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let counted = Arc::clone(&counted);
            tokio::spawn(async move {
                let (from, mut to) = stream.split();
                let mut lines = BufReader::new(from).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    counted.fetch_add(1, Ordering::SeqCst);
                    if to.write_all(format!("{line}\n").as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (address, heard)
}

async fn through_a_proxy() -> (Proxy, TcpStream, Arc<AtomicU32>) {
    let (address, heard) = echo().await;
    let proxy = Proxy::start().await.expect("a proxy");
    proxy.forward_to(&address);
    let stream = TcpStream::connect(proxy.address()).await.expect("connected");
    (proxy, stream, heard)
}

async fn says(stream: &mut TcpStream, line: &str) -> std::io::Result<String> {
    let ask = async {
        stream.write_all(format!("{line}\n").as_bytes()).await?;
        let mut answer = vec![0; line.len() + 1];
        stream.read_exact(&mut answer).await?;
        Ok(String::from_utf8_lossy(&answer).trim().to_owned())
    };
    tokio::time::timeout(PATIENCE, ask).await.expect("an answer or a lost connection")
}

#[tokio::test]
async fn without_a_fault_everything_passes() {
    let (_proxy, mut stream, _heard) = through_a_proxy().await;

    assert_eq!(says(&mut stream, "hello").await.expect("an answer"), "hello");
}

#[tokio::test]
async fn a_lost_reply_is_lost_after_the_request_took_effect() {
    let (proxy, mut stream, heard) = through_a_proxy().await;
    proxy.begin(Effect::LoseReply);

    assert!(says(&mut stream, "hello").await.is_err());

    assert_eq!(heard.load(Ordering::SeqCst), 1);
    assert_eq!(proxy.hits().get(&Effect::LoseReply), Some(&1));
}

#[tokio::test]
async fn of_a_reply_that_is_cut_only_a_part_arrives() {
    let (proxy, mut stream, _heard) = through_a_proxy().await;
    proxy.begin(Effect::CutReply);
    stream.write_all(b"12345678\n").await.expect("written");

    let mut arrived = Vec::new();
    let end = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut arrived)).await;

    assert!(end.expect("it ends").is_err(), "the connection is reset, not closed");
    assert!(arrived.len() < 9, "{arrived:?}");
}

#[tokio::test]
async fn a_black_hole_swallows_and_resets_what_it_held_when_it_ends() {
    let (proxy, mut stream, heard) = through_a_proxy().await;
    says(&mut stream, "before").await.expect("an answer");
    proxy.begin(Effect::BlackHole);
    stream.write_all(b"lost\n").await.expect("written");
    wait_until_something_was_swallowed(&proxy).await;

    proxy.end();

    let end = tokio::time::timeout(PATIENCE, stream.read(&mut [0; 8])).await;
    assert!(!matches!(end.expect("it ends"), Ok(1..)), "nothing comes out of it");
    assert_eq!(heard.load(Ordering::SeqCst), 1, "what was swallowed never arrived");
    let mut next = TcpStream::connect(proxy.address()).await.expect("connected");
    assert_eq!(says(&mut next, "after").await.expect("an answer"), "after");
}

async fn wait_until_something_was_swallowed(proxy: &Proxy) {
    let begun = std::time::Instant::now();
    while !proxy.hits().contains_key(&Effect::BlackHole) {
        assert!(begun.elapsed() < PATIENCE, "nothing was swallowed");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_request_that_is_doubled_reaches_its_service_twice() {
    let (proxy, mut stream, heard) = through_a_proxy().await;
    proxy.begin(Effect::Duplicate);
    stream.write_all(b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nab\n").await.expect("written");

    wait_until_heard(&heard, 8).await;

    assert_eq!(proxy.hits().get(&Effect::Duplicate), Some(&1));
}

async fn wait_until_heard(heard: &AtomicU32, lines: u32) {
    let begun = std::time::Instant::now();
    while heard.load(Ordering::SeqCst) < lines {
        assert!(begun.elapsed() < PATIENCE, "only {heard:?} lines arrived");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
