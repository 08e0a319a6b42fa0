//! How fast order-api marks orders sent: through HTTP, by the same transaction without HTTP, and one at a time.

use super::{Finding, READY_WITHIN};
use crate::statistics::Estimate;
use chassis::auth::{Actor, Caller};
use chassis_store::Database;
use contracts::OrderId;
use futures::StreamExt;
use futures::stream::{self, TryStreamExt};
use lacadon::crash::lab::{Lab, LabOptions};
use lacadon::load::drive::Shop;
use order_api::MIGRATIONS;
use order_api::access::BACK_OFFICE;
use order_api::mark_order_sent::{Marked, mark_sent};
use std::time::Instant;

/// Orders of one measurement.
const ORDERS: usize = 2000;

/// Orders that are marked one at a time: each waits for the disk.
const ORDERS_ONE_BY_ONE: usize = 500;

/// Orders under way at once.
const AT_ONCE: usize = 64;

/// Measures on a SQLite file with durable commits, in rounds; nobody relays the events.
///
/// # Errors
/// When the system does not work.
pub async fn measure(options: LabOptions, rounds: usize) -> anyhow::Result<Vec<Finding>> {
    let lab = Lab::start(options, |system| system.left_down("worker")).await?;
    let shop = Shop::of(&lab)?;
    let recorded = shop.record(rounds * (2 * ORDERS + ORDERS_ONE_BY_ONE)).await?;
    let (mut through_http, mut grouped) = (Vec::new(), Vec::new());
    for round in recorded.chunks(2 * ORDERS + ORDERS_ONE_BY_ONE) {
        let (ours, rest) = round.split_at(ORDERS);
        let (at_once, one_by_one) = rest.split_at(ORDERS);
        let http = per_second(ours, AT_ONCE, |id| shop.mark_sent(id)).await?;
        let [bare, alone] = without_http(&lab, at_once, one_by_one).await?;
        through_http.push((http, bare));
        grouped.push((bare, alone));
    }
    lab.stop().await?;
    let ratio = |pairs: &[(f64, f64)]| {
        let ratios: Vec<f64> = pairs.iter().map(|(one, other)| one / other).collect();
        Estimate::of(&ratios).map(|estimate| estimate.as_ratio()).unwrap_or_default()
    };
    let rates = |pairs: &[(f64, f64)]| {
        let each = pairs.iter().map(|(one, other)| format!("{one:.0} and {other:.0} per s"));
        each.collect::<Vec<_>>().join(", ")
    };
    Ok(vec![
        Finding::new(
            format!(
                "mark-sent through HTTP against the same transaction in a bare loop, {AT_ONCE} at once"
            ),
            "0.7×",
            format!("{} ({})", ratio(&through_http), rates(&through_http)),
        ),
        Finding::new(
            format!(
                "requests grouped into one durable transaction ({AT_ONCE} at once) against one each"
            ),
            "4× on a fast disk, 10× at 2 ms per fsync",
            format!("{} ({})", ratio(&grouped), rates(&grouped)),
        ),
    ])
}

/// The endpoint's transaction in a bare loop, many at once and one at a time; order-api is away meanwhile.
async fn without_http(
    lab: &Lab,
    at_once: &[OrderId],
    one_by_one: &[OrderId],
) -> anyhow::Result<[f64; 2]> {
    let order_api = lab.system.process("order-api")?;
    order_api.stop().await?;
    let database = Database::connect(lab.system.order_database_url(), &MIGRATIONS).await?;
    let actor = Actor::of(Caller { name: "bench".into(), role: BACK_OFFICE });
    let mark = async |id| {
        let marked = mark_sent(&database, id, actor.clone()).await?;
        anyhow::ensure!(matches!(marked, Marked::Now(_)), "{id} was not marked: {marked:?}");
        Ok(())
    };
    let many = per_second(at_once, AT_ONCE, mark).await?;
    let one = per_second(one_by_one, 1, mark).await?;
    database.close().await;
    order_api.start().await?;
    order_api.wait_until_ready(READY_WITHIN).await?;
    Ok([many, one])
}

async fn per_second(
    orders: &[OrderId],
    at_once: usize,
    mark: impl AsyncFn(OrderId) -> anyhow::Result<()>,
) -> anyhow::Result<f64> {
    let begun = Instant::now();
    let each = orders.iter().map(|id| mark(*id));
    stream::iter(each).buffer_unordered(at_once).try_collect::<()>().await?;
    Ok(f64::from(u32::try_from(orders.len())?) / begun.elapsed().as_secs_f64())
}
