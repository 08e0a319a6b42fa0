//! `customer token`: lets a customer in at the front door.
//!
//! The gateway knows no passwords. Whoever has checked a person issues a token, with the key that the gateway checks it by.

use crate::out::Out;
use crate::target::Target;
use clap::{Args, Subcommand};
use contracts::CustomerId;
use serde_json::json;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// A token cannot be called back: none is valid for longer than a month.
const MOST_HOURS: i64 = 31 * 24;

/// What to do for a customer.
#[derive(Debug, Subcommand)]
pub enum CustomerVerb {
    /// Print a token with which this customer is let in.
    Token(Token),
}

/// Whose token, and for how long.
#[derive(Debug, Args)]
pub struct Token {
    /// Who is let in, as in cus_ada.
    #[arg(long)]
    customer: CustomerId,
    /// How long it lets in.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=MOST_HOURS))]
    valid_for_hours: u32,
}

impl CustomerVerb {
    /// Does it.
    ///
    /// # Errors
    /// When the key that tokens are signed with cannot be read.
    pub fn run(self, target: &Target, out: Out) -> anyhow::Result<()> {
        match self {
            Self::Token(Token { customer, valid_for_hours }) => {
                let token = target.token_key()?.issue(&customer, HOUR * valid_for_hours)?;
                if out.is_json {
                    return Ok(out.json(&json!({"customer_id": customer, "token": token}))?);
                }
                Ok(out.line(&token)?)
            }
        }
    }
}
