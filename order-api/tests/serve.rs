//! The program itself: what it refuses to start without, and how it starts and stops.

use crate::support::{PATIENCE, SERVICE};
use order_api::MIGRATIONS;
use serde_json::Value;
use sqlx::{AnyConnection, Connection};
use std::process::Stdio;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

#[tokio::test]
async fn it_refuses_to_start_without_its_settings_and_names_them() {
    let refused = program().output().await.expect("it runs");

    let said = String::from_utf8(refused.stderr).expect("a text");
    assert!(!refused.status.success());
    for setting in ["ORDER_DATABASE_URL", "ORDER_LISTEN", "ORDER_KEYS_FILE"] {
        assert!(said.contains(setting), "{setting} is not named: {said}");
    }
}

#[tokio::test]
async fn it_prints_its_openapi_document_without_any_setting() {
    let printed = program().arg("openapi").output().await.expect("it runs");

    assert!(printed.status.success(), "{printed:?}");
    assert_eq!(printed.stdout, include_bytes!("../openapi.json"));
}

#[tokio::test]
async fn it_serves_until_its_launcher_is_gone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut running = start(&folder).await;

    let ready =
        reqwest::get(format!("http://{}/readyz", running.address)).await.expect("an answer");
    drop(running.child.stdin.take());

    assert_eq!(ready.status(), 200);
    let ended = timeout(PATIENCE, running.child.wait()).await.expect("it stops in time");
    assert!(ended.expect("a status").success());
    assert!(!folder.path().join("order.sqlite-wal").exists(), "it did not close its database");
}

#[tokio::test]
async fn events_that_were_settled_long_ago_are_forgotten_and_no_others() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut database = database(&folder).await;
    let insert = "insert into outbox_events (event_id, event_type, subject, occurred_at, due_at, state, settled_at)
        values ('old', 'order.sent', 'a', 1, 1, 'settled', 1),
               ('new', 'order.sent', 'b', 1, 1, 'settled', 9223372036854775807),
               ('waiting', 'order.sent', 'c', 1, 1, 'waiting', null)";
    sqlx::query(insert).execute(&mut database).await.expect("three events");

    let running = start(&folder).await;

    let left = "select event_id from outbox_events order by event_id";
    let wait_for_two = async {
        while sqlx::query(left).fetch_all(&mut database).await.expect("events").len() != 2 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, wait_for_two).await.expect("the old one goes");
    let ids: Vec<String> = sqlx::query_scalar(left).fetch_all(&mut database).await.expect("events");
    assert_eq!(ids, ["new", "waiting"]);
    drop(running);
}

/// The program at work. Killed when dropped.
struct Served {
    child: Child,
    address: String,
    _log: Lines<BufReader<ChildStdout>>,
}

async fn start(folder: &TempDir) -> Served {
    let keys_file = folder.path().join("keys");
    std::fs::write(&keys_file, SERVICE.keys_text()).expect("a keys file");
    let mut child = program()
        .env("ORDER_DATABASE_URL", url(folder))
        .env("ORDER_LISTEN", "127.0.0.1:0")
        .env("ORDER_KEYS_FILE", keys_file)
        .env("EXIT_WITH_STDIN", "1")
        .spawn()
        .expect("it starts");
    let mut log = BufReader::new(child.stdout.take().expect("a log")).lines();
    let listening = async {
        loop {
            let line = log.next_line().await.expect("a log").expect("it goes on");
            let line: Value = serde_json::from_str(&line).expect("a JSON line");
            if let Some(address) = line["address"].as_str() {
                return address.to_owned();
            }
        }
    };
    let address = timeout(PATIENCE, listening).await.expect("it listens in time");
    Served { child, address, _log: log }
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_order-api"));
    for name in
        ["ORDER_DATABASE_URL", "ORDER_LISTEN", "ORDER_KEYS_FILE", "EXIT_WITH_STDIN", "RUST_LOG"]
    {
        command.env_remove(name);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

fn url(folder: &TempDir) -> String {
    format!("sqlite://{}/order.sqlite", folder.path().display())
}

/// The database as a run before left it.
async fn database(folder: &TempDir) -> AnyConnection {
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&format!("{}?mode=rwc", url(folder))).await.expect("a file");
    MIGRATIONS.sqlite.run(&pool).await.expect("the schema");
    pool.close().await;
    AnyConnection::connect(&url(folder)).await.expect("the database")
}
