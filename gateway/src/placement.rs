//! What is known of a placement: from its process, or when that is gone, from the order or its tombstone.
//!
//! Promises: nobody hears of somebody else's, and "there is none" is said only when everybody who could know was asked.

use crate::money_body::MoneyBody;
use crate::process::Run;
use crate::services::orders::{RecordedPlacement, RecordedState};
use crate::shop::Shop;
use axum::http::StatusCode;
use chassis::problem::Problem;
use contracts::orders::OrderStatus;
use contracts::placement::RejectReason;
use contracts::{CustomerId, OrderId};
use serde::Serialize;
use utoipa::ToSchema;
use workflows::place_order::{
    Decision, Ending, PlaceOrderOutcome, PlaceOrderStatus, PlacementState,
};

/// A placement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Placement {
    /// The order.
    #[schema(value_type = String, example = "ord_019a9f0c-52d1-8c3e-9d2b-6f1f0f6f7a01")]
    pub(crate) order_id: OrderId,
    /// Where the placement stands.
    pub(crate) state: PlacementStateBody,
    /// What its process is doing; absent when it is over or does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, nullable = false, example = "reserving")]
    pub(crate) step: Option<PlacementState>,
    /// Somebody asked to call it off, and it is not over; absent otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub(crate) is_being_called_off: bool,
    /// Why it was rejected; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, nullable = false, example = "insufficient_credit")]
    pub(crate) reason: Option<RejectReason>,
    /// The reason in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) sentence: Option<&'static str>,
    /// What the order costs, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) total: Option<MoneyBody>,
    /// Where its order stands now; absent while there is none, or when order-api does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, nullable = false, example = "sent")]
    pub(crate) status: Option<OrderStatus>,
    /// Nothing more will come of it.
    #[serde(skip)]
    pub(crate) is_final: bool,
}

/// Where a placement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PlacementState)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PlacementStateBody {
    /// Nothing is decided yet.
    Pending,
    /// The order is approved.
    Approved,
    /// There is no order.
    Rejected,
    /// The order was approved and called off.
    Cancelled,
}

/// Why nothing is told of a placement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Untold {
    /// There is none of this customer.
    Unknown,
    /// Somebody who could know does not answer.
    NotNow,
}

/// What is known of a customer's placement.
pub(crate) async fn placement_of(
    shop: &Shop,
    customer_id: &CustomerId,
    order_id: OrderId,
) -> Result<Placement, Untold> {
    let run = shop.process().look(order_id).await;
    let status = match &run {
        Run::Open { .. } => shop.process().status(order_id).await,
        Run::Completed(_) | Run::Broken { .. } | Run::None | Run::Unknown => None,
    };
    if let Some(told) = told_by_process(&run, status, customer_id, order_id) {
        return Ok(with_order(shop, told?).await);
    }
    let recorded = shop.services().recorded_placement(order_id).await;
    told_by_record(&run, recorded.map_err(|_| Untold::NotNow), customer_id, order_id)
}

/// An approved order lives on when its process is over: it is sent, or cancelled after all.
async fn with_order(shop: &Shop, placement: Placement) -> Placement {
    if !placement.is_final || placement.state != PlacementStateBody::Approved {
        return placement;
    }
    let recorded = shop.services().recorded_placement(placement.order_id).await;
    // What was decided holds, also while order-api does not say what became of it.
    let status = recorded.ok().flatten().and_then(|recorded| recorded.status);
    placement.of_order(status)
}

/// What the process tells; `None` where order-api knows better.
fn told_by_process(
    run: &Run,
    status: Option<PlaceOrderStatus>,
    customer_id: &CustomerId,
    order_id: OrderId,
) -> Option<Result<Placement, Untold>> {
    let owner = match (run, &status) {
        (Run::Completed(outcome), _) => Some(&outcome.customer_id),
        (_, Some(PlaceOrderStatus { customer_id: Some(owner), .. })) => Some(owner),
        (Run::Open { customer_id, .. }, _) => customer_id.as_ref(),
        (Run::Broken { .. } | Run::None | Run::Unknown, _) => return None,
    };
    // A start that does not say whose it is: only order-api can tell.
    if *owner? != *customer_id {
        return Some(Err(Untold::Unknown));
    }
    Some(Ok(match (run, status) {
        (Run::Completed(outcome), _) => Placement::of_outcome(outcome),
        (_, Some(status)) => Placement::of_status(order_id, &status),
        (_, None) => Placement::pending(order_id, None),
    }))
}

/// What order-api tells when the process does not.
fn told_by_record(
    run: &Run,
    recorded: Result<Option<RecordedPlacement>, Untold>,
    customer_id: &CustomerId,
    order_id: OrderId,
) -> Result<Placement, Untold> {
    match recorded {
        Ok(Some(recorded)) if recorded.customer_id != *customer_id => Err(Untold::Unknown),
        Ok(Some(recorded)) => Ok(Placement::of_record(order_id, &recorded)),
        Ok(None) => match run {
            Run::Broken { customer_id: Some(owner) } if owner == customer_id => {
                Ok(Placement::pending(order_id, Some(PlacementState::Failed)))
            }
            Run::None | Run::Broken { .. } | Run::Completed(_) => Err(Untold::Unknown),
            // Its process may know of it, or have just begun.
            Run::Unknown | Run::Open { .. } => Err(Untold::NotNow),
        },
        Err(untold) => Err(untold),
    }
}

impl Placement {
    fn pending(order_id: OrderId, step: Option<PlacementState>) -> Self {
        Self {
            order_id,
            state: PlacementStateBody::Pending,
            step,
            is_being_called_off: false,
            reason: None,
            sentence: None,
            total: None,
            status: None,
            is_final: false,
        }
    }

    fn ended(order_id: OrderId, state: PlacementStateBody, reason: Option<RejectReason>) -> Self {
        Self {
            state,
            reason,
            sentence: reason.map(RejectReason::sentence),
            is_final: true,
            ..Self::pending(order_id, None)
        }
    }

    fn of_outcome(outcome: &PlaceOrderOutcome) -> Self {
        let (state, reason) = match outcome.ending {
            Ending::Approved => (PlacementStateBody::Approved, None),
            Ending::Cancelled => (PlacementStateBody::Cancelled, None),
            Ending::Rejected { reason } => (PlacementStateBody::Rejected, Some(reason)),
        };
        let total = outcome.total.map(MoneyBody::from);
        Self { total, ..Self::ended(outcome.order_id, state, reason) }
    }

    fn of_status(order_id: OrderId, status: &PlaceOrderStatus) -> Self {
        let told = match status.decision {
            None => Self::pending(order_id, None),
            Some(Decision::Approved) => Self {
                // Called off behind the decision: the run still has to have the order cancelled.
                is_final: status.cancel_requested.is_none(),
                ..Self::ended(order_id, PlacementStateBody::Approved, None)
            },
            Some(Decision::Rejected { reason }) => {
                Self::ended(order_id, PlacementStateBody::Rejected, Some(reason))
            }
        };
        Self {
            step: Some(status.state),
            total: status.total.map(MoneyBody::from),
            is_being_called_off: status.cancel_requested.is_some() && !told.is_final,
            ..told
        }
    }

    /// The same, now that its order stands there.
    fn of_order(self, status: Option<OrderStatus>) -> Self {
        let state = match status {
            Some(OrderStatus::Cancelled) => PlacementStateBody::Cancelled,
            _ => self.state,
        };
        Self { state, status, ..self }
    }

    fn of_record(order_id: OrderId, recorded: &RecordedPlacement) -> Self {
        match recorded.state {
            RecordedState::Pending => Self::pending(order_id, None),
            RecordedState::Approved => {
                Self::ended(order_id, PlacementStateBody::Approved, None).of_order(recorded.status)
            }
            RecordedState::Rejected => {
                let reason = recorded.reason.unwrap_or(RejectReason::Other);
                Self::ended(order_id, PlacementStateBody::Rejected, Some(reason))
            }
        }
    }
}

impl From<Untold> for Problem {
    fn from(untold: Untold) -> Self {
        match untold {
            Untold::Unknown => Self::new(
                StatusCode::NOT_FOUND,
                "placement_unknown",
                "you have placed no such order; check the id",
            ),
            Untold::NotNow => Self::unavailable(
                "placement_not_known_now",
                "what became of this order cannot be said just now; ask again in a moment",
                2,
            ),
        }
    }
}

#[cfg(test)]
#[path = "placement/tests.rs"]
mod tests;
