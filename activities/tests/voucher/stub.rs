//! A service in a test: answers every connection with the same bytes, and remembers what it was asked.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test's own tool")]

use connections::call::{BearerKey, Service};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the stub does with a request.
#[derive(Clone)]
pub(crate) enum Behaviour {
    /// Answers these bytes and closes.
    Answer(Vec<u8>),
    /// Hangs up without a word.
    HangUp,
    /// Sends these bytes, then nothing more, and keeps the connection.
    StopAfter(Vec<u8>),
}

/// A service that behaves in one way.
pub(crate) struct Stub {
    address: std::net::SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    /// Listens on a free port until the test ends.
    pub(crate) async fn that(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, behaviour.clone(), seen.clone()));
            }
        });
        Self { address, requests }
    }

    /// Answers with this status, type and body.
    pub(crate) async fn answering(status: &str, content_type: &str, body: &str) -> Self {
        Self::that(Behaviour::Answer(response(status, content_type, body))).await
    }

    /// The service as activities see it.
    pub(crate) fn service(&self, name: &'static str) -> Service {
        let base = format!("http://{}", self.address).parse().expect("a URL");
        let key = BearerKey::parse("5eed5eed\n").expect("a key");
        Service::new(name, base, key).expect("a client")
    }

    /// What it was asked so far, head and body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("not poisoned").clone()
    }
}

/// A whole HTTP response.
pub(crate) fn response(status: &str, content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
        .into_bytes()
}

/// A refusal as our services give it.
pub(crate) fn problem(code: &str) -> String {
    format!(
        r#"{{"type":"urn:lacadon:problem:{code}","title":"t","status":404,"detail":"SECRET-DETAIL"}}"#
    )
}

async fn serve(mut stream: TcpStream, behaviour: Behaviour, seen: Arc<Mutex<Vec<String>>>) {
    let request = read_request(&mut stream).await;
    seen.lock().expect("not poisoned").push(request);
    match behaviour {
        Behaviour::Answer(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Behaviour::HangUp => drop(stream),
        Behaviour::StopAfter(bytes) => {
            let _ = stream.write_all(&bytes).await;
            // Until the caller gives up.
            let mut rest = [0; 16];
            let _ = tokio::time::timeout(Duration::from_secs(30), stream.read(&mut rest)).await;
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = stream.read(&mut chunk).await.unwrap_or(0);
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if count == 0 || is_whole(&text) {
            return text;
        }
    }
}

fn is_whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    body.len() >= length
}
