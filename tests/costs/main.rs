//! What one order costs, in counters: history events, round trips, SQL statements, commits, HTTP calls, bytes; the
//! product's every action, the same order in other designs, and the product's SQL on PostgreSQL.
//!
//! Counted on a quiet system and held against `docs/reference/costs.md`: whoever changes a number changes the table with
//! it, in the same commit, and says why. Nothing here is a time, so a busy machine changes nothing.
#![expect(clippy::expect_used, reason = "a test fails by panicking, also in what it calls")]

mod actions;
mod counting;
mod designs;
mod meter;
mod table;

use actions::{ACTIONS, Action, Shop};
use benches::designs::Design;
use counting::Costs;
use std::path::Path;
use table::Counted;
use tests::metrics::Counts;
use tests::postgres::Postgres;

/// The tables, as they are committed.
const DOCUMENT: &str = "docs/reference/costs.md";

#[tokio::test]
async fn an_order_costs_what_the_table_says() {
    let server = Postgres::of_this_test_binary();

    // One system after the other: a quiet one has the machine to itself.
    let actions = actions_on_sqlite().await;
    let designs = every_design(&actions).await;
    let postgres = match server {
        Some(server) => Some(sql_on_postgres(server).await),
        None => None,
    };

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(DOCUMENT);
    let committed = std::fs::read_to_string(&path).expect("the document");
    let counted = table::document(&Counted { actions, designs, postgres }, &committed);
    if std::env::var_os("LACADON_WRITE_COSTS").is_some() {
        std::fs::write(&path, &counted).expect("written");
        return;
    }
    assert_eq!(
        committed, counted,
        "what an order costs has changed. If it should: \
         LACADON_WRITE_COSTS=1 cargo test --test costs, and say why in the commit"
    );
}

async fn actions_on_sqlite() -> Vec<(Action, Costs)> {
    let shop = Shop::open(|options| options).await;
    let mut costs = Vec::new();
    for action in ACTIONS {
        costs.push((action, shop.costs_of(action).await));
    }
    costs
}

/// The product's is what an action of it costs.
async fn every_design(actions: &[(Action, Costs)]) -> Vec<(Design, Costs)> {
    let mut costs = Vec::new();
    for design in Design::ALL {
        let product = actions.iter().find(|(action, _)| *action == Action::Voucher);
        let of_design = match (design, product) {
            (Design::Product, Some((_, costs))) => costs.clone(),
            _ => designs::costs_of(design).await,
        };
        costs.push((design, of_design));
    }
    costs
}

async fn sql_on_postgres(server: &Postgres) -> Vec<(Action, Counts)> {
    let [orders, vouchers, risk] = [
        server.database("orders").await,
        server.database("vouchers").await,
        server.database("risk").await,
    ];
    let shop = Shop::open(|options| options.on_postgres(orders, vouchers, risk)).await;
    let mut sql = Vec::new();
    for action in ACTIONS {
        sql.push((action, shop.sql_of(action).await));
    }
    sql
}
