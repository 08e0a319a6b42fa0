//! The simplest thing that keeps the rule without Temporal: claim events from the outbox, decide, issue, acknowledge.
//!
//! It is no toy: leases, many events at a time, the very same rule and idempotent call. What it has not is a history, a
//! process that waits, retries that an operator sees, or anything beyond this one step.

use crate::designs::owed;
use activities::attempt::Attempt;
use activities::voucher::VoucherActivities;
use anyhow::Context;
use contracts::outbox::{AckEvents, ClaimedEvent, LeasedEvent, ORDER_SENT};
use futures::StreamExt;
use futures::stream;
use worker::relay::outbox::Outbox;

/// Events that are claimed at once.
const CLAIMED_AT_ONCE: u32 = 64;

/// Events that are worked on at once.
const AT_ONCE: usize = 16;

/// Polls until it is dropped.
///
/// # Errors
/// When a service does not answer: whoever measures wants to know.
pub async fn run(voucher: VoucherActivities) -> anyhow::Result<()> {
    let order_api = voucher.order_api.clone();
    let outbox = Outbox::new(order_api, "poller".to_owned(), vec![ORDER_SENT.to_owned()]);
    let mut is_first = true;
    loop {
        let claimed = outbox.claim(CLAIMED_AT_ONCE, is_first).await?;
        is_first = false;
        let each = claimed.into_iter().map(|event| handle(&voucher, event));
        let handled: Vec<_> = stream::iter(each).buffer_unordered(AT_ONCE).collect().await;
        let settled = handled.into_iter().collect::<anyhow::Result<Vec<LeasedEvent>>>()?;
        if !settled.is_empty() {
            outbox.acknowledge(&AckEvents { settled, ..AckEvents::default() }).await?;
        }
    }
}

async fn handle(voucher: &VoucherActivities, event: ClaimedEvent) -> anyhow::Result<LeasedEvent> {
    let order_id = event.subject.parse().context("an event without an order")?;
    let attempt = Attempt {
        activity_name: "poller".to_owned(),
        workflow_id: event.event_id.clone(),
        run_id: event.lease_id.clone(),
        number: 1,
        is_local: true,
    };
    if let Some(owed) = owed(voucher.decide_for(order_id, &attempt).await?) {
        voucher.issue_for(&owed, &attempt).await?;
    }
    Ok(LeasedEvent { event_id: event.event_id, lease_id: event.lease_id })
}
