//! desk-api: keeps cases, what a person must look at, and what people decided of them.
//!
//! It owns its database and carries nothing out: who, what, when and why stay here when the run or event that it was about
//! is long forgotten. A case is never deleted, a decision never changed. Every endpoint is a file of its own; [`routes`]
//! is the list, [`ACCESS`] says who may.

mod audit_trail;
mod case;
mod case_body;
pub mod config;
mod cursor;
mod decide_case;
mod gauges;
mod get_case;
mod list_cases;
mod report_case;
mod resolve_case;
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

/// People, who decide.
pub const BACK_OFFICE: Role = Role::named("back-office");
/// The process worker: finds cases, and sees when they are none any more.
pub const WORKER: Role = Role::named("worker");
/// Reads everything, changes nothing.
pub const AUDITOR: Role = Role::named("auditor");
/// Every role of this service: the customers' front door has no business at the desk.
pub const ROLES: [Role; 3] = [BACK_OFFICE, WORKER, AUDITOR];

/// Who may do what. What is not in it is refused.
pub static ACCESS: &[Access] = &[
    Access::allow(Method::PUT, "/cases/{kind}/{subject}", &[BACK_OFFICE, WORKER]),
    Access::allow(Method::GET, "/cases/{kind}/{subject}", &ROLES),
    Access::allow(Method::POST, "/cases/{kind}/{subject}/resolve", &[WORKER]),
    Access::allow(Method::POST, "/cases/{kind}/{subject}/decide", &[BACK_OFFICE]),
    Access::allow(Method::GET, "/cases", &ROLES),
];

/// The schema of both databases, step by step.
pub static MIGRATIONS: Migrations = Migrations {
    sqlite: sqlx::migrate!("migrations/sqlite"),
    postgres: sqlx::migrate!("migrations/postgres"),
};

/// What the document says before its endpoints are added.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "desk-api",
        description = "The stuck desk: keeps cases, and what people decided of them."
    ),
    tags((name = "cases", description = "What a person must look at, and what was decided of it."))
)]
struct Document;

/// The list of endpoints.
fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(report_case::report_case, get_case::get_case))
        .routes(routes!(resolve_case::resolve_case))
        .routes(routes!(decide_case::decide_case))
        .routes(routes!(list_cases::list_cases))
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
    let (database, measured) = (api.database.clone(), api.database.clone());
    let router: Router = routes().with_state(api).into();
    App::new(router)
        .guarded(Guard::new(keys, ACCESS))
        .ready_when(move || {
            let database = database.clone();
            async move { database.is_ready().await }
        })
        .on_scrape(move || {
            let database = measured.clone();
            async move {
                gauges::measure(&database).await;
                String::new()
            }
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
