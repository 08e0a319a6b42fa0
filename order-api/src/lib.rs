//! order-api: orders, from their placing to their sending, and the outbox that tells what became of them.
//!
//! It owns its database and knows nothing of who listens: a change and the event that tells of it are one transaction.
//! Every endpoint is a file of its own; [`routes`] is the list.

pub mod access;
mod ack_events;
pub mod api;
mod approve_order;
mod cancel_order;
mod claim_events;
pub mod config;
pub mod contents_hash;
pub mod counts;
mod create_order;
mod cursor;
mod decision_body;
mod discard_order;
mod field_checks;
mod get_order;
mod get_placement;
mod give_notice;
mod import_order;
mod list_events;
mod list_notices;
mod list_orders;
pub mod mark_order_sent;
pub mod order;
mod order_body;
mod page;
mod place_order;
pub mod record_derivation_key;
mod release_event;
mod settle_event;
pub mod store;

use crate::access::ACCESS;
use crate::api::Api;
use crate::config::Config;
use anyhow::Context;
use axum::Router;
use chassis::auth::{Guard, Keys};
use chassis::serve::App;
use chassis_store::{Database, Migrations, outbox};
use std::time::Duration;
use tracing::warn;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How long settled events are kept, days: long enough to look into last week's question.
const KEEP_SETTLED_DAYS: u32 = 7;
/// A claim may wait for an event; it needs more time than other requests.
const CLAIM_TIME_LIMIT: Duration = outbox::MAX_WAIT.saturating_add(Duration::from_secs(10));

/// The schema of both databases, step by step.
pub static MIGRATIONS: Migrations = Migrations {
    sqlite: sqlx::migrate!("migrations/sqlite"),
    postgres: sqlx::migrate!("migrations/postgres"),
};

/// What the document says before its endpoints are added.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "order-api",
        description = "Orders, from their placing to their sending, and the outbox that tells what became of them."
    ),
    tags(
        (name = "orders", description = "Placing, importing, sending, cancelling and reading orders."),
        (name = "placement", description = "What the process that places an order asks, and what became of it."),
        (name = "outbox", description = "Events for those who subscribe, and what became of them."),
        (name = "installation", description = "What holds for this installation as a whole.")
    )
)]
struct Document;

/// The list of endpoints.
fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(place_order::place_order, list_orders::list_orders))
        .routes(routes!(import_order::import_order))
        .routes(routes!(get_order::get_order, create_order::create_order))
        .routes(routes!(approve_order::approve_order))
        .routes(routes!(discard_order::discard_order))
        .routes(routes!(get_placement::get_placement))
        .routes(routes!(mark_order_sent::mark_order_sent))
        .routes(routes!(cancel_order::cancel_order))
        .routes(routes!(give_notice::give_notice))
        .routes(routes!(list_notices::list_notices))
        .routes(routes!(claim_events::claim_events))
        .routes(routes!(ack_events::ack_events))
        .routes(routes!(list_events::list_events))
        .routes(routes!(release_event::release_event))
        .routes(routes!(settle_event::settle_event))
        .routes(routes!(record_derivation_key::record_derivation_key))
}

/// The OpenAPI document of this service.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = routes().into_openapi();
    chassis::problem::document(&mut document);
    document
}

/// That document as it is committed: indented JSON that ends with a line feed.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn openapi_text() -> anyhow::Result<String> {
    Ok(openapi().to_pretty_json()? + "\n")
}

/// The service on this database, ready to be served.
#[must_use]
pub fn app(api: Api, keys: Keys) -> App {
    let (readiness, scrape, stopping) = (api.clone(), api.clone(), api.clone());
    let router: Router = routes().with_state(api).into();
    App::new(router)
        .guarded(Guard::new(keys, ACCESS))
        .allow_time("/outbox/claim", CLAIM_TIME_LIMIT)
        .ready_when(move || {
            let api = readiness.clone();
            async move { api.database.is_ready().await }
        })
        .on_scrape(move || {
            let api = scrape.clone();
            async move {
                if let Err(error) = api.outbox.measure().await {
                    warn!(%error, "could not measure the outbox");
                }
                String::new()
            }
        })
        .on_stop(move || stopping.outbox.stop_waiting())
}

/// Connects, serves until the process is asked to stop, and closes.
///
/// # Errors
/// When the keys or the database cannot be used or the address cannot be bound.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let keys = Keys::load(&config.keys_file, ACCESS)?;
    let database = Database::connect(config.database_url.expose(), &MIGRATIONS).await?;
    let api = Api::new(database.clone());
    tokio::spawn(api.outbox.clone().keep_pruned(KEEP_SETTLED_DAYS));
    let served = chassis::serve::run(config.listen, app(api, keys), &config.stop).await;
    database.close().await;
    served.with_context(|| format!("cannot serve on {}", config.listen))
}
