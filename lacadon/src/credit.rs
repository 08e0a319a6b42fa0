//! `credit set|show|reservations`: what customers may owe, and what their orders hold of it.

use crate::api::{Api, CallError, money, segment, text};
use crate::order::more;
use crate::out::{Out, Tone, plain};
use crate::system::Role;
use crate::target::Target;
use clap::{Args, Subcommand};
use contracts::{Currency, CustomerId, Money};
use serde_json::{Value, json};

/// An order costs one point per started 100.00: a hundred orders at once before a new customer's score is used up.
const BASE_SCORE: i64 = 100;

/// As long as no score is asked for.
const MINIMUM_SCORE: i64 = 0;

/// What to do with customers' credit.
#[derive(Debug, Subcommand)]
pub enum CreditVerb {
    /// Open a customer's account, or give it other terms.
    Set(Set),
    /// Show what a customer may owe, and what is left of it.
    Show(Show),
    /// List what orders hold of their customers' credit, oldest first.
    Reservations(Reservations),
}

/// The terms of an account.
#[derive(Debug, Args)]
pub struct Set {
    /// Whose account, as in cus_ada.
    #[arg(long)]
    customer: CustomerId,
    /// What all open orders together may cost, as in 500.00.
    #[arg(long)]
    limit: String,
    /// The currency of a new account, for ever. EUR unless the account is there and has another.
    #[arg(long)]
    currency: Option<Currency>,
    /// The score without any open order; one point is taken per started 100.00. As it was; 100 for a new account.
    #[arg(long)]
    base_score: Option<i64>,
    /// The least score that an order must leave. As it was; 0 for a new account.
    #[arg(long, allow_hyphen_values = true)]
    minimum_score: Option<i64>,
}

/// Whose account.
#[derive(Debug, Args)]
pub struct Show {
    /// As in cus_ada.
    #[arg(long)]
    customer: CustomerId,
}

/// Which reservations.
#[derive(Debug, Args)]
pub struct Reservations {
    /// Only those in this state: reserved, confirmed or released.
    #[arg(long)]
    state: Option<String>,
    /// At most so many, 1 to 100.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=100))]
    limit: u16,
    /// Go on after this cursor, which the page before ended with.
    #[arg(long)]
    starting_after: Option<String>,
}

impl CreditVerb {
    /// Does it.
    ///
    /// # Errors
    /// When risk-api refuses or does not answer.
    pub async fn run(self, target: &Target, out: Out) -> anyhow::Result<()> {
        match self {
            Self::Set(set) => set.run(target, out).await,
            Self::Show(Show { customer }) => {
                let api = target.risk_api(Role::Auditor)?;
                show(&api.get(&path_of(&customer), &[]).await?, out)
            }
            Self::Reservations(reservations) => reservations.run(target, out).await,
        }
    }
}

impl Set {
    async fn run(self, target: &Target, out: Out) -> anyhow::Result<()> {
        let api = target.risk_api(Role::BackOffice)?;
        let before = account(&api, &self.customer).await?.unwrap_or_default();
        let currency = before.pointer("/limit/currency").and_then(Value::as_str);
        let currency = match (self.currency, currency) {
            (Some(asked), _) => asked,
            (None, Some(kept)) => kept.parse()?,
            (None, None) => Currency::EUR,
        };
        let kept =
            |field: &str, otherwise| before.get(field).and_then(Value::as_i64).unwrap_or(otherwise);
        let terms = json!({
            "limit": Money::parse_decimal(&self.limit, currency)?,
            "base_score": self.base_score.unwrap_or_else(|| kept("base_score", BASE_SCORE)),
            "minimum_score": self.minimum_score.unwrap_or_else(|| kept("minimum_score", MINIMUM_SCORE)),
        });
        show(&api.put(&path_of(&self.customer), &terms).await?.body, out)
    }
}

/// The customer's account; `None` if there is none yet.
async fn account(api: &Api, customer: &CustomerId) -> anyhow::Result<Option<Value>> {
    match api.get(&path_of(customer), &[]).await {
        Ok(account) => Ok(Some(account)),
        Err(CallError::Refused { problem, .. }) if problem.code() == "account_unknown" => Ok(None),
        Err(e) => Err(e.into()),
    }
}

fn path_of(customer: &CustomerId) -> String {
    format!("/accounts/{}", segment(customer.as_str()))
}

fn show(account: &Value, out: Out) -> anyhow::Result<()> {
    if out.is_json {
        return Ok(out.json(account)?);
    }
    for (label, field) in [("limit", "limit"), ("available", "available")] {
        out.line(&format!("{label:<14} {}", money(account, field)))?;
    }
    for (label, field) in [
        ("score", "score"),
        ("base score", "base_score"),
        ("minimum score", "minimum_score"),
        ("open orders", "live_reservation_count"),
    ] {
        out.line(&format!("{label:<14} {}", text(account, field)))?;
    }
    if account.get("live_reservation_count").and_then(Value::as_i64) == Some(0) {
        return Ok(());
    }
    table(account, "live_reservations", out)
}

impl Reservations {
    async fn run(self, target: &Target, out: Out) -> anyhow::Result<()> {
        let api = target.risk_api(Role::Auditor)?;
        let mut query = vec![("limit", self.limit.to_string())];
        for (name, value) in [("state", self.state), ("starting_after", self.starting_after)] {
            query.extend(value.map(|value| (name, value)));
        }
        let page = api.get("/reservations", &query).await?;
        if out.is_json {
            return Ok(out.json(&page)?);
        }
        table(&page, "data", out)?;
        more(out, &page)
    }
}

/// The reservations in this field.
fn table(of: &Value, field: &str, out: Out) -> anyhow::Result<()> {
    let reservations = of.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let rows = reservations.iter().map(|reservation| {
        let state = text(reservation, "state");
        let tone = match state.as_str() {
            "confirmed" => Some(Tone::Good),
            "released" => Some(Tone::Quiet),
            _ => None,
        };
        vec![
            plain(text(reservation, "order_id")),
            (state, tone),
            plain(money(reservation, "amount")),
            plain(text(reservation, "customer_id")),
            plain(text(reservation, "created_at")),
            plain(text(reservation, "reason")),
        ]
    });
    let header = ["order", "credit", "amount", "customer", "reserved", "released because"];
    Ok(out.table(&header, rows.collect())?)
}
