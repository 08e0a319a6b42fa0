//! risk-api: serves, or prints its OpenAPI document.

use chassis::config::Asked;
use std::io::Write;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match chassis::config::asked("risk-api", "Risk: reserves customers' credit for their orders.") {
        Asked::PrintOpenApi => write!(std::io::stdout(), "{}", risk_api::openapi_text()?)?,
        Asked::Serve(config) => {
            chassis::telemetry::start();
            risk_api::serve(config).await?;
        }
    }
    Ok(())
}
