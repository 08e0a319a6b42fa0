//! A whole shop for one test: its own Temporal server, services, worker and databases, on free ports, gone at the end.

use crate::temporal_cli::{Ending, TemporalCli};
use crate::wait::{PATIENCE, eventually, stays};
use contracts::{Money, OrderId};
use lacadon::system::{Process, Role, System, SystemOptions, TemporalServer};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;
use uuid::Uuid;

/// The system under test and what a test says to it.
pub struct World {
    /// The processes.
    pub system: System,
    /// The command that operators type.
    pub temporal: TemporalCli,
    http: reqwest::Client,
    // Dropped last: the stores of the processes above are in it.
    _folder: TempDir,
}

/// What the voucher process said of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// One voucher; its id.
    Granted(String),
    /// None is owed.
    NotQualified,
    /// The run failed with this type.
    Failed(String),
}

/// An order that a test placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// Who ordered.
    pub customer_id: String,
}

impl Order {
    /// The id under which its voucher process runs.
    #[must_use]
    pub fn workflow_id(&self) -> String {
        format!("voucher-{}", self.id)
    }

    /// The input that its voucher process takes.
    #[must_use]
    pub fn input(&self) -> String {
        json!({ "order_id": self.id }).to_string()
    }
}

impl World {
    /// Everything up, with the settings of `cargo demo`.
    pub async fn start() -> Self {
        Self::start_with(|options| options).await
    }

    /// Everything up, with settings changed by `adjust`.
    ///
    /// # Panics
    /// When the system does not come up: the message holds the last log lines of the process at fault.
    pub async fn start_with(adjust: impl FnOnce(SystemOptions) -> SystemOptions) -> Self {
        let (binaries, cli) = tokio::task::spawn_blocking(|| {
            (
                launch::build::binaries().expect("the binaries build"),
                launch::temporal::locate().expect("a Temporal server"),
            )
        })
        .await
        .expect("located");
        let folder = tempfile::Builder::new().prefix("lacadon-test-").tempdir().expect("a folder");
        let temporal = TemporalServer::Own { cli: cli.path.clone(), extra_args: Vec::new() };
        let options = adjust(SystemOptions::new(folder.path(), binaries, temporal));
        let system = System::start(options).await.expect("the system comes up");
        let temporal = TemporalCli {
            path: cli.path,
            address: system.temporal_address().to_owned(),
            namespace: system.namespace().to_owned(),
        };
        Self { system, temporal, http: http_client(), _folder: folder }
    }

    /// One of the processes, as in `worker`.
    ///
    /// # Panics
    /// When there is none of this name.
    #[must_use]
    pub fn process(&self, name: &str) -> Process {
        self.system.process(name).expect("a process of the system")
    }

    /// Starts a process that is down, and waits until it is ready.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn bring_up(&self, name: &str) {
        let process = self.process(name);
        process.start().await.expect("started");
        process.wait_until_ready(PATIENCE).await.expect("ready");
    }

    /// Temporal loses its store, as if every retention had passed: what services know is all that is left.
    ///
    /// # Panics
    /// When it does not come up again.
    pub async fn temporal_forgets_everything(&self) {
        self.process("temporal").stop().await.expect("stopped");
        for file in ["temporal.sqlite", "temporal.sqlite-wal", "temporal.sqlite-shm"] {
            // The last two are there only while it runs.
            let _ = std::fs::remove_file(self.system.data_dir().join(file));
        }
        self.bring_up("temporal").await;
        self.process("worker").wait_until_ready(PATIENCE).await.expect("it polls again");
    }

    /// A client that gives up after 20 s.
    #[must_use]
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Both databases of a placement, without the tombstones: equal before and after means that nothing is left.
    pub async fn both_sides(&self) -> Vec<String> {
        let orders = crate::dump(self.system.order_database_url(), &["tombstones"]).await;
        let credit = crate::dump(self.system.risk_database_url(), &["tombstones"]).await;
        [orders, credit].concat()
    }

    /// Begins an order; `.await` places it.
    #[must_use]
    pub fn place_order(&self) -> PlaceOrder<'_> {
        PlaceOrder {
            world: self,
            price: Money::eur_cents(120_50),
            customer_id: "cus_ada".to_owned(),
        }
    }

    /// Asks order-api, which must answer 200, to mark the order sent.
    ///
    /// # Panics
    /// When it answers otherwise.
    pub async fn mark_sent(&self, order: &Order) -> Value {
        let (status, body) =
            self.post_order(&format!("/orders/{}/mark-sent", order.id), Role::BackOffice).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    /// Asks order-api, which must answer 200, to cancel the order.
    ///
    /// # Panics
    /// When it answers otherwise.
    pub async fn cancel(&self, order: &Order) -> Value {
        let (status, body) =
            self.post_order(&format!("/orders/{}/cancel", order.id), Role::BackOffice).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    async fn post_order(&self, path: &str, role: Role) -> (StatusCode, Value) {
        self.call(Method::POST, &format!("{}{path}", self.system.order_api_url()), role, None).await
    }

    /// One HTTP call with the key of this role.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn call(
        &self,
        method: Method,
        url: &str,
        role: Role,
        body: Option<&Value>,
    ) -> (StatusCode, Value) {
        let mut request = self
            .http
            .request(method, url)
            .bearer_auth(self.system.secret(role).expect("a key"))
            .header("idempotency-key", Uuid::now_v7().to_string());
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status();
        (status, response.json().await.unwrap_or_default())
    }

    /// The vouchers that voucher-api has for this order.
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn vouchers_of(&self, order: &Order) -> Vec<Value> {
        let url = format!("{}/vouchers?order_id={}", self.system.voucher_api_url(), order.id);
        let (status, body) = self.call(Method::GET, &url, Role::Auditor, None).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body.get("data").and_then(Value::as_array).cloned().expect("a list")
    }

    /// The events of order-api's outbox in this state (`waiting`, `quarantined`, …).
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn outbox(&self, state: &str) -> Vec<Value> {
        let url = format!("{}/outbox/events?state={state}&limit=100", self.system.order_api_url());
        let (status, body) = self.call(Method::GET, &url, Role::Auditor, None).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body.get("data").and_then(Value::as_array).cloned().expect("a list")
    }

    /// Waits until no event is unsettled.
    pub async fn outbox_is_empty(&self) {
        eventually("every event is settled", || async {
            for state in ["waiting", "leased", "postponed", "quarantined"] {
                if !self.outbox(state).await.is_empty() {
                    return None;
                }
            }
            Some(())
        })
        .await;
    }

    /// Waits until the voucher process of this order has ended, and says how.
    pub async fn outcome_of(&self, order: &Order) -> Outcome {
        self.ending_of(&order.workflow_id()).await.into()
    }

    /// Waits until the latest run under this id has ended, and says how.
    pub async fn ending_of(&self, workflow_id: &str) -> Ending {
        eventually(&format!("{workflow_id} ends"), || self.temporal.ending(workflow_id)).await
    }

    /// Waits until voucher-api holds exactly one voucher for this order and the outbox is empty, then watches that it stays one.
    pub async fn earns_exactly_one_voucher(&self, order: &Order) -> Value {
        eventually("a voucher", || async {
            (!self.vouchers_of(order).await.is_empty()).then_some(())
        })
        .await;
        self.outbox_is_empty().await;
        stays(Duration::from_millis(300), "one voucher", 1, || async {
            self.vouchers_of(order).await.len()
        })
        .await;
        let voucher = self.vouchers_of(order).await.remove(0);
        assert_eq!(voucher["customer_id"], order.customer_id.as_str());
        assert_eq!(voucher["value"], json!({"amount": 500, "currency": "EUR"}));
        voucher
    }
}

/// An order being written.
pub struct PlaceOrder<'a> {
    world: &'a World,
    price: Money,
    customer_id: String,
}

impl PlaceOrder<'_> {
    /// So many euro cents.
    #[must_use]
    pub fn costing_minor(self, amount_minor: i64) -> Self {
        self.costing(Money::eur_cents(amount_minor))
    }

    /// So much.
    #[must_use]
    pub fn costing(self, price: Money) -> Self {
        Self { price, ..self }
    }

    /// By this customer.
    #[must_use]
    pub fn by(self, customer_id: &str) -> Self {
        Self { customer_id: customer_id.to_owned(), ..self }
    }
}

impl<'a> IntoFuture for PlaceOrder<'a> {
    type Output = Order;
    type IntoFuture = futures::future::BoxFuture<'a, Order>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let body = json!({
                "customer_id": self.customer_id,
                "lines": [{"sku": "SQUEAKY-DUCK", "quantity": 1, "unit_price": self.price}],
            });
            let url = format!("{}/orders", self.world.system.order_api_url());
            let (status, order) =
                self.world.call(Method::POST, &url, Role::BackOffice, Some(&body)).await;
            assert_eq!(status, StatusCode::CREATED, "{order}");
            let id = order["id"].as_str().expect("an id").parse().expect("an order id");
            Order { id, customer_id: self.customer_id }
        })
    }
}

impl From<Ending> for Outcome {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Completed(result) => match result["outcome"].as_str() {
                Some("granted") => {
                    Self::Granted(result["voucher_id"].as_str().expect("a voucher id").to_owned())
                }
                Some("not_qualified") => Self::NotQualified,
                _ => panic!("an outcome that the process does not have: {result}"),
            },
            Ending::Failed { kind, .. } => Self::Failed(kind),
            other => panic!("the process ended as {other:?}"),
        }
    }
}

/// A client that gives up after 20 s, so that no test waits for ever.
///
/// # Panics
/// When the operating system gives no randomness.
#[must_use]
pub fn http_client() -> reqwest::Client {
    // Installed once per process; a second installation is refused and changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(Duration::from_secs(20)).build().expect("an HTTP client")
}
