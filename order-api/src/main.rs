//! order-api: serves, or prints its OpenAPI document.

use chassis::config::Asked;
use std::io::Write;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match chassis::config::asked("order-api", "Orders, and the events that tell of them.") {
        Asked::PrintOpenApi => write!(std::io::stdout(), "{}", order_api::openapi_text()?)?,
        Asked::Serve(config) => {
            chassis::telemetry::start();
            order_api::serve(config).await?;
        }
    }
    Ok(())
}
