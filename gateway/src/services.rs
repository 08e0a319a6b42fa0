//! What the gateway asks of the services, in the shop's name: one attempt each, with a short deadline.

pub(crate) mod credit;
pub(crate) mod orders;
pub(crate) mod records;
pub(crate) mod vouchers;

use axum::http::Method;
use chassis::problem::{FieldError, Problem};
use connections::call::{BearerKey, Call, CallError, Service};
use contracts::Reply;
use orders::Page;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tracing::warn;
use url::Url;

/// A person waits for the page: a service that takes longer is shown as away.
const DEADLINE: Duration = Duration::from_secs(2);

/// The services behind the front door.
#[derive(Debug, Clone)]
pub struct Services {
    order_api: Service,
    voucher_api: Service,
    risk_api: Service,
}

/// A service gave no answer that settles anything; it was logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{service} cannot be asked just now")]
pub(crate) struct Away {
    service: &'static str,
}

impl Services {
    /// The services at these addresses; nothing is connected yet.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn at(orders: Url, vouchers: Url, risk: Url, key: &BearerKey) -> anyhow::Result<Self> {
        Ok(Self {
            order_api: Service::new("order-api", orders, key.clone())?,
            voucher_api: Service::new("voucher-api", vouchers, key.clone())?,
            risk_api: Service::new("risk-api", risk, key.clone())?,
        })
    }
}

impl From<Away> for Problem {
    fn from(away: Away) -> Self {
        Self::unavailable("service_away", format!("{away}; ask again in a moment"), 2)
    }
}

/// Why no page of a list is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotListed {
    /// The place to go on from is none that this list has given.
    NoSuchPage,
    /// The service does not answer.
    Away(Away),
}

impl From<NotListed> for Problem {
    fn from(not_listed: NotListed) -> Self {
        match not_listed {
            NotListed::NoSuchPage => {
                let error =
                    FieldError::new("/starting_after", "must be a next_cursor of this list");
                Self::invalid_query(vec![error])
            }
            NotListed::Away(away) => away.into(),
        }
    }
}

/// A page of a list.
async fn list<T: DeserializeOwned>(
    service: &Service,
    path: &str,
    query: &[(&str, &str)],
) -> Result<Page<T>, NotListed> {
    let page = find(service, get(&[path], query), "invalid_query").await;
    page.map_err(NotListed::Away)?.ok_or(NotListed::NoSuchPage)
}

fn get<'a>(path: &'a [&'a str], query: &'a [(&'a str, &'a str)]) -> Call<'a> {
    call(Method::GET, path, query)
}

fn call<'a>(method: Method, path: &'a [&'a str], query: &'a [(&'a str, &'a str)]) -> Call<'a> {
    let request_id = chassis::problem::request_id().unwrap_or_else(|| "gateway".to_owned());
    Call { method, path, query, deadline: DEADLINE, request_id }
}

/// What is there, or that there is nothing: `code` is the problem type with which the service says so.
async fn find<T: DeserializeOwned>(
    service: &Service,
    call: Call<'_>,
    code: &str,
) -> Result<Option<T>, Away> {
    let found = service.ask(call, |problem| (problem.code == code).then_some(())).await;
    match found.map_err(away)? {
        Reply::Granted(found) => Ok(Some(found)),
        Reply::Refused(()) => Ok(None),
    }
}

/// What is there for certain: every refusal counts as being away.
async fn read<T: DeserializeOwned>(service: &Service, call: Call<'_>) -> Result<T, Away> {
    service.granted(call).await.map_err(away)
}

/// Logs why, once.
fn away(error: CallError) -> Away {
    let service = match &error {
        CallError::NoAnswer { service, .. }
        | CallError::NotFinal { service, .. }
        | CallError::Unreadable { service, .. } => *service,
    };
    warn!(%error, "{service} is shown as away: {error}");
    Away { service }
}
