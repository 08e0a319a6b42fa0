//! No figure counts of a run that lost or doubled a voucher.

use anyhow::ensure;
use lacadon::crash::lab::Lab;
use lacadon::load::audit;

/// Compares every order with its voucher.
///
/// # Errors
/// When the rule does not hold, or not exactly so many orders were sent.
pub async fn audit_all(lab: &Lab, sent: usize) -> anyhow::Result<()> {
    let verdict = audit(lab).await?;
    ensure!(
        verdict.holds() && verdict.sent == u64::try_from(sent)?,
        "the rule does not hold, no figure counts: {verdict:?}"
    );
    Ok(())
}
