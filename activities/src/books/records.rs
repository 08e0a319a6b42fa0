//! What the services have on file, as far as the books are about it: read with the auditor's key, a page or a record at a
//! time.

use crate::attempt::Attempt;
use connections::call::{CallError, Problem, Service};
use contracts::credit::problem::RESERVATION_UNKNOWN;
use contracts::orders::{ORDER_UNKNOWN, OrderFacts};
use contracts::{CustomerId, Money, OrderId, Reply, VoucherId};
use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Items of a page: as many as a service gives.
const PAGE_SIZE: &str = "100";

/// Orders of a page, tried one after the other: an order may have so many lines that a hundred are more than one answer
/// may hold. One always fits.
const ORDER_PAGE_SIZES: [&str; 3] = [PAGE_SIZE, "10", "1"];

/// How a service says that there is no such voucher.
const VOUCHER_UNKNOWN: &str = "voucher_unknown";

/// The services, as the auditor reads them.
#[derive(Debug, Clone)]
pub struct Books {
    /// Keeps the orders, and the events of what happened to them.
    pub order_api: Service,
    /// Keeps the vouchers.
    pub voucher_api: Service,
    /// Keeps the customers' credit.
    pub risk_api: Service,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct OrderRecord {
    #[serde(flatten)]
    pub(super) facts: OrderFacts,
    /// `shop`, `back_office` or `import`: only those of the shop hold credit.
    pub(super) origin: String,
    pub(super) updated_at: String,
}

/// A voucher.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct VoucherRecord {
    pub(super) id: VoucherId,
    pub(super) order_id: OrderId,
    pub(super) customer_id: CustomerId,
    pub(super) rule: String,
    pub(super) rule_version: u32,
    pub(super) value: Money,
    pub(super) issued_at: String,
}

/// What an order holds of its customer's credit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct ReservationRecord {
    pub(super) order_id: OrderId,
    pub(super) amount: Money,
    pub(super) state: CreditState,
    pub(super) updated_at: String,
}

/// What became of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CreditState {
    Reserved,
    Confirmed,
    Released,
    /// A state that a newer risk-api knows.
    #[serde(other)]
    Unknown,
}

/// An event that is not settled.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct EventRecord {
    pub(super) event_id: String,
    #[serde(rename = "type")]
    pub(super) event_type: String,
    pub(super) subject: String,
    pub(super) state: String,
    pub(super) occurred_at: String,
    #[serde(default)]
    pub(super) last_failure: Option<String>,
}

/// One page of a list.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Page<T> {
    pub(super) data: Vec<T>,
    has_more: bool,
    next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// The cursor of the page behind this one.
    pub(super) fn next(&self) -> Option<String> {
        self.next_cursor.clone().filter(|_| self.has_more)
    }
}

/// The states of events that are not settled.
pub(super) const UNSETTLED: [&str; 4] = ["quarantined", "waiting", "leased", "postponed"];

impl Books {
    /// One page of orders: of this status, or all that are decided for; a smaller one if its orders are large.
    pub(super) async fn orders(
        &self,
        attempt: &Attempt,
        status: Option<&str>,
        since: Option<&str>,
        after: Option<&str>,
    ) -> Result<Page<OrderRecord>, CallError> {
        let filter = [("status", status), ("updated_since", since)];
        let mut sizes = ORDER_PAGE_SIZES.into_iter();
        let mut size = sizes.next().unwrap_or(PAGE_SIZE);
        loop {
            let page = page_of(size, &self.order_api, attempt, &["orders"], &filter, after).await;
            size = match (&page, sizes.next()) {
                (Err(CallError::Unreadable { .. }), Some(smaller)) => smaller,
                _ => return page,
            };
        }
    }

    /// One page of vouchers.
    pub(super) async fn vouchers(
        &self,
        attempt: &Attempt,
        since: Option<&str>,
        after: Option<&str>,
    ) -> Result<Page<VoucherRecord>, CallError> {
        let filter = [("updated_since", since)];
        page(&self.voucher_api, attempt, &["vouchers"], &filter, after).await
    }

    /// One page of reservations in this state.
    pub(super) async fn reservations(
        &self,
        attempt: &Attempt,
        state: &str,
        since: Option<&str>,
        after: Option<&str>,
    ) -> Result<Page<ReservationRecord>, CallError> {
        let filter = [("state", Some(state)), ("updated_since", since)];
        page(&self.risk_api, attempt, &["reservations"], &filter, after).await
    }

    /// One page of events in this state.
    pub(super) async fn events(
        &self,
        attempt: &Attempt,
        state: &str,
        after: Option<&str>,
    ) -> Result<Page<EventRecord>, CallError> {
        let filter = [("state", Some(state))];
        page(&self.order_api, attempt, &["outbox", "events"], &filter, after).await
    }

    /// Every event that is not settled. There are few, unless nothing works.
    pub(super) async fn unsettled_events(
        &self,
        attempt: &Attempt,
    ) -> Result<Vec<EventRecord>, CallError> {
        let mut events = Vec::new();
        for state in UNSETTLED {
            let mut after = None;
            loop {
                let page = self.events(attempt, state, after.as_deref()).await?;
                after = page.next();
                events.extend(page.data);
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(events)
    }

    /// The order of this id, if there is one.
    pub(super) async fn order(
        &self,
        attempt: &Attempt,
        order_id: OrderId,
    ) -> Result<Option<OrderRecord>, CallError> {
        one(&self.order_api, attempt, &["orders", &order_id.to_string()], ORDER_UNKNOWN).await
    }

    /// The voucher of this id, if there is one.
    pub(super) async fn voucher(
        &self,
        attempt: &Attempt,
        voucher_id: VoucherId,
    ) -> Result<Option<VoucherRecord>, CallError> {
        let id = voucher_id.to_string();
        one(&self.voucher_api, attempt, &["vouchers", &id], VOUCHER_UNKNOWN).await
    }

    /// The vouchers that this order has, by whatever rule.
    pub(super) async fn vouchers_of(
        &self,
        attempt: &Attempt,
        order_id: OrderId,
    ) -> Result<Vec<VoucherRecord>, CallError> {
        let id = order_id.to_string();
        let filter = [("order_id", Some(id.as_str()))];
        Ok(page(&self.voucher_api, attempt, &["vouchers"], &filter, None).await?.data)
    }

    /// What this order holds of its customer's credit, if it ever reserved any that was not undone.
    pub(super) async fn reservation(
        &self,
        attempt: &Attempt,
        order_id: OrderId,
    ) -> Result<Option<ReservationRecord>, CallError> {
        let path = ["reservations", &order_id.to_string()];
        one(&self.risk_api, attempt, &path, RESERVATION_UNKNOWN).await
    }
}

/// One page of a list, read with the parts of the filter that are there.
pub(super) async fn page<T: DeserializeOwned>(
    service: &Service,
    attempt: &Attempt,
    path: &[&str],
    filter: &[(&str, Option<&str>)],
    after: Option<&str>,
) -> Result<Page<T>, CallError> {
    page_of(PAGE_SIZE, service, attempt, path, filter, after).await
}

async fn page_of<T: DeserializeOwned>(
    size: &str,
    service: &Service,
    attempt: &Attempt,
    path: &[&str],
    filter: &[(&str, Option<&str>)],
    after: Option<&str>,
) -> Result<Page<T>, CallError> {
    let all = filter.iter().copied().chain([("starting_after", after)]);
    let mut query = vec![("limit", size)];
    query.extend(all.filter_map(|(name, value)| Some((name, value?))));
    let call = attempt.call(Method::GET, path).with_query(&query);
    service.granted(call).await
}

async fn one<T: DeserializeOwned>(
    service: &Service,
    attempt: &Attempt,
    path: &[&str],
    unknown: &str,
) -> Result<Option<T>, CallError> {
    let call = attempt.call(Method::GET, path);
    let none = |problem: &Problem| (problem.code == unknown).then_some(());
    Ok(match service.ask(call, none).await? {
        Reply::Granted(record) => Some(record),
        Reply::Refused(()) => None,
    })
}
