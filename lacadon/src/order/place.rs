//! `order place`: places an order as its customer does, at the front door, and tells how it was decided.
//!
//! Repeating the command with the same key makes no second order, whatever became of the first one. With `--back-office`
//! an approved order is recorded directly: nobody checks its credit.

use crate::api::{Api, CallError, money, segment, text};
use crate::exit::NotPlaced;
use crate::out::{Out, Tone};
use crate::system::Role;
use crate::target::Target;
use anyhow::Context;
use clap::Args;
use contracts::{Currency, CustomerId, Money};
use launch::progress::Display;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::str::FromStr;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// A token that the command makes for itself is used at once, and while the decision is waited for.
const TOKEN_OF_ONE_COMMAND: Duration = Duration::from_secs(15 * 60);

/// A decision takes tenths of a second; while a service is away, seconds.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// An order to place.
#[derive(Debug, Args)]
pub struct Place {
    /// Who orders, as in cus_ada.
    #[arg(long, required_unless_present = "token")]
    customer: Option<CustomerId>,
    /// A line: article number, pieces and price of one, as in LMP-1:2:50.01. May be given several times.
    #[arg(long = "line", required = true, value_name = "SKU:QTY:PRICE")]
    lines: Vec<Line>,
    /// The currency of the prices.
    #[arg(long, default_value = "EUR")]
    currency: Currency,
    /// Repeating the command with the same key makes no second order. A new one unless given.
    #[arg(long)]
    key: Option<String>,
    /// The customer's token. Unless given, one is made with the key that tokens are signed with.
    #[arg(long, conflicts_with = "customer", hide_env_values = true)]
    token: Option<String>,
    /// How many seconds to wait for the decision.
    #[arg(long, default_value_t = 30, value_name = "SECONDS")]
    wait: u16,
    /// Record an approved order at order-api, as the back office may; its credit is not checked.
    #[arg(long = "back-office", conflicts_with = "token")]
    is_recorded: bool,
}

/// A line as it is typed. The price becomes money once the currency is known.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    sku: String,
    quantity: u32,
    price: String,
}

impl FromStr for Line {
    type Err = String;

    /// From the right: an article number may hold colons.
    fn from_str(typed: &str) -> Result<Self, String> {
        let mut parts = typed.rsplitn(3, ':');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(price), Some(quantity), Some(sku)) if !sku.is_empty() => Ok(Self {
                sku: sku.to_owned(),
                quantity: quantity
                    .parse()
                    .map_err(|_| format!("{quantity:?} is no number of pieces"))?,
                price: price.to_owned(),
            }),
            _ => Err("a line is SKU:QTY:PRICE, as in LMP-1:2:50.01".to_owned()),
        }
    }
}

impl Place {
    pub(super) async fn run(self, target: &Target, out: Out) -> anyhow::Result<()> {
        let key = self.key.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
        if self.is_recorded {
            return self.record(target, &key, out).await;
        }
        let api = target.gateway(|| self.token(target))?;
        let shown = Display::on_stderr();
        shown.say(&format!("placing the order under the key {key}"));
        let asked = api.post_once("/orders", &key, &json!({"lines": self.lines()?})).await;
        let decided = match asked {
            Ok(answer) if answer.status == StatusCode::ACCEPTED => {
                self.follow(&api, answer.body, &shown).await
            }
            asked => asked.map(|answer| answer.body),
        };
        match decided {
            Ok(placement) => tell(&placement, &key, out),
            Err(CallError::Refused { problem, .. }) if problem.status == 409 => {
                if out.is_json {
                    out.json(&problem)?;
                }
                let code = problem.reason.as_deref().unwrap_or_else(|| problem.code());
                tell_rejection(code, &problem.detail, out)
            }
            Err(CallError::Refused { problem, service }) if problem.status < 500 => {
                Err(CallError::Refused { problem, service }.into())
            }
            Err(unconfirmed) => Err(unconfirmed).with_context(|| {
                format!("whether it was ordered is not known; repeat it with --key {key}")
            }),
        }
    }

    /// Asks where the placement stands until it is decided, or it takes too long.
    async fn follow(
        &self,
        api: &Api,
        mut placement: Value,
        shown: &Display,
    ) -> Result<Value, CallError> {
        let path = format!("/placements/{}", segment(&text(&placement, "order_id")));
        let stage = shown.stage("waiting for the decision");
        let give_up = Instant::now() + Duration::from_secs(u64::from(self.wait));
        while state_of(&placement) == State::Undecided && Instant::now() < give_up {
            if let Some(step) = placement.get("step").and_then(Value::as_str) {
                stage.set_now(step);
            }
            tokio::time::sleep(ASK_EVERY).await;
            placement = match api.get(&path, &[]).await {
                Err(CallError::Refused { problem, service }) if problem.status < 500 => {
                    return Err(CallError::Refused { problem, service });
                }
                // Who does not answer now may answer the next time.
                asked => asked.unwrap_or(placement),
            };
        }
        stage.finish();
        Ok(placement)
    }

    async fn record(&self, target: &Target, key: &str, out: Out) -> anyhow::Result<()> {
        let api = target.order_api(Role::BackOffice)?;
        let body = json!({"customer_id": self.customer, "lines": self.lines()?});
        let answer = api
            .post_once("/orders", key, &body)
            .await
            .with_context(|| format!("the order may be repeated with --key {key}"))?;
        if out.is_json {
            return Ok(out.json(&answer.body)?);
        }
        let again =
            if answer.is_replayed { " (it was placed before, with the same key)" } else { "" };
        let id = text(&answer.body, "id");
        out.line(&format!("placed order {id}, {}{again}", money(&answer.body, "total")))?;
        Ok(out.line(&format!("send it with: cargo lacadon order send {id}"))?)
    }

    fn token(&self, target: &Target) -> anyhow::Result<String> {
        match (&self.token, &self.customer) {
            (Some(token), _) => Ok(token.clone()),
            (None, Some(customer)) => target.token_key()?.issue(customer, TOKEN_OF_ONE_COMMAND),
            (None, None) => anyhow::bail!("say who orders, with --customer or --token"),
        }
    }

    fn lines(&self) -> anyhow::Result<Vec<Value>> {
        let priced = |line: &Line| {
            let unit_price = Money::parse_decimal(&line.price, self.currency)?;
            Ok(json!({"sku": line.sku, "quantity": line.quantity, "unit_price": unit_price}))
        };
        self.lines.iter().map(priced).collect()
    }
}

/// What a placement has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Approved,
    Rejected,
    Cancelled,
    Undecided,
}

fn state_of(placement: &Value) -> State {
    match text(placement, "state").as_str() {
        "approved" => State::Approved,
        "rejected" => State::Rejected,
        "cancelled" => State::Cancelled,
        _ => State::Undecided,
    }
}

fn tell(placement: &Value, key: &str, out: Out) -> anyhow::Result<()> {
    if out.is_json {
        out.json(placement)?;
    }
    match state_of(placement) {
        State::Approved => {
            if out.is_json {
                return Ok(());
            }
            let id = text(placement, "order_id");
            let approved = out.tone(Tone::Good, "approved");
            out.line(&format!("order {id} is {approved}, {}", money(placement, "total")))?;
            Ok(out.line(&format!("send it with: cargo lacadon order send {id}"))?)
        }
        State::Rejected => {
            tell_rejection(&text(placement, "reason"), &text(placement, "sentence"), out)
        }
        State::Cancelled => {
            if !out.is_json {
                let id = text(placement, "order_id");
                out.line(&format!("order {id} was approved and then called off again"))?;
            }
            Err(NotPlaced::Rejected.into())
        }
        State::Undecided => {
            if !out.is_json {
                let id = text(placement, "order_id");
                out.line(&format!(
                    "order {id} is not decided yet, and still worked on; ask again with --key {key}"
                ))?;
            }
            Err(NotPlaced::Undecided.into())
        }
    }
}

fn tell_rejection(code: &str, sentence: &str, out: Out) -> anyhow::Result<()> {
    if !out.is_json {
        let rejected = out.tone(Tone::Bad, "rejected");
        out.line(&format!("the order is {rejected} ({code}): {sentence}"))?;
    }
    Err(NotPlaced::Rejected.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_from_the_right() {
        let line: Line = "LMP:blue:2:50.01".parse().expect("a line");

        assert_eq!(line, Line { sku: "LMP:blue".into(), quantity: 2, price: "50.01".into() });
    }

    #[test]
    fn half_a_line_is_refused() {
        for bad in ["", "LMP-1", "LMP-1:2", ":2:50.01", "LMP-1:two:50.01", "LMP-1:-1:50.01"] {
            assert!(bad.parse::<Line>().is_err(), "{bad:?}");
        }
    }
}
