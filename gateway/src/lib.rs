//! The shop's front door: customers place orders here, watch them, call them off, and see what is theirs.
//!
//! It has no database: the memory of a placement is its process, and of everything else the service that owns it.
//! It decides nothing and undoes nothing; it asks, waits a while, and says what is known. Every endpoint is a file of
//! its own; [`routes`] is the list, and [`pages`] is the same for people.

mod assets;
mod cancel_order;
mod cart;
pub mod config;
mod customer;
mod decision;
pub mod derivation;
pub mod explanation;
mod get_explanation;
mod get_order;
mod get_placement;
mod idempotency_key;
mod installation;
mod key_file;
mod list_orders;
mod list_vouchers;
mod money_body;
mod pages;
mod place_order;
mod placement;
mod placement_events;
mod placing;
mod process;
pub mod services;
mod session;
pub mod shop;
pub mod token;
mod watching;

use crate::config::Config;
use crate::shop::Shop;
use anyhow::Context;
use axum::Router;
use chassis::serve::App;
use connections::temporal::Target;
use std::time::Duration;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What a request that waits for a decision may take beyond that wait: looking at the run, twice.
const BEYOND_THE_WAIT: Duration = Duration::from_secs(8);

/// What the document says before its endpoints are added.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "gateway",
        description = "The shop's front door. Everything is the caller's own: somebody else's is not found."
    ),
    tags(
        (name = "orders", description = "Placing, cancelling and reading one's orders."),
        (name = "placements", description = "What becomes of an order that is being placed."),
        (name = "vouchers", description = "One's vouchers."),
        (name = "session", description = "A browser's session.")
    )
)]
struct Document;

/// The list of endpoints.
fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(place_order::place_order, list_orders::list_orders))
        .routes(routes!(get_order::get_order))
        .routes(routes!(get_explanation::get_explanation))
        .routes(routes!(cancel_order::cancel_order))
        .routes(routes!(get_placement::get_placement))
        .routes(routes!(placement_events::placement_events))
        .routes(routes!(list_vouchers::list_vouchers))
        .routes(routes!(session::begin_session, session::end_session))
}

/// The OpenAPI document of the gateway.
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

/// The front door of this shop, ready to be served.
#[must_use]
pub fn app(shop: Shop) -> App {
    let (readiness, stopping) = (shop.clone(), shop.clone());
    let limit = shop.placing().wait().saturating_add(BEYOND_THE_WAIT);
    let api: Router<Shop> = routes().into();
    App::new(api.merge(pages::routes()).merge(assets::routes()).with_state(shop))
        .allow_time("/orders", limit)
        .allow_time("/page/orders", limit)
        .ready_when(move || std::future::ready(readiness.is_ready()))
        .on_stop(move || stopping.stop_streams())
}

/// Serves until the process is asked to stop. Temporal and the services may come later.
///
/// # Errors
/// When a key cannot be used, the derivation key is not this installation's, or the address cannot be bound.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let target = Target::from_environment()?;
    let (shop, connected) = Shop::of(&config)?;
    let serving = chassis::serve::run(config.listen, app(shop.clone()), &config.stop);
    let connecting = async {
        let identity = format!("gateway@{}", std::process::id());
        connected.send_replace(Some(target.connect(&identity, None).await?));
        std::future::pending().await
    };
    let checking = async {
        installation::check(&shop).await?;
        std::future::pending().await
    };
    tokio::select! {
        served = serving => served.with_context(|| format!("cannot serve on {}", config.listen)),
        failed = connecting => failed,
        failed = checking => failed,
    }
}
