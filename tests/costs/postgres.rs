//! Databases of our own on the PostgreSQL server that `LACADON_TEST_POSTGRES_URL` names.

use futures::FutureExt;
use sqlx::migrate::MigrateDatabase;
use std::panic::{AssertUnwindSafe, resume_unwind};
use tests::programs;
use url::Url;
use uuid::Uuid;

/// Names the server.
const VARIABLE: &str = "LACADON_TEST_POSTGRES_URL";

/// The server; none where none is named ([`programs`] says what that means).
pub(crate) fn server() -> Option<Url> {
    let named = std::env::var(VARIABLE).ok().filter(|url| !url.is_empty());
    programs::present(
        "what an order costs on PostgreSQL",
        &format!("{VARIABLE}=URL, tools/postgres runs a server"),
        named.map(|url| url.parse().expect("a URL")),
    )
}

/// Gives `body` the URLs of three empty databases, and removes them afterwards, also after a failure.
pub(crate) async fn with_three_databases<T>(
    server: &Url,
    body: impl AsyncFnOnce([String; 3]) -> T,
) -> T {
    sqlx::any::install_default_drivers();
    let urls = ["orders", "vouchers", "risk"].map(|name| {
        let mut url = server.clone();
        url.set_path(&format!("lacadon_costs_{name}_{}", Uuid::now_v7().simple()));
        url.to_string()
    });
    for url in &urls {
        sqlx::Any::create_database(url).await.expect("a new database");
    }
    let outcome = AssertUnwindSafe(body(urls.clone())).catch_unwind().await;
    for url in &urls {
        sqlx::Any::force_drop_database(url).await.expect("the database is removed");
    }
    outcome.unwrap_or_else(|failure| resume_unwind(failure))
}
