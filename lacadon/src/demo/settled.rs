//! What is on file once nothing is under way any more: every placement and every return of credit has ended.

use crate::ledger;
use crate::placement_verdict::{Books, ToldPlacement};
use crate::system::System;
use crate::temporal::{self, Ended, ends_of_runs};
use contracts::OrderId;
use contracts::orders::OrderStatus;
use launch::progress::Display;
use workflows::{place_order, release_credit};

/// Waits for the end of the processes of these placements, and reads both databases. The second list names the
/// processes that ended otherwise than completed. Bound it with a time-out.
pub(super) async fn books(
    system: &System,
    placements: &[ToldPlacement],
    shown: &Display,
) -> anyhow::Result<(Books, Vec<String>)> {
    let client = temporal::connect(system.temporal_address(), system.namespace()).await?;
    let placed: Vec<OrderId> = placements.iter().map(|one| one.order_id).collect();
    let stage = shown.stage("waiting for every process to end");
    stage.expect_in_all(u64::try_from(placed.len())?);
    let on_end = |ended| stage.set_done(ended);
    let mut broken = Vec::new();
    let ends = ends_of_runs(&client, placed, place_order::workflow_id, on_end).await;
    broken.extend(
        ends.into_iter()
            .filter_map(|(order_id, end)| told_if_broken(place_order::workflow_id(order_id), end)),
    );
    // Only now is it known which orders were called off.
    let orders = ledger::orders(system.order_database_url()).await?;
    let is_over = |status| matches!(status, OrderStatus::Cancelled | OrderStatus::Sent);
    let over = orders.iter().filter(|one| one.is_from_the_shop && is_over(one.facts.status));
    let over: Vec<OrderId> = over.map(|order| order.facts.id).collect();
    let ends = ends_of_runs(&client, over, release_credit::workflow_id, drop).await;
    broken.extend(
        ends.into_iter().filter_map(|(order_id, end)| {
            told_if_broken(release_credit::workflow_id(order_id), end)
        }),
    );
    let books = ledger::placements(system.order_database_url(), system.risk_database_url()).await?;
    Ok((books, broken))
}

fn told_if_broken(workflow_id: String, end: Ended) -> Option<String> {
    match end {
        Ended::Completed(_) => None,
        Ended::Otherwise(how) => Some(format!("the process {workflow_id} did not complete: {how}")),
    }
}
