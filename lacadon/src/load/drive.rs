//! The load itself: orders are recorded, then marked sent at their time.
//!
//! With a rate every order has the time at which it is to be sent, whether or not those before it were answered, and what
//! it waits counts from then: a system that is slow is not asked less. With a concurrency so many senders each send one
//! order after the other, and what an order waits counts from its sender's turn.

use crate::crash::back_office::BackOffice;
use crate::crash::lab::Lab;
use crate::front_door::Heard;
use contracts::vouchers::SENT_ORDER_LIMIT_V1;
use contracts::{CustomerId, Money, OrderId};
use futures::StreamExt;
use futures::stream::{self, TryStreamExt};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::watch;

/// Orders that are recorded at once.
const RECORDED_AT_ONCE: usize = 16;

/// One order of so many is worth exactly the limit and earns nothing.
const EARNS_NOTHING_EVERY: usize = 10;

/// How fast orders are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// So many orders per second.
    Rate(u32),
    /// So many senders, each as fast as it is answered.
    Concurrency(usize),
}

/// What became of one order at its sender.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    /// When it was to be sent.
    pub intended: SystemTime,
    /// From then until the sender had its answer.
    pub answered: Duration,
}

/// The back office of the shop, which insists until it is answered.
pub struct Shop {
    office: BackOffice,
    heard: watch::Sender<Heard>,
}

impl Shop {
    /// The one of this system.
    ///
    /// # Errors
    /// When its key cannot be read.
    pub fn of(lab: &Lab) -> anyhow::Result<Self> {
        let office = BackOffice::at(&lab.system, lab.system.order_api_url())?;
        Ok(Self { office, heard: watch::Sender::new(Heard::default()) })
    }

    /// Records so many orders; nine of ten are to earn a voucher.
    ///
    /// # Errors
    /// When order-api does not answer.
    pub async fn record(&self, orders: usize) -> anyhow::Result<Vec<OrderId>> {
        let limit = SENT_ORDER_LIMIT_V1;
        let each = (0..orders).map(async |number| {
            let over = i64::from(!number.is_multiple_of(EARNS_NOTHING_EVERY));
            let total = Money::of_minor(limit.amount_minor + over, limit.currency);
            let customer: CustomerId = format!("cus_load_{}", number % 97).parse()?;
            self.office.records(&format!("load-{number}"), &customer, total, &self.heard).await
        });
        stream::iter(each).buffered(RECORDED_AT_ONCE).try_collect().await
    }

    /// Marks an order sent.
    ///
    /// # Errors
    /// When order-api refuses, or does not answer.
    pub async fn mark_sent(&self, order_id: OrderId) -> anyhow::Result<()> {
        Ok(self.office.tells(&format!("/orders/{order_id}/mark-sent"), &self.heard).await?)
    }

    /// What was heard instead of answers, by kind.
    #[must_use]
    pub fn errors(&self) -> BTreeMap<String, u64> {
        self.heard.borrow().errors.clone()
    }
}

/// Sends every order at its time; `done` is told how many were answered.
///
/// # Errors
/// When an order cannot be sent at all.
pub async fn send<F>(
    orders: &[OrderId],
    pace: Pace,
    done: &watch::Sender<u64>,
    send_one: impl Fn(OrderId) -> F,
) -> anyhow::Result<BTreeMap<OrderId, Sent>>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let begun = Instant::now();
    let begun_at = SystemTime::now();
    let (at_once, gap) = match pace {
        // Everything that is due is under way at once.
        Pace::Rate(per_second) => (orders.len(), Some(Duration::from_secs(1) / per_second)),
        Pace::Concurrency(senders) => (senders, None),
    };
    let each = (0u32..).zip(orders).map(|(number, order_id)| {
        let send_one = &send_one;
        async move {
            let due = match gap {
                Some(gap) => gap * number,
                None => begun.elapsed(),
            };
            tokio::time::sleep_until((begun + due).into()).await;
            send_one(*order_id).await?;
            done.send_modify(|done| *done += 1);
            let answered = begun.elapsed().saturating_sub(due);
            anyhow::Ok((*order_id, Sent { intended: begun_at + due, answered }))
        }
    });
    stream::iter(each).buffer_unordered(at_once.max(1)).try_collect().await
}
