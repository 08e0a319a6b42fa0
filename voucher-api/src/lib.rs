//! voucher-api: issues, shows and redeems vouchers.
//!
//! It owns its database and knows nothing of who asks, or why: one voucher per order and rule, for ever, whoever asks
//! and however often. Every endpoint is a file of its own; [`routes`] is the list, [`ACCESS`] says who may.

mod audit_trail;
pub mod code;
pub mod config;
mod get_voucher;
mod issue_voucher;
mod list_vouchers;
mod lookup_limit;
mod redeem_voucher;
mod store;
mod voucher;
mod voucher_body;

use crate::config::Config;
use crate::lookup_limit::LookupLimit;
use anyhow::Context;
use axum::Router;
use axum::http::Method;
use chassis::auth::{Access, Guard, Keys, Role};
use chassis::serve::App;
use chassis_store::{Database, Migrations};
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// People (and their programs) who mend what went wrong.
pub const BACK_OFFICE: Role = Role::named("back-office");
/// The customers' front door.
pub const SHOP: Role = Role::named("shop");
/// The process worker: has vouchers issued, never sees a code.
pub const WORKER: Role = Role::named("worker");
/// Reads everything but codes, changes nothing.
pub const AUDITOR: Role = Role::named("auditor");
/// Every role of this service.
pub const ROLES: [Role; 4] = [BACK_OFFICE, SHOP, WORKER, AUDITOR];

/// Who may do what. What is not in it is refused.
pub static ACCESS: &[Access] = &[
    Access::allow(Method::POST, "/vouchers", &[WORKER]),
    Access::allow(Method::GET, "/vouchers", &ROLES),
    Access::allow(Method::GET, "/vouchers/{id}", &ROLES),
    Access::allow(Method::POST, "/vouchers/{code}/redeem", &[BACK_OFFICE, SHOP]),
];

/// The schema of both databases, step by step.
pub static MIGRATIONS: Migrations = Migrations {
    sqlite: sqlx::migrate!("migrations/sqlite"),
    postgres: sqlx::migrate!("migrations/postgres"),
};

/// What the document says before its endpoints are added.
#[derive(OpenApi)]
#[openapi(
    info(title = "voucher-api", description = "Issues, shows and redeems vouchers."),
    tags((name = "vouchers", description = "One voucher per order and rule, for ever."))
)]
struct Document;

/// The list of endpoints.
fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(issue_voucher::issue_voucher, list_vouchers::list_vouchers))
        .routes(routes!(get_voucher::get_voucher))
        .routes(routes!(redeem_voucher::redeem_voucher))
}

/// What every endpoint works with. Clones share it.
#[derive(Clone)]
pub struct Api {
    database: Database,
    lookups: Arc<LookupLimit>,
}

impl Api {
    /// On this database, brought up to date.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database, lookups: Arc::default() }
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
