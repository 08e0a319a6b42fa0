//! risk-api: reserves customers' credit for their orders.
//!
//! It owns its database and knows nothing of who asks, or why: live reservations never exceed an account's limit,
//! whoever asks and however often; what is taken back leaves the state from before; and an order whose credit was
//! released reserves no more. Every endpoint is a file of its own; [`routes`] is the list, [`ACCESS`] says who may.

mod account;
mod account_body;
mod audit_trail;
pub mod config;
mod confirm_reservation;
mod cursor;
mod get_account;
mod get_reservation;
mod list_reservations;
mod put_account;
mod release_reservation;
mod reservation;
mod reservation_body;
mod reserve_credit;
mod store;

use crate::config::Config;
use anyhow::Context;
use axum::Router;
use axum::http::Method;
use chassis::auth::{Access, Guard, Keys, Role};
use chassis::serve::App;
use chassis_store::{Database, Migrations};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// People (and their programs) who grant credit and mend what went wrong.
pub const BACK_OFFICE: Role = Role::named("back-office");
/// The customers' front door.
pub const SHOP: Role = Role::named("shop");
/// The process worker: reserves, confirms and releases.
pub const WORKER: Role = Role::named("worker");
/// Reads everything, changes nothing.
pub const AUDITOR: Role = Role::named("auditor");
/// Every role of this service.
pub const ROLES: [Role; 4] = [BACK_OFFICE, SHOP, WORKER, AUDITOR];

/// Who may do what. What is not in it is refused.
pub static ACCESS: &[Access] = &[
    Access::allow(Method::PUT, "/accounts/{customer_id}", &[BACK_OFFICE]),
    Access::allow(Method::GET, "/accounts/{customer_id}", &ROLES),
    Access::allow(Method::PUT, "/reservations/{order_id}", &[WORKER]),
    Access::allow(Method::DELETE, "/reservations/{order_id}", &[WORKER]),
    Access::allow(Method::GET, "/reservations/{order_id}", &ROLES),
    Access::allow(Method::POST, "/reservations/{order_id}/confirm", &[WORKER]),
    Access::allow(Method::GET, "/reservations", &[BACK_OFFICE, WORKER, AUDITOR]),
];

/// The schema of both databases, step by step.
pub static MIGRATIONS: Migrations = Migrations {
    sqlite: sqlx::migrate!("migrations/sqlite"),
    postgres: sqlx::migrate!("migrations/postgres"),
};

/// What the document says before its endpoints are added.
#[derive(OpenApi)]
#[openapi(
    info(title = "risk-api", description = "Reserves customers' credit for their orders."),
    tags(
        (name = "accounts", description = "What a customer may owe, and what is left of it."),
        (name = "reservations", description = "What an order holds of its customer's credit.")
    )
)]
struct Document;

/// The list of endpoints.
fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(put_account::put_account, get_account::get_account))
        .routes(routes!(
            reserve_credit::reserve_credit,
            release_reservation::release_reservation,
            get_reservation::get_reservation
        ))
        .routes(routes!(confirm_reservation::confirm_reservation))
        .routes(routes!(list_reservations::list_reservations))
}

/// What every endpoint works with. Clones share it.
#[derive(Clone)]
pub struct Api {
    database: Database,
}

impl Api {
    /// On this database, brought up to date.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

/// The OpenAPI document as it is committed: indented JSON that ends with a line feed.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn openapi_text() -> anyhow::Result<String> {
    let mut document = routes().into_openapi();
    chassis::problem::document(&mut document);
    Ok(document.to_pretty_json()? + "\n")
}

/// The service, ready to be served.
#[must_use]
pub fn app(api: Api, keys: Keys) -> App {
    let database = api.database.clone();
    let router: Router = routes().with_state(api).into();
    App::new(router).guarded(Guard::new(keys, ACCESS)).ready_when(move || {
        let database = database.clone();
        async move { database.is_ready().await }
    })
}

/// Connects, serves until the process is asked to stop, and closes.
///
/// # Errors
/// When the keys or the database cannot be used or the address cannot be bound.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let keys = Keys::load(&config.keys_file, ACCESS)?;
    let database = Database::connect(config.database_url.expose(), &MIGRATIONS).await?;
    let app = app(Api::new(database.clone()), keys);
    let served = chassis::serve::run(config.listen, app, &config.stop).await;
    database.close().await;
    served.with_context(|| format!("cannot serve on {}", config.listen))
}
