//! Places an order: derives its id, asks the process, waits a while, and says what is known.

use crate::cart::Wanted;
use crate::decision::{self, Answer, Asked};
use crate::idempotency_key::IdempotencyKey;
use crate::process::Said;
use crate::shop::Shop;
use chassis::problem::Problem;
use contracts::OrderId;
use metrics::counter;
use tracing::{error, info};
use workflows::place_order::{PlaceOrderInput, contents_hash};

/// What placing an order came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed {
    /// The order, whether there is one or not.
    pub(crate) order_id: OrderId,
    /// What its customer is answered.
    pub(crate) answer: Answer,
}

/// Places what is wanted, once per customer and key.
pub(crate) async fn place(
    shop: &Shop,
    key: &IdempotencyKey,
    wanted: Wanted,
) -> Result<Placed, Problem> {
    let customer_id = wanted.request.customer_id.clone();
    let order_id = shop
        .derivation_key()
        .order_of(&customer_id, key.as_str())
        .map_err(|cause| Problem::internal(&cause))?;
    let asked =
        Asked { customer_id, contents_hash: contents_hash(&wanted.request), total: wanted.total };
    let input = PlaceOrderInput {
        order_id,
        request: wanted.request,
        keep_rejected: shop.placing().keep_rejected,
        risk_patience_ms: Some(shop.placing().risk_patience_ms),
    };
    // With a key that is not this installation's, a repeat would be a second order.
    let answer =
        if shop.is_key_known() { ask(shop, input, &asked).await } else { Answer::NotConfirmed };
    note(order_id, &answer);
    Ok(Placed { order_id, answer })
}

async fn ask(shop: &Shop, input: PlaceOrderInput, asked: &Asked) -> Answer {
    let order_id = input.order_id;
    let placing = async { Ok(shop.process().place(input, shop.placing().wait()).await) };
    let said = crash_points::GATEWAY_PLACE_ORDER.around(placing, || Said::Nothing).await;
    match said.unwrap_or_else(|nothing| nothing) {
        Said::Answer(said) => decision::from_process(said, asked),
        Said::Nothing => decision::from_run(&shop.process().look(order_id).await, asked),
    }
}

fn note(order_id: OrderId, answer: &Answer) {
    let word = answer.word();
    counter!("gateway_placements_total", "answer" => word).increment(1);
    if let Answer::Failed { kind } = answer {
        error!(order.id = %order_id, kind, "the process of order {order_id} failed with {kind}; a person must look");
    } else {
        info!(order.id = %order_id, answer = word, "order {order_id}: {word}");
    }
}
