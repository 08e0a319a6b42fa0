//! What the business counts, for `/metrics`.

use crate::order::Origin;
use metrics::{Counter, counter, describe_counter};

/// Counters since the start of this process. Clones share them.
#[derive(Clone)]
pub struct Counts {
    placed_by_back_office: Counter,
    placed_in_shop: Counter,
    imported: Counter,
    sent: Counter,
    cancelled: Counter,
}

impl Counts {
    /// Registers the counters, so that they are there, at zero, before the first order.
    #[must_use]
    pub fn start() -> Self {
        describe_counter!("orders_placed_total", "Orders accepted, by where they came from.");
        describe_counter!("orders_sent_total", "Orders marked sent.");
        describe_counter!("orders_cancelled_total", "Orders cancelled.");
        let placed = |origin: Origin| counter!("orders_placed_total", "origin" => origin.as_str());
        Self {
            placed_by_back_office: placed(Origin::BackOffice),
            placed_in_shop: placed(Origin::Shop),
            imported: placed(Origin::Import),
            sent: counter!("orders_sent_total"),
            cancelled: counter!("orders_cancelled_total"),
        }
    }

    /// An order was accepted: when it was written down, or approved if that is later.
    pub fn placed(&self, origin: Origin) {
        match origin {
            Origin::BackOffice => self.placed_by_back_office.increment(1),
            Origin::Shop => self.placed_in_shop.increment(1),
            Origin::Import => self.imported.increment(1),
        }
    }

    /// An order was marked sent.
    pub fn sent(&self) {
        self.sent.increment(1);
    }

    /// An order was cancelled.
    pub fn cancelled(&self) {
        self.cancelled.increment(1);
    }
}
