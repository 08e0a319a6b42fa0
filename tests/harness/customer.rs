//! A customer in front of the gateway, and what both sides know of their orders.

use crate::wait::eventually;
use crate::world::World;
use contracts::{Money, OrderId};
use gateway::token::TokenKey;
use lacadon::system::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// Tokens of tests are valid for so long.
const VALID_FOR: Duration = Duration::from_secs(3600);

/// How the gateway answered.
#[derive(Debug, Clone)]
pub struct Told {
    /// 201, 202, 409, 422 or 503.
    pub status: StatusCode,
    /// The whole answer.
    pub body: Value,
    /// Where to look next.
    pub location: Option<String>,
    /// When to ask again.
    pub retry_after: Option<String>,
}

impl Told {
    /// The order that the answer is about.
    ///
    /// # Panics
    /// When it names none.
    #[must_use]
    pub fn order_id(&self) -> OrderId {
        let id = self.body["order_id"].as_str().unwrap_or_else(|| panic!("no order in {self:?}"));
        id.parse().expect("an order id")
    }

    /// Why the order was rejected.
    #[must_use]
    pub fn reason(&self) -> &str {
        self.body["reason"].as_str().unwrap_or_default()
    }

    /// The last segment of a problem's type.
    #[must_use]
    pub fn code(&self) -> &str {
        let kind = self.body["type"].as_str().unwrap_or_default();
        kind.rsplit(':').next().unwrap_or_default()
    }
}

/// A customer, known to the gateway by a token.
pub struct Customer<'a> {
    world: &'a World,
    /// As in `cus_ada`.
    pub id: String,
    token: String,
}

impl World {
    /// A customer with so much credit; the score stands in nobody's way.
    pub async fn customer_with_credit(&self, id: &str, limit_minor: i64) -> Customer<'_> {
        let terms = json!({
            "limit": Money::eur_cents(limit_minor), "base_score": 1_000_000, "minimum_score": 0,
        });
        self.grant(id, &terms).await;
        self.customer(id)
    }

    /// Opens or changes an account.
    ///
    /// # Panics
    /// When risk-api refuses.
    pub async fn grant(&self, id: &str, terms: &Value) {
        let url = format!("{}/accounts/{id}", self.system.risk_api_url());
        let (status, body) = self.call(Method::PUT, &url, Role::BackOffice, Some(terms)).await;
        assert!(status.is_success(), "{body}");
    }

    /// A customer without an account of their own.
    ///
    /// # Panics
    /// When the system has no key for tokens.
    #[must_use]
    pub fn customer(&self, id: &str) -> Customer<'_> {
        let key = TokenKey::read(&self.system.token_key_file()).expect("the key of tokens");
        let customer_id = id.parse().expect("a customer id");
        let token = key.issue(&customer_id, VALID_FOR).expect("a token");
        Customer { world: self, id: id.to_owned(), token }
    }

    /// What order-api knows of an order.
    pub async fn order(&self, order_id: OrderId) -> Option<Value> {
        let url = format!("{}/orders/{order_id}", self.system.order_api_url());
        let (status, body) = self.call(Method::GET, &url, Role::Auditor, None).await;
        status.is_success().then_some(body)
    }

    /// What risk-api knows of an account.
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn account(&self, id: &str) -> Value {
        let url = format!("{}/accounts/{id}", self.system.risk_api_url());
        let (status, body) = self.call(Method::GET, &url, Role::Auditor, None).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    /// The orders that hold this customer's credit, and what is left of it in minor units.
    ///
    /// # Panics
    /// When risk-api does not answer.
    pub async fn credit_of(&self, id: &str) -> (Vec<String>, i64) {
        let account = self.account(id).await;
        let live = account["live_reservations"].as_array().expect("a list");
        let orders = live.iter().map(|one| one["order_id"].as_str().expect("an id").to_owned());
        (orders.collect(), account["available"]["amount"].as_i64().expect("an amount"))
    }

    /// The kinds of the notices that an order's customer has.
    ///
    /// # Panics
    /// When order-api does not answer.
    pub async fn notices_of(&self, order_id: OrderId) -> Vec<String> {
        let url = format!("{}/orders/{order_id}/notices", self.system.order_api_url());
        let (status, body) = self.call(Method::GET, &url, Role::Auditor, None).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let notices = body["data"].as_array().expect("a list");
        notices.iter().map(|one| one["kind"].as_str().expect("a kind").to_owned()).collect()
    }

    /// Waits until the run that places this order has ended; its outcome, as one word.
    ///
    /// # Panics
    /// When it ends otherwise than completed.
    pub async fn placement_ends(&self, order_id: OrderId) -> String {
        match self.ending_of(&format!("place-{order_id}")).await {
            crate::Ending::Completed(result) => match result["outcome"].as_str() {
                Some("rejected") => result["reason"].as_str().expect("a reason").to_owned(),
                Some(outcome) => outcome.to_owned(),
                None => panic!("an outcome without a word: {result}"),
            },
            other => panic!("the placement ended as {other:?}"),
        }
    }
}

impl Customer<'_> {
    /// Places an order of this price under this key.
    pub async fn places(&self, key: &str, amount_minor: i64) -> Told {
        self.tries_to_place(key, amount_minor).await.expect("an answer of the gateway")
    }

    /// The same, where the gateway may break off.
    ///
    /// # Errors
    /// When no whole answer comes.
    pub async fn tries_to_place(
        &self,
        key: &str,
        amount_minor: i64,
    ) -> Result<Told, reqwest::Error> {
        let line = json!({
            "sku": "SQUEAKY-DUCK", "quantity": 1, "unit_price": Money::eur_cents(amount_minor),
        });
        let request = self
            .request(Method::POST, "/orders")
            .header("idempotency-key", key)
            .json(&json!({ "lines": [line] }));
        told(request).await
    }

    /// Repeats the same request until the answer is final, as whoever hears 503 or nothing should.
    pub async fn insists_on(&self, key: &str, amount_minor: i64) -> Told {
        eventually(&format!("a final answer to {key}"), || async {
            let told = self.tries_to_place(key, amount_minor).await.ok()?;
            let is_final = [StatusCode::CREATED, StatusCode::CONFLICT].contains(&told.status);
            is_final.then_some(told)
        })
        .await
    }

    /// Calls an order off.
    ///
    /// # Panics
    /// When the gateway does not answer.
    pub async fn calls_off(&self, order_id: OrderId) -> Told {
        let request = self.request(Method::POST, &format!("/orders/{order_id}/cancel"));
        told(request).await.expect("an answer of the gateway")
    }

    /// What the customer proves themself with.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Follows a placement by its events until they end; all of them, as they were sent.
    ///
    /// # Panics
    /// When the gateway breaks off.
    pub async fn watches(&self, order_id: OrderId) -> String {
        let request = self.request(Method::GET, &format!("/placements/{order_id}/events"));
        let events = request.send().await.expect("an answer of the gateway");
        assert_eq!(events.status(), StatusCode::OK);
        events.text().await.expect("the events to their end")
    }

    /// Asks the gateway.
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn asks(&self, path: &str) -> Told {
        told(self.request(Method::GET, path)).await.expect("an answer of the gateway")
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.world.system.gateway_url());
        self.world.http().request(method, url).bearer_auth(&self.token)
    }
}

async fn told(request: reqwest::RequestBuilder) -> Result<Told, reqwest::Error> {
    let response = request.send().await?;
    let header = |name| {
        let value = response.headers().get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let (location, retry_after) = (header("location"), header("retry-after"));
    let status = response.status();
    let text = response.text().await?;
    Ok(Told {
        status,
        body: serde_json::from_str(&text).unwrap_or_default(),
        location,
        retry_after,
    })
}
