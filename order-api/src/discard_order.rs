//! `POST /orders/{id}/discard`: there is to be no such order, unless it was approved.
//!
//! The undo of create and the answer of whoever comes too late to it: both outcomes are answers. It may come before,
//! during and after the create that it undoes, and any number of times; the first reason stays. An order that was ever
//! approved is left alone. A discarded order leaves nothing but its tombstone, and no trace elsewhere.

use crate::api::Api;
use crate::contents_hash::ContentsHash;
use crate::decision_body::DecisionBody;
use crate::store::tombstones::{self, Tombstone};
use crate::store::{orders, pending_orders};
use axum::extract::State;
use chassis::problem::{Json, Path, Problem, ProblemBody};
use chassis_store::{DatabaseError, Tx, now_ms};
use contracts::Reason;
use contracts::{CustomerId, OrderId};
use serde::Deserialize;
use tracing::info;
use utoipa::ToSchema;

/// Which order, and why. Other fields are ignored: the worker may be newer.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct DiscardOrder {
    /// Whose it would have been.
    #[schema(value_type = String, pattern = "^cus_[A-Za-z0-9_-]{1,60}$", example = "cus_ada")]
    customer_id: CustomerId,
    /// The SHA-256 of the request that is discarded, 64 lower-case hexadecimal digits.
    #[schema(value_type = String, pattern = "^[0-9a-f]{64}$")]
    contents_hash: ContentsHash,
    /// A stable code.
    #[schema(value_type = String, pattern = "^[a-z0-9_]{1,64}$", example = "risk_too_high")]
    reason: Reason,
    /// Keep a pending order as rejected instead of leaving nothing.
    #[serde(default)]
    #[schema(default = false, required = false)]
    keep_rejected: bool,
}

/// What discarding an order came to.
enum Outcome {
    DiscardedNow(Reason),
    DiscardedBefore(Reason),
    Approved,
    /// Another request has this id: nothing under it is the asker's to take back, now or later.
    ContentsDiffer,
}

/// Discard an order that is not approved.
///
/// Repeatable, and right in any order with the create that it undoes: an order that was discarded is not written down any
/// more, even if it never was. The answer carries the reason that was given first.
#[utoipa::path(
    post,
    path = "/orders/{id}/discard",
    operation_id = "discard_order",
    tag = "placement",
    params(("id" = String, Path, description = "The order's id.")),
    request_body = DiscardOrder,
    responses(
        (
            status = 200, body = DecisionBody,
            description = "`discarded`, now or before; or `approved` before, or `contents_differ`, the id being another \
                request's, and nothing was changed."
        ),
        (
            status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`not_found`: the id is not one that an order can have."
        ),
        (
            status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid_body`: a field that does not fit."
        ),
    )
)]
pub(crate) async fn discard_order(
    State(api): State<Api>,
    Path(id): Path<String>,
    Json(asked): Json<DiscardOrder>,
) -> Result<Json<DecisionBody>, Problem> {
    let id: OrderId = id.parse().map_err(|_| Problem::not_found())?;
    let work = api
        .database
        .at(&crash_points::ORDER_API_DISCARD_ORDER)
        .write((id, asked), |tx, (id, asked)| Box::pin(discard(tx, *id, asked)));
    let reason = match work.await? {
        Outcome::Approved => return Ok(Json(DecisionBody::approved(id))),
        Outcome::ContentsDiffer => return Ok(Json(DecisionBody::contents_differ(id))),
        Outcome::DiscardedBefore(reason) => reason,
        Outcome::DiscardedNow(reason) => {
            info!(order.id = %id, %reason, "discarded order {id}: {reason}");
            reason
        }
    };
    Ok(Json(DecisionBody::discarded(id, &reason)))
}

/// Locks the order first: a create or approve that comes at the same time is over, or will find the tombstone.
async fn discard(tx: &mut Tx, id: OrderId, asked: &DiscardOrder) -> Result<Outcome, DatabaseError> {
    if let Some(tombstone) = tombstones::lock_order(tx, id).await? {
        let is_same = tombstone.contents_hash == asked.contents_hash;
        return Ok(if is_same {
            Outcome::DiscardedBefore(tombstone.reason)
        } else {
            Outcome::ContentsDiffer
        });
    }
    if let Some(known) = orders::find_known(tx, id).await? {
        if known.contents_hash != asked.contents_hash.as_str() {
            return Ok(Outcome::ContentsDiffer);
        }
        if known.order.not_approved().is_none() {
            return Ok(Outcome::Approved);
        }
    }
    if asked.keep_rejected {
        pending_orders::reject(tx, id, now_ms()).await?;
    } else {
        pending_orders::delete(tx, id).await?;
    }
    tombstones::bury(tx, id, &asked.tombstone()).await?;
    Ok(Outcome::DiscardedNow(asked.reason.clone()))
}

impl DiscardOrder {
    fn tombstone(&self) -> Tombstone {
        Tombstone {
            customer_id: self.customer_id.clone(),
            contents_hash: self.contents_hash.clone(),
            reason: self.reason.clone(),
        }
    }
}
