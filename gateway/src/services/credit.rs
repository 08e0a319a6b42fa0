//! What risk-api tells: what a customer may still buy on credit.

use super::{Away, Services, find, get};
use crate::money_body::MoneyBody;
use contracts::CustomerId;
use serde::Deserialize;

/// The problem type with which risk-api says that there is no account.
const ACCOUNT_UNKNOWN: &str = "account_unknown";

/// A customer's credit, without what it was weighed by.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Credit {
    pub(crate) limit: MoneyBody,
    pub(crate) available: MoneyBody,
}

impl Services {
    /// A customer's credit; `None` without an account.
    pub(crate) async fn credit_of(&self, customer_id: &CustomerId) -> Result<Option<Credit>, Away> {
        let path = ["accounts", customer_id.as_str()];
        find(&self.risk_api, get(&path, &[]), ACCOUNT_UNKNOWN).await
    }
}
