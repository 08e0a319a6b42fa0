//! voucher-api: serves, or prints its OpenAPI document.

use chassis::config::Asked;
use std::io::Write;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match chassis::config::asked("voucher-api", "Vouchers: issues, shows and redeems them.") {
        Asked::PrintOpenApi => write!(std::io::stdout(), "{}", voucher_api::openapi_text()?)?,
        Asked::Serve(config) => {
            chassis::telemetry::start();
            voucher_api::serve(config).await?;
        }
    }
    Ok(())
}
