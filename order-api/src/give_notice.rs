//! `PUT /orders/{id}/notices/{kind}`: the customer's page tells something of an order, once per order and kind.

use crate::api::Api;
use crate::decision_body::not_approved;
use crate::get_order::order_unknown;
use crate::order::NotApproved;
use crate::store::notices::{self, Notice};
use crate::store::orders;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chassis::problem::{Json, Path, Problem, ProblemBody};
use chassis::time::Moment;
use chassis_store::{DatabaseError, Tx, now_ms};
use contracts::OrderId;
use contracts::placement::NoticeKind;
use serde::Serialize;
use tracing::info;
use utoipa::ToSchema;

/// A notice of an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GivenNotice)]
pub(crate) struct GivenNoticeBody {
    /// The order.
    #[schema(value_type = String, example = "ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01")]
    order_id: OrderId,
    /// What it tells.
    kind: NoticeKindBody,
    /// Since when it is there.
    #[schema(value_type = String, format = DateTime)]
    created_at: Moment,
}

/// What a notice tells.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = NoticeKind)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NoticeKindBody {
    /// The order was accepted.
    OrderApproved,
    /// The order was accepted and called off again.
    OrderCancelled,
}

/// What giving a notice came to.
enum Given {
    Now(Notice),
    Before(Notice),
    Refused(Refusal),
}

/// Why no notice was given.
enum Refusal {
    OrderUnknown,
    NotApproved(NotApproved),
}

/// Give a notice of an order.
///
/// Repeatable: a notice that was given is answered as it is.
#[utoipa::path(
    put,
    path = "/orders/{id}/notices/{kind}",
    operation_id = "give_notice",
    tag = "placement",
    params(
        ("id" = String, Path, description = "The order's id."),
        ("kind" = inline(NoticeKindBody), Path, description = "What the notice tells.")
    ),
    responses(
        (status = 201, description = "The notice is given.", body = GivenNoticeBody),
        (status = 200, description = "The notice was given before.", body = GivenNoticeBody),
        (
            status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`order_unknown`: there is no such order. `not_found`: there is no such kind of notice."
        ),
        (
            status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`order_pending`: the order is not decided yet. `order_rejected`: it was decided against."
        ),
    )
)]
pub(crate) async fn give_notice(
    State(api): State<Api>,
    Path((id, kind)): Path<(String, String)>,
) -> Result<Response, Problem> {
    // Not final for a worker: the service of tomorrow may know the kind.
    let kind = notices::kind_of(&kind).ok_or_else(Problem::not_found)?;
    let id: OrderId = id.parse().map_err(|_| order_unknown())?;
    let asked = (id, kind);
    match api
        .database
        .at(&crash_points::ORDER_API_GIVE_NOTICE)
        .write(asked, |tx, (id, kind)| Box::pin(give(tx, *id, *kind)))
        .await?
    {
        Given::Now(notice) => {
            info!(order.id = %id, notice.kind = kind.as_str(), "gave a notice of order {id}");
            let body = GivenNoticeBody::of(id, notice);
            Ok((StatusCode::CREATED, Json(body)).into_response())
        }
        Given::Before(notice) => Ok(Json(GivenNoticeBody::of(id, notice)).into_response()),
        Given::Refused(refusal) => Err(refusal.into()),
    }
}

/// Only of an order that was approved, which is never taken back: a notice would outlive an order that is discarded.
async fn give(tx: &mut Tx, id: OrderId, kind: NoticeKind) -> Result<Given, DatabaseError> {
    let Some(order) = orders::find(tx, id).await? else {
        return Ok(Given::Refused(Refusal::OrderUnknown));
    };
    if let Some(why) = order.not_approved() {
        return Ok(Given::Refused(Refusal::NotApproved(why)));
    }
    let notice = Notice { kind, created_at_ms: now_ms() };
    if notices::insert(tx, id, notice).await? {
        return Ok(Given::Now(notice));
    }
    let given = notices::list(tx, id).await?.into_iter().find(|given| given.kind == kind);
    given
        .map(Given::Before)
        .ok_or_else(|| DatabaseError::bad_row("a notice in the way is not there"))
}

impl GivenNoticeBody {
    fn of(order_id: OrderId, notice: Notice) -> Self {
        let created_at = Moment::from_ms(notice.created_at_ms);
        Self { order_id, kind: notice.kind.into(), created_at }
    }
}

impl From<NoticeKind> for NoticeKindBody {
    fn from(kind: NoticeKind) -> Self {
        match kind {
            NoticeKind::OrderApproved => Self::OrderApproved,
            NoticeKind::OrderCancelled => Self::OrderCancelled,
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::OrderUnknown => order_unknown(),
            Refusal::NotApproved(why) => not_approved(why),
        }
    }
}
