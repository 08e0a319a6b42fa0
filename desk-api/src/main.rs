//! desk-api: serves, or prints its OpenAPI document.

use chassis::config::Asked;
use std::io::Write;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match chassis::config::asked(
        "desk-api",
        "The stuck desk: keeps cases, and what people decided of them.",
    ) {
        Asked::PrintOpenApi => write!(std::io::stdout(), "{}", desk_api::openapi_text()?)?,
        Asked::Serve(config) => {
            chassis::telemetry::start();
            desk_api::serve(config).await?;
        }
    }
    Ok(())
}
