//! A fresh database per test: SQLite always, PostgreSQL when `LACADON_TEST_POSTGRES_URL` names a server on which
//! databases may be created. Absent, the test says so; with `LACADON_TEST_ALL=1` it fails.

use futures::FutureExt;
use sqlx::migrate::MigrateDatabase;
use std::future::Future;
use std::panic::{AssertUnwindSafe, resume_unwind};

/// Runs `body` on an empty database of every kind that is there, and removes each afterwards, also after a failure.
pub async fn on_every_database<Body, Test>(body: Body)
where
    Body: Fn(String) -> Test,
    Test: Future<Output = ()>,
{
    sqlx::any::install_default_drivers();
    let folder = tempfile::tempdir().expect("a temporary folder");
    body(format!("sqlite://{}/test.sqlite", folder.path().display())).await;

    let Some(server) = postgres_server() else { return };
    let url = with_database(&server, &format!("lacadon_test_{}", uuid::Uuid::now_v7().simple()));
    sqlx::Any::create_database(&url).await.expect("a database for this test");
    let test = AssertUnwindSafe(async { body(url.clone()).await });
    let outcome = test.catch_unwind().await;
    sqlx::Any::force_drop_database(&url).await.expect("the test's database is removed");
    if let Err(failure) = outcome {
        resume_unwind(failure);
    }
}

fn postgres_server() -> Option<String> {
    let server = std::env::var("LACADON_TEST_POSTGRES_URL").ok();
    if server.is_none() {
        println!("not run: PostgreSQL");
        let is_all = std::env::var("LACADON_TEST_ALL").is_ok_and(|value| value == "1");
        assert!(!is_all, "LACADON_TEST_ALL=1, but LACADON_TEST_POSTGRES_URL names no server");
    }
    server
}

/// The server's URL with another database: `postgres://user@host:port/name?options`.
fn with_database(server: &str, name: &str) -> String {
    let (address, options) = server.split_once('?').map_or((server, ""), |(a, o)| (a, o));
    let (scheme, rest) = address.split_once("://").expect("postgres://…");
    let authority = rest.split('/').next().unwrap_or(rest);
    let options = if options.is_empty() { String::new() } else { format!("?{options}") };
    format!("{scheme}://{authority}/{name}{options}")
}
