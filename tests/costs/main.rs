//! What one order costs, in counters: history events, round trips, SQL statements, commits, HTTP calls, bytes.
//!
//! Counted on a quiet system and held against `docs/reference/costs.md`: whoever changes a number changes the table with
//! it, in the same commit, and says why. Nothing here is a time, so a busy machine changes nothing.
#![expect(clippy::expect_used, reason = "a test fails by panicking, also in what it calls")]

mod actions;
mod meter;
mod table;

use actions::{ACTIONS, Shop};
use std::path::Path;

/// The table, as it is committed.
const DOCUMENT: &str = "docs/reference/costs.md";

#[tokio::test]
async fn an_order_costs_what_the_table_says() {
    let shop = Shop::open().await;
    let mut costs = Vec::new();
    for action in ACTIONS {
        costs.push((action, shop.costs_of(action).await));
    }

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(DOCUMENT);
    let committed = std::fs::read_to_string(&path).expect("the document");
    let counted = table::document(&costs, &committed);
    if std::env::var_os("LACADON_WRITE_COSTS").is_some() {
        std::fs::write(&path, &counted).expect("written");
        return;
    }
    assert_eq!(
        committed, counted,
        "what an order costs has changed. If it should: \
         LACADON_WRITE_COSTS=1 cargo test -p tests --test costs, and say why in the commit"
    );
}
