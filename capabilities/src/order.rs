//! Orders, as their placement asks for them: written down as pending, then approved or discarded.
//!
//! A refusal is an answer and final. Whatever may pass is an error of the activity and is retried.

#![expect(
    missing_docs,
    reason = "the macro makes markers without docs; their methods below have them"
)]

pub use self::order_capability::{Approve, Cancel, Create, Discard, Notify, Read};

use contracts::Reply;
use contracts::placement::{
    ApproveOrder, ApproveRefusal, ApprovedOrder, CancelRefusal, CancelledOrder, CreateOrder,
    CreateRefusal, CreatedOrder, DiscardOrder, Discarded, GiveNotice, NamedOrder, NoticeGiven,
    NoticeRefusal, OrderStanding, ReadRefusal,
};
use temporalio_macros::activity_definitions;

/// Groups the declarations; never made.
pub struct OrderCapability;

#[expect(clippy::unimplemented, reason = "a declaration: the macro wants this very body")]
#[activity_definitions]
impl OrderCapability {
    /// Has order-api write the order down as pending, or say what became of it. Undone by [`Discard`].
    #[activity(name = "order.create")]
    pub fn create(order: CreateOrder) -> Reply<CreatedOrder, CreateRefusal> {
        unimplemented!()
    }

    /// Undoes [`Create`], also one that is still on its way; or learns that the order is approved.
    #[activity(name = "order.discard")]
    pub fn discard(order: DiscardOrder) -> Discarded {
        unimplemented!()
    }

    /// The pivot: from here on the order is kept.
    #[activity(name = "order.approve")]
    pub fn approve(order: ApproveOrder) -> Reply<ApprovedOrder, ApproveRefusal> {
        unimplemented!()
    }

    /// Calls an approved order off.
    #[activity(name = "order.cancel")]
    pub fn cancel(order: NamedOrder) -> Reply<CancelledOrder, CancelRefusal> {
        unimplemented!()
    }

    /// Reads where the order stands.
    #[activity(name = "order.read")]
    pub fn read(order: NamedOrder) -> Reply<OrderStanding, ReadRefusal> {
        unimplemented!()
    }

    /// Puts a notice on the customer's page, once per order and kind.
    #[activity(name = "order.notify")]
    pub fn notify(notice: GiveNotice) -> Reply<NoticeGiven, NoticeRefusal> {
        unimplemented!()
    }
}
