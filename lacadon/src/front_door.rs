//! Customers in front of the gateway: they order, ask how it stands, call it off, and insist.
//!
//! Whoever hears 503 or a broken connection repeats the same request with the same key; whoever hears that nothing is
//! decided asks again. Both are bounded: what was heard by then is the last word.

use crate::api::{Api, CallError, text};
use crate::placement_verdict::{Standing, ToldPlacement};
use crate::system::keys::Keys;
use crate::system::{Role, System};
use anyhow::Context;
use contracts::placement::RejectReason;
use contracts::{CustomerId, Money, OrderId};
use gateway::derivation::DerivationKey;
use gateway::token::TokenKey;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// A token outlives the demo and a crash campaign.
const TOKEN_VALID_FOR: Duration = Duration::from_secs(3600);

/// A decision takes tenths of a second, and seconds while a service is away; a customer who waits longer gives up.
const PATIENCE: Duration = Duration::from_secs(90);

/// Between the first two questions of one customer; then twice that, up to the longest. A question about a run that is open
/// costs Temporal as much as a step of it, and a hundred customers ask.
const ASK_AFTER: Duration = Duration::from_secs(1);
const LONGEST_ASK_AFTER: Duration = Duration::from_secs(4);

/// Between the first two tries of a request that nobody answered; then twice that, up to the longest. Whoever never waits
/// longer keeps a slow machine slow.
const REPEAT_AFTER: Duration = Duration::from_secs(1);
const LONGEST_REPEAT_AFTER: Duration = Duration::from_secs(8);

/// What the back office grants a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) customer_id: CustomerId,
    pub(crate) limit: Money,
    pub(crate) base_score: i64,
}

/// An order that a customer wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) customer_id: CustomerId,
    /// The `Idempotency-Key`.
    pub(crate) key: String,
    pub(crate) total: Money,
    pub(crate) call_off: CallOff,
}

/// Whether a customer calls an order off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallOff {
    Never,
    /// As soon as they hear of it, decided or not.
    AtOnce,
    /// As soon as they hear that it is approved.
    OnceApproved,
}

/// What customers have heard so far, all together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// How many have their last word.
    pub(crate) decided: u64,
    /// How many were asked to wait (202).
    pub(crate) undecided: u64,
    /// How many requests were repeated with the same key.
    pub(crate) repeated: u64,
    /// What they heard instead of an answer, by kind.
    pub(crate) errors: BTreeMap<String, u64>,
}

/// The way in, for customers and for those who look after them.
pub(crate) struct FrontDoor {
    gateway: Api,
    tokens: TokenKey,
    ids: DerivationKey,
    risk_api: Api,
}

impl FrontDoor {
    pub(crate) fn of(system: &System) -> anyhow::Result<Self> {
        Self::at(system, system.gateway_url())
    }

    /// The way in through `gateway`, which may be a proxy before the front door.
    pub(crate) fn at(system: &System, gateway: &str) -> anyhow::Result<Self> {
        let key = system.secret(Role::BackOffice)?;
        Ok(Self {
            gateway: Api::new("gateway", gateway, String::new())?,
            tokens: TokenKey::read(&system.token_key_file())?,
            ids: DerivationKey::read(&Keys::of(system.data_dir()).derivation())?,
            risk_api: Api::new("risk-api", system.risk_api_url(), key)?,
        })
    }

    /// Opens an account, as the back office does.
    pub(crate) async fn grants(&self, terms: &Terms) -> Result<(), CallError> {
        let Terms { customer_id, limit, base_score } = terms;
        let body = json!({"limit": limit, "base_score": base_score, "minimum_score": 0});
        self.risk_api.put(&format!("/accounts/{customer_id}"), &body).await.map(drop)
    }

    /// Lets a customer in.
    pub(crate) fn lets_in(&self, customer_id: &CustomerId) -> anyhow::Result<Shopper> {
        let token = self.tokens.issue(customer_id, TOKEN_VALID_FOR)?;
        Ok(Shopper {
            customer_id: customer_id.clone(),
            api: self.gateway.called_with(token),
            ids: self.ids.clone(),
        })
    }
}

/// A customer who was let in.
pub(crate) struct Shopper {
    customer_id: CustomerId,
    api: Api,
    ids: DerivationKey,
}

impl Shopper {
    /// The order that this key makes. Derived here too, so that also a placement of which its customer never heard
    /// anything is looked at.
    pub(crate) fn order_of(&self, key: &str) -> anyhow::Result<OrderId> {
        self.ids.order_of(&self.customer_id, key)
    }

    /// Places an order, calls it off if that is wanted, and waits for the last word.
    pub(crate) async fn orders(
        &self,
        wanted: &Wanted,
        heard: &watch::Sender<Heard>,
    ) -> anyhow::Result<ToldPlacement> {
        let order_id = self.order_of(&wanted.key)?;
        let give_up = Instant::now() + PATIENCE;
        let told = self.places(wanted, give_up, heard).await?;
        let mut placement = ToldPlacement {
            order_id,
            customer_id: self.customer_id.clone(),
            total: wanted.total,
            told,
            is_called_off: false,
        };
        if told == Standing::Undecided && wanted.call_off != CallOff::AtOnce {
            self.follows(&mut placement, give_up).await?;
        }
        let is_called_off = match placement.told {
            Standing::Approved => wanted.call_off != CallOff::Never,
            Standing::Undecided => wanted.call_off == CallOff::AtOnce,
            Standing::Cancelled | Standing::Rejected { .. } | Standing::Unknown => false,
        };
        if is_called_off {
            self.calls_off(&mut placement, heard).await?;
        }
        heard.send_modify(|heard| heard.decided += 1);
        Ok(placement)
    }

    /// Calls an order off and waits for what comes of it.
    pub(crate) async fn calls_off(
        &self,
        placement: &mut ToldPlacement,
        heard: &watch::Sender<Heard>,
    ) -> Result<(), CallError> {
        let give_up = Instant::now() + PATIENCE;
        let path = format!("/orders/{}/cancel", placement.order_id);
        match insists(|| self.api.post_empty(&path), give_up, heard).await {
            Ok(answer) => {
                placement.is_called_off = true;
                if answer.status != StatusCode::ACCEPTED {
                    placement.told = Standing::Cancelled;
                    return Ok(());
                }
            }
            // It was decided against meanwhile, and the placement says why.
            Err(CallError::Refused { problem, .. }) if problem.code() == "order_rejected" => {}
            Err(CallError::Refused { problem, service }) if problem.status < 500 => {
                return Err(CallError::Refused { problem, service });
            }
            Err(_) => {}
        }
        self.follows(placement, give_up).await
    }

    /// How many orders the customer has that are neither sent nor cancelled.
    pub(crate) async fn active_orders(&self) -> anyhow::Result<usize> {
        let (give_up, heard) = (Instant::now() + PATIENCE, watch::Sender::new(Heard::default()));
        let page = insists(|| self.api.get("/orders", &[]), give_up, &heard).await?;
        let orders = page.get("data").and_then(Value::as_array).context("no list of orders")?;
        Ok(orders.iter().filter(|order| text(order, "status") == "approved").count())
    }

    /// How a placement stands now.
    pub(crate) async fn stands(&self, order_id: OrderId) -> Result<Standing, CallError> {
        let (give_up, heard) = (Instant::now() + PATIENCE, watch::Sender::new(Heard::default()));
        let path = format!("/placements/{order_id}");
        match insists(|| self.api.get(&path, &[]), give_up, &heard).await {
            Ok(placement) => Ok(standing_of(&placement)),
            Err(CallError::Refused { problem, .. }) if problem.status == 404 => {
                Ok(Standing::Unknown)
            }
            Err(error) => Err(error),
        }
    }

    async fn places(
        &self,
        wanted: &Wanted,
        give_up: Instant,
        heard: &watch::Sender<Heard>,
    ) -> Result<Standing, CallError> {
        let cart = json!({
            "lines": [{"sku": "SQUEAKY-DUCK", "quantity": 1, "unit_price": wanted.total}],
        });
        let place = || self.api.post_once("/orders", &wanted.key, &cart);
        match insists(place, give_up, heard).await {
            Ok(answer) if answer.status == StatusCode::CREATED => Ok(Standing::Approved),
            Ok(_) => {
                heard.send_modify(|heard| heard.undecided += 1);
                Ok(Standing::Undecided)
            }
            Err(CallError::Refused { problem, .. }) if problem.status == 409 => {
                Ok(Standing::Rejected { reason: reason_of(problem.reason.as_deref()) })
            }
            Err(CallError::Refused { problem, service }) if problem.status < 500 => {
                Err(CallError::Refused { problem, service })
            }
            Err(_) => Ok(Standing::Unknown),
        }
    }

    /// Asks how it stands until that is the last word. What was called off is not at its end while it is approved.
    async fn follows(
        &self,
        placement: &mut ToldPlacement,
        give_up: Instant,
    ) -> Result<(), CallError> {
        let path = format!("/placements/{}", placement.order_id);
        let mut ask_after = ASK_AFTER;
        while Instant::now() < give_up {
            match self.api.get(&path, &[]).await {
                Ok(asked) => placement.told = standing_of(&asked),
                Err(CallError::Refused { problem, service }) if problem.status < 500 => {
                    return Err(CallError::Refused { problem, service });
                }
                // Who does not answer now may answer the next time.
                Err(_) => {}
            }
            match placement.told {
                Standing::Approved if placement.is_called_off => {}
                Standing::Undecided | Standing::Unknown => {}
                Standing::Approved | Standing::Cancelled | Standing::Rejected { .. } => break,
            }
            tokio::time::sleep(ask_after).await;
            ask_after = LONGEST_ASK_AFTER.min(ask_after * 2);
        }
        Ok(())
    }
}

/// Makes a request until somebody answers it, or it takes too long.
pub(crate) async fn insists<T, F>(
    request: impl Fn() -> F,
    give_up: Instant,
    heard: &watch::Sender<Heard>,
) -> Result<T, CallError>
where
    F: Future<Output = Result<T, CallError>>,
{
    let mut repeat_after = REPEAT_AFTER;
    loop {
        let is_unanswered = |error: &CallError| match error {
            CallError::Refused { problem, .. } => problem.status >= 500,
            CallError::Unreachable { .. } | CallError::NothingRuns { .. } => true,
        };
        match request().await {
            Err(error) if is_unanswered(&error) && Instant::now() < give_up => {
                heard.send_modify(|heard| {
                    heard.repeated += 1;
                    *heard.errors.entry(kind_of(&error)).or_default() += 1;
                });
                tokio::time::sleep(repeat_after).await;
                repeat_after = LONGEST_REPEAT_AFTER.min(repeat_after * 2);
            }
            answered => return answered,
        }
    }
}

/// What was heard instead of an answer, in a few words: many of the same kind are counted together.
fn kind_of(error: &CallError) -> String {
    match error {
        CallError::Refused { service, problem } => {
            let code = if problem.code().is_empty() { "no code" } else { problem.code() };
            format!("{service}: {} {code}", problem.status)
        }
        CallError::Unreachable { service, source, .. } if source.is_connect() => {
            format!("{service}: no connection")
        }
        CallError::Unreachable { service, source, .. } if source.is_timeout() => {
            format!("{service}: no answer in time")
        }
        CallError::Unreachable { service, .. } => format!("{service}: connection lost"),
        CallError::NothingRuns { service, .. } => format!("{service}: nothing runs"),
    }
}

fn standing_of(placement: &Value) -> Standing {
    match text(placement, "state").as_str() {
        "approved" => Standing::Approved,
        "cancelled" => Standing::Cancelled,
        "rejected" => {
            let reason = placement.get("reason").and_then(Value::as_str);
            Standing::Rejected { reason: reason_of(reason) }
        }
        "pending" => Standing::Undecided,
        _ => Standing::Unknown,
    }
}

fn reason_of(code: Option<&str>) -> RejectReason {
    // A code that this build does not know is one of tomorrow; there are no others.
    code.and_then(|code| RejectReason::from_str(code).ok()).unwrap_or(RejectReason::Other)
}
