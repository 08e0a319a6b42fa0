//! A running gateway, stubs of the services behind it, and customers that speak to it.

pub(crate) mod stub;

use chassis::serve::Running;
use connections::call::BearerKey;
use contracts::CustomerId;
use gateway::config::PlacingSettings;
use gateway::derivation::DerivationKey;
use gateway::services::Services;
use gateway::shop::{Shop, ShopKeys};
use gateway::token::TokenKey;
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use std::time::Duration;
use stub::Stub;

/// Nothing listens here.
pub(crate) const NOWHERE: &str = "http://127.0.0.1:9";

/// A gateway with its services.
pub(crate) struct World {
    gateway: Running,
    client: reqwest::Client,
    token_key: TokenKey,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl World {
    /// In front of these services.
    pub(crate) async fn before(stub: &Stub) -> Self {
        Self::at(stub.url(), stub.url(), stub.url()).await
    }

    /// In front of services at these addresses: orders, vouchers, credit.
    pub(crate) async fn at(orders: &str, vouchers: &str, credit: &str) -> Self {
        let url = |text: &str| text.parse().expect("an address");
        let key = BearerKey::parse("shop-key").expect("a key");
        let services = Services::at(url(orders), url(vouchers), url(credit), &key);
        let token_key = TokenKey::of([1; 32]);
        let keys = ShopKeys { token: token_key.clone(), derivation: DerivationKey::of([2; 32]) };
        let placing =
            PlacingSettings { wait_ms: 200, risk_patience_ms: 1_000, keep_rejected: false };
        let (shop, _) = Shop::new(services.expect("clients"), keys, placing);
        let listen = "127.0.0.1:0".parse().expect("an address");
        let gateway = chassis::serve::start(listen, gateway::app(shop)).await.expect("serving");
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Self { gateway, client, token_key }
    }

    pub(crate) fn token_of(&self, customer: &str) -> String {
        let customer_id: CustomerId = customer.parse().expect("a customer id");
        self.token_key.issue(&customer_id, Duration::from_secs(60)).expect("a token")
    }

    /// A request of nobody known.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.gateway.address()))
    }

    /// A request with the token of a customer.
    pub(crate) fn as_customer(&self, customer: &str, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(self.token_of(customer))
    }

    /// A request of ada's browser, from a page of ours.
    pub(crate) fn as_browser(&self, method: Method, path: &str) -> RequestBuilder {
        let cookie = format!("lacadon_session={}", self.token_of("cus_ada"));
        self.request(method, path).header("cookie", cookie).header("sec-fetch-site", "same-origin")
    }

    pub(crate) async fn get(&self, customer: &str, path: &str) -> Answer {
        answer(self.as_customer(customer, Method::GET, path)).await
    }

    /// A page as ada's browser gets it.
    pub(crate) async fn page(&self, path: &str) -> Answer {
        answer(self.as_browser(Method::GET, path)).await
    }
}

/// Sends a request and reads all of the answer.
pub(crate) async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, text: response.text().await.expect("a body") }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("json")
    }

    /// The code of the problem that was answered.
    pub(crate) fn code(&self) -> String {
        let problem = self.json();
        let problem_type = problem["type"].as_str().expect("a problem");
        problem_type.rsplit(':').next().expect("a code").to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a text"))
    }

    /// The value of the first attribute of this name behind the text.
    pub(crate) fn attribute(&self, behind: &str, name: &str) -> String {
        let rest = self.text.split_once(behind).expect("the text").1;
        let rest = rest.split_once(&format!("{name}=\"")).expect("the attribute").1;
        rest.split_once('"').expect("its end").0.to_owned()
    }

    pub(crate) fn contains(&self, text: &str) -> bool {
        self.text.contains(text)
    }
}
