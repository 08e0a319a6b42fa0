//! gateway: serves, or prints its OpenAPI document.

use chassis::config::Asked;
use std::io::Write;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match chassis::config::asked("gateway", "The shop's front door: its API and its page.") {
        Asked::PrintOpenApi => write!(std::io::stdout(), "{}", gateway::openapi_text()?)?,
        Asked::Serve(config) => {
            chassis::telemetry::start();
            gateway::serve(config).await?;
        }
    }
    Ok(())
}
