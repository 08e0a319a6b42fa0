//! What every process answers, through real connections.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects")]

use axum::Router;
use axum::http::{Method, StatusCode};
use axum::routing::{get, post};
use chassis::auth::{Access, Caller, Guard, Keys, Role, sha256_hex};
use chassis::problem::{FieldError, Json, Path, Problem, Query};
use chassis::serve::{App, Running, start};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

const READER: Role = Role::named("reader");
const WRITER: Role = Role::named("writer");
static ACCESS: &[Access] = &[
    Access::allow(Method::GET, "/things/{id}", &[READER, WRITER]),
    Access::allow(Method::POST, "/things", &[WRITER]),
];

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Thing {
    name: String,
    parts: Vec<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    limit: Option<u32>,
}

fn things() -> Router {
    Router::new()
        .route("/things", post(async |Json(thing): Json<Thing>| Json(thing)))
        .route("/things/{id}", get(read_thing))
        .route("/forgotten", get(async || "nobody may"))
        .route("/panics", get(panics))
        .route("/slow", get(std::future::pending::<()>))
}

async fn read_thing(Path(id): Path<String>, Query(filter): Query<Filter>) -> String {
    format!("{id} {:?}", filter.limit)
}

async fn panics() {
    panic!("a secret of the inside")
}

async fn serve(app: App) -> Running {
    chassis::telemetry::start();
    start("127.0.0.1:0".parse().expect("an address"), app).await.expect("it listens")
}

/// The answer to one request on a connection of its own, as it stands on the wire.
async fn ask(running: &Running, request: &str) -> Answer {
    let mut stream = TcpStream::connect(running.address()).await.expect("connected");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await.expect("answered");
    let text = String::from_utf8(text).expect("text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn problem(&self) -> Value {
        assert!(self.head.contains("content-type: application/problem+json"), "{}", self.head);
        let problem: Value = serde_json::from_str(&self.body).expect("a problem");
        assert_eq!(problem["status"], self.status);
        assert!(problem["request_id"].is_string());
        problem
    }

    fn code(&self) -> String {
        let problem = self.problem();
        let text = problem["type"].as_str().expect("a type");
        text.strip_prefix("urn:lacadon:problem:").expect("one of ours").to_owned()
    }
}

fn get_request(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n")
}

fn post_request(path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
}

const JSON: &str = "content-type: application/json\r\n";

#[tokio::test]
async fn a_request_id_is_taken_over_when_it_is_sane_and_made_otherwise() {
    let running = serve(App::new(things())).await;

    let given = ask(&running, &get_request("/nothing", "x-request-id: caller-1.a_B\r\n")).await;
    let insane = ask(&running, &get_request("/nothing", "x-request-id: a b<script>\r\n")).await;

    assert!(given.head.contains("x-request-id: caller-1.a_b"), "{}", given.head);
    assert_eq!(given.problem()["request_id"], "caller-1.a_B");
    let made = insane.problem()["request_id"].as_str().expect("an id").to_owned();
    assert!(insane.head.contains(&format!("x-request-id: {made}")) && made.len() == 36, "{made}");
}

#[tokio::test]
async fn what_is_not_there_and_what_panics_are_problems_too() {
    let running = serve(App::new(things())).await;

    assert_eq!(ask(&running, &get_request("/nothing", "")).await.code(), "not_found");
    let wrong_method = ask(&running, &get_request("/things", "")).await;
    assert_eq!((wrong_method.status, wrong_method.code().as_str()), (405, "method_not_allowed"));
    assert!(wrong_method.head.contains("allow: post"), "{}", wrong_method.head);
    let panicked = ask(&running, &get_request("/panics", "")).await;
    assert_eq!((panicked.status, panicked.code().as_str()), (500, "internal"));
    assert!(!panicked.body.contains("secret"), "{}", panicked.body);
}

#[tokio::test]
async fn a_body_is_read_or_the_caller_is_told_what_is_wrong_with_it() {
    let running = serve(App::new(things())).await;
    let large = format!(r#"{{"name":"{}","parts":[]}}"#, "x".repeat(65 * 1024));

    for (headers, body, status, code) in [
        (JSON, r#"{"name":"#, 400, "malformed_body"),
        (JSON, r#"{"name":"a","parts":[]} x"#, 400, "malformed_body"),
        (JSON, "", 400, "malformed_body"),
        (JSON, large.as_str(), 413, "body_too_large"),
        ("", r#"{"name":"a","parts":[]}"#, 415, "unsupported_media_type"),
        (JSON, r#"{"name":"a"}"#, 422, "invalid_body"),
        (JSON, r#"{"name":"a","parts":[],"colour":"red"}"#, 422, "invalid_body"),
    ] {
        let answer = ask(&running, &post_request("/things", headers, body)).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", answer.body);
    }
    let wrong_part = r#"{"name":"a","parts":[1,"two"]}"#;
    let answer = ask(&running, &post_request("/things", JSON, wrong_part)).await;
    let problem = answer.problem();
    assert_eq!(problem["errors"][0]["pointer"], "/parts/1");
    let detail = problem["errors"][0]["detail"].as_str().expect("a text");
    assert!(detail.contains("invalid type") && !detail.contains("line"), "{detail}");
    let good = ask(&running, &post_request("/things", JSON, r#"{"name":"a","parts":[1]}"#)).await;
    assert_eq!((good.status, good.body.as_str()), (200, r#"{"name":"a","parts":[1]}"#));
}

#[tokio::test]
async fn a_query_parameter_that_does_not_fit_is_refused() {
    let running = serve(App::new(things())).await;

    let good = ask(&running, &get_request("/things/7?limit=3", "")).await;
    let bad = ask(&running, &get_request("/things/7?limit=many", "")).await;
    let unknown = ask(&running, &get_request("/things/7?colour=red", "")).await;

    assert_eq!(good.body, "7 Some(3)");
    assert_eq!((bad.status, bad.code().as_str()), (422, "invalid_query"));
    assert_eq!(bad.problem()["errors"][0]["pointer"], "/limit");
    assert_eq!(unknown.code(), "invalid_query");
}

#[tokio::test]
async fn a_body_that_does_not_arrive_and_a_head_that_is_too_large_are_given_up() {
    let running = serve(App::new(things())).await;
    let half = "POST /things HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 9\r\n\
                content-type: application/json\r\n\r\n{";

    let slow = ask(&running, half).await;
    let large = ask(&running, &get_request("/", &format!("x: {}\r\n", "y".repeat(100_000)))).await;

    assert_eq!((slow.status, slow.code().as_str()), (408, "body_too_slow"));
    assert_eq!(large.status, 431);
}

/// On a connection that is to last. The body may be less than what is announced.
fn lasting_post_request(length: usize, body: &str) -> String {
    format!("POST /things HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}")
}

#[tokio::test]
async fn after_a_refusal_that_needed_no_body_the_connection_serves_the_next_request() {
    let running = serve(guarded()).await;
    // More than is read with the head.
    let refused = lasting_post_request(60_000, &"x".repeat(60_000));

    let both = read_all(running.address(), refused + &get_request("/livez", "")).await;

    assert!(both.starts_with("HTTP/1.1 401") && both.contains("HTTP/1.1 200"), "{both}");
}

#[tokio::test]
async fn who_sends_a_body_that_is_not_read_is_told_that_the_connection_closes() {
    let running = serve(guarded()).await;

    // As much as has to be read to find that it is too much: with something left unread, the end could be a reset.
    let part = "x".repeat(64 * 1024 + 1);
    let answer = ask(&running, &lasting_post_request(1_000_000, &part)).await;

    assert_eq!(answer.code(), "body_too_large");
    assert!(answer.head.contains("connection: close"), "{}", answer.head);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_answered_and_may_be_repeated() {
    let limit = Duration::from_millis(50);
    let running = serve(App::new(things()).allow_time("/slow", limit)).await;

    let answer = ask(&running, &get_request("/slow", "")).await;

    assert_eq!((answer.status, answer.code().as_str()), (503, "timed_out"));
    assert!(answer.head.contains("retry-after: 1"), "{}", answer.head);
}

#[tokio::test]
async fn a_process_is_ready_when_its_check_says_so_in_time() {
    let ready = serve(App::new(things()).ready_when(async || true)).await;
    let away = serve(App::new(things()).ready_when(async || false)).await;
    let silent = serve(App::new(things()).ready_when(std::future::pending::<bool>)).await;

    assert_eq!(ask(&ready, &get_request("/readyz", "")).await.status, 200);
    assert_eq!(ask(&away, &get_request("/readyz", "")).await.code(), "not_ready");
    assert_eq!(ask(&silent, &get_request("/readyz", "")).await.status, 503);
    assert_eq!(ask(&silent, &get_request("/livez", "")).await.status, 200);
}

#[tokio::test]
async fn metrics_name_the_template_and_never_the_path() {
    let scrape = async || "of_another_library 7\n".to_owned();
    let running = serve(App::new(things()).on_scrape(scrape)).await;
    ask(&running, &get_request("/things/secret-id", "")).await;
    ask(&running, &get_request("/secret-path", "")).await;

    let metrics = ask(&running, &get_request("/metrics", "")).await.body;

    assert!(
        metrics.contains(r#"http_requests_total{method="GET",route="/things/{id}",status="200"}"#)
    );
    assert!(
        metrics.contains(r#"http_request_duration_seconds_bucket{method="GET",route="unmatched""#)
    );
    assert!(metrics.contains("of_another_library 7"));
    assert!(!metrics.contains("secret"), "{metrics}");
}

fn guarded() -> App {
    let keys = format!(
        "# who may call\nada reader {}\nbob writer {} # now\nbob writer {} # next\n",
        sha256_hex("ada's"),
        sha256_hex("bob's"),
        sha256_hex("bob's next")
    );
    let keys = Keys::parse(&keys, ACCESS).expect("a keys file");
    let who = get(async |caller: Caller| format!("{} {}", caller.name, caller.role.name()));
    App::new(things().route("/me", who)).guarded(Guard::new(keys, ACCESS))
}

fn key(secret: &str) -> String {
    format!("authorization: Bearer {secret}\r\n")
}

#[tokio::test]
async fn a_caller_may_do_what_the_table_says_and_nothing_else() {
    let running = serve(guarded()).await;
    let thing = r#"{"name":"a","parts":[]}"#;
    let post = |secret| post_request("/things", &format!("{JSON}{}", key(secret)), thing);

    assert_eq!(ask(&running, &get_request("/things/1", "")).await.code(), "unauthenticated");
    assert_eq!(ask(&running, &get_request("/things/1", &key("eve's"))).await.status, 401);
    assert_eq!(ask(&running, &get_request("/things/1", &key("ada's"))).await.status, 200);
    assert_eq!(ask(&running, &post("ada's")).await.code(), "forbidden");
    assert_eq!(ask(&running, &post("bob's")).await.status, 200);
    assert_eq!(ask(&running, &post("bob's next")).await.status, 200);
    // Not in the table.
    assert_eq!(ask(&running, &get_request("/forgotten", &key("bob's"))).await.code(), "forbidden");
    assert_eq!(ask(&running, &get_request("/me", &key("bob's"))).await.code(), "forbidden");
    // Open, and not there: the same for everybody.
    assert_eq!(ask(&running, &get_request("/livez", "")).await.status, 200);
    assert_eq!(ask(&running, &get_request("/nothing", "")).await.status, 404);
    assert_eq!(ask(&running, &get_request("/things", "")).await.status, 405);
}

#[tokio::test]
async fn a_keys_file_with_a_mistake_names_the_line() {
    let hash = sha256_hex("x");
    for (text, expected) in [
        ("".to_owned(), "holds no key"),
        (format!("ada reader {hash}\nbob {hash}"), "line 2"),
        (format!("ada owner {hash}"), "no such role"),
        ("ada reader abc".to_owned(), "64 hex digits"),
        (format!("ada reader {}", "é".repeat(32)), "64 hex digits"),
    ] {
        let error = Keys::parse(&text, ACCESS).err().expect("refused").to_string();
        assert!(error.contains(expected) && !error.contains(&hash), "{error}");
    }
}

#[tokio::test]
async fn stopping_lets_a_request_finish_and_takes_no_new_one() {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (told, stopped) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (begun, go_on) = (begun.clone(), go_on.clone());
        move || async move {
            begun.notify_one();
            go_on.notified().await;
            "finished"
        }
    };
    let on_stop = told.clone();
    let app = App::new(Router::new().route("/work", get(handler)));
    let running = serve(app.on_stop(move || on_stop.notify_one())).await;
    let address = running.address();
    let work = tokio::spawn(read_all(address, get_request("/work", "")));
    begun.notified().await;

    let stop = {
        let stopped = stopped.clone();
        tokio::spawn(async move {
            running.stop(Duration::from_secs(20)).await;
            stopped.notify_one();
        })
    };
    told.notified().await;
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    go_on.notify_one();

    assert!(work.await.expect("it lives").ends_with("finished"));
    stop.await.expect("it stops");
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_cut() {
    let begun = Arc::new(Notify::new());
    let handler = {
        let begun = begun.clone();
        move || async move {
            begun.notify_one();
            std::future::pending::<()>().await;
        }
    };
    let running = serve(App::new(Router::new().route("/work", get(handler)))).await;
    let work = tokio::spawn(read_all(running.address(), get_request("/work", "")));
    begun.notified().await;

    let asked = Instant::now();
    running.stop(Duration::from_millis(100)).await;

    assert_eq!(work.await.expect("it lives"), "");
    assert!(asked.elapsed() < Duration::from_secs(5));
}

async fn read_all(address: std::net::SocketAddr, request: String) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text).await;
    text
}

#[test]
fn a_problem_names_its_fields() {
    let problem = Problem::invalid_body(vec![FieldError::new("/name", "is empty")]);

    assert_eq!(
        (problem.status(), problem.code()),
        (StatusCode::UNPROCESSABLE_ENTITY, "invalid_body")
    );
}
