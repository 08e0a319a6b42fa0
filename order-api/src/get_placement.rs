//! `GET /orders/{id}/placement`: what became of a placement, for whoever asks when no process is left to tell.
//!
//! It is answered from the order or, if that was discarded, from its tombstone.

use crate::api::Api;
use crate::get_order::order_unknown;
use crate::order::NotApproved;
use crate::order_body::StatusBody;
use crate::store::orders::{self, Known};
use crate::store::tombstones::{self, Tombstone};
use axum::extract::State;
use chassis::problem::{Json, Path, Problem, ProblemBody};
use chassis_store::{DatabaseError, Tx};
use contracts::OrderId;
use serde::Serialize;
use utoipa::ToSchema;

/// What became of a placement.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Placement)]
pub(crate) struct PlacementBody {
    /// The order.
    #[schema(value_type = String, example = "ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01")]
    order_id: OrderId,
    /// Whose it is, or would have been.
    #[schema(example = "cus_ada")]
    customer_id: String,
    /// The hash of the request: another one under this id is another placement.
    contents_hash: String,
    /// What was decided, whatever became of the order since.
    state: PlacementState,
    /// Why it was rejected; null if it was not.
    #[schema(required, pattern = "^[a-z0-9_]{1,64}$", example = "risk_too_high")]
    reason: Option<String>,
    /// Where the order stands; absent if none was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    status: Option<StatusBody>,
}

/// What was decided.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PlacementState {
    /// Nothing yet.
    Pending,
    /// The order was approved; it may have been sent or cancelled since.
    Approved,
    /// The order was decided against.
    Rejected,
}

/// Read what became of a placement.
#[utoipa::path(
    get,
    path = "/orders/{id}/placement",
    operation_id = "get_placement",
    tag = "placement",
    params(("id" = String, Path, description = "The order's id.")),
    responses(
        (status = 200, description = "What became of it.", body = PlacementBody),
        (
            status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`order_unknown`: there is no such order, and none was discarded."
        ),
    )
)]
pub(crate) async fn get_placement(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<PlacementBody>, Problem> {
    let id: OrderId = id.parse().map_err(|_| order_unknown())?;
    let placement = read(&mut *api.read().await?, id).await?.ok_or_else(order_unknown)?;
    Ok(Json(placement))
}

/// The order first: whatever takes it away leaves the tombstone in the same transaction, so that between the two reads a
/// placement may come to its end and is never lost.
async fn read(tx: &mut Tx, id: OrderId) -> Result<Option<PlacementBody>, DatabaseError> {
    let order = orders::find_known(tx, id).await?;
    let tombstone = tombstones::find(tx, id).await?;
    Ok(match (order, tombstone) {
        (Some(known), tombstone) => Some(PlacementBody::of_order(known, tombstone)),
        (None, Some(tombstone)) => Some(PlacementBody::of_tombstone(id, tombstone)),
        (None, None) => None,
    })
}

impl PlacementBody {
    fn of_order(known: Known, tombstone: Option<Tombstone>) -> Self {
        let Known { order, contents_hash } = known;
        let state = match order.not_approved() {
            None => PlacementState::Approved,
            Some(NotApproved::Pending) => PlacementState::Pending,
            Some(NotApproved::Rejected) => PlacementState::Rejected,
        };
        // A pending order may have been discarded between the two reads: what is answered is of the first.
        let tombstone = tombstone.filter(|_| matches!(state, PlacementState::Rejected));
        Self {
            order_id: order.id,
            customer_id: order.customer_id.into(),
            contents_hash,
            state,
            reason: tombstone.map(|tombstone| tombstone.reason.to_string()),
            status: Some(order.status.into()),
        }
    }

    fn of_tombstone(order_id: OrderId, tombstone: Tombstone) -> Self {
        Self {
            order_id,
            customer_id: tombstone.customer_id.into(),
            contents_hash: tombstone.contents_hash.to_string(),
            state: PlacementState::Rejected,
            reason: Some(tombstone.reason.to_string()),
            status: None,
        }
    }
}
