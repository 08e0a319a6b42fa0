//! Watches a placement: each change of what is known of it, until it is at its end or the watch is.

use crate::placement::{Placement, placement_of};
use crate::shop::Shop;
use contracts::{CustomerId, OrderId};
use futures::Stream;
use futures::stream;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

/// A watch ends after this; whoever is still interested begins another, as browsers do by themselves.
const WATCH_LIMIT: Duration = Duration::from_secs(300);

/// Between two looks, right after something has changed.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Between two looks when nothing has changed for long: each costs Temporal two calls.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

struct Watch {
    shop: Shop,
    customer_id: CustomerId,
    order_id: OrderId,
    /// What was told last; not told yet on the first step.
    known: Placement,
    is_first: bool,
    pause: Duration,
    until: Instant,
    _place: OwnedSemaphorePermit,
}

/// What is known now, then every change of it.
pub(crate) fn watch(
    shop: Shop,
    customer_id: CustomerId,
    known: Placement,
    place: OwnedSemaphorePermit,
) -> impl Stream<Item = Placement> + Send {
    let watch = Watch {
        order_id: known.order_id,
        shop,
        customer_id,
        known,
        is_first: true,
        pause: FIRST_PAUSE,
        until: Instant::now() + WATCH_LIMIT,
        _place: place,
    };
    stream::unfold(watch, Watch::next)
}

impl Watch {
    async fn next(mut self) -> Option<(Placement, Self)> {
        if !std::mem::take(&mut self.is_first) {
            self.known = self.change().await?;
            self.pause = FIRST_PAUSE;
        }
        Some((self.known.clone(), self))
    }

    /// The next thing to tell; `None` at the end.
    async fn change(&mut self) -> Option<Placement> {
        while !self.known.is_final && Instant::now() < self.until {
            tokio::select! {
                () = tokio::time::sleep(self.pause) => {}
                () = self.shop.stopping().cancelled() => return None,
            }
            self.pause = self.pause.saturating_mul(2).min(LONGEST_PAUSE);
            // Whoever does not answer now is asked again.
            if let Ok(seen) = placement_of(&self.shop, &self.customer_id, self.order_id).await
                && seen != self.known
            {
                return Some(seen);
            }
        }
        None
    }
}
