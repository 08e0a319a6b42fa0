//! Credit: reserve it for an order, confirm it, release it.
//!
//! A refusal is an answer and final. Whatever may pass is an error of the activity and is retried.

#![expect(
    missing_docs,
    reason = "the macro makes markers without docs; their methods below have them"
)]

pub use self::credit_capability::{Confirm, Release, Reserve};

use contracts::Reply;
use contracts::credit::{
    ConfirmCredit, ConfirmRefusal, CreditConfirmed, CreditReleased, CreditReserved, ReleaseCredit,
    ReserveCredit, ReserveRefusal,
};
use temporalio_macros::activity_definitions;

/// Groups the declarations; never made.
pub struct CreditCapability;

#[expect(clippy::unimplemented, reason = "a declaration: the macro wants this very body")]
#[activity_definitions]
impl CreditCapability {
    /// Has risk-api reserve what the order costs. Undone by [`Release`].
    #[activity(name = "credit.reserve")]
    pub fn reserve(credit: ReserveCredit) -> Reply<CreditReserved, ReserveRefusal> {
        unimplemented!()
    }

    /// Undoes [`Reserve`], also one that is still on its way; or closes the reservation of an order that is done with.
    #[activity(name = "credit.release")]
    pub fn release(credit: ReleaseCredit) -> CreditReleased {
        unimplemented!()
    }

    /// The order is approved and keeps its credit.
    #[activity(name = "credit.confirm")]
    pub fn confirm(credit: ConfirmCredit) -> Reply<CreditConfirmed, ConfirmRefusal> {
        unimplemented!()
    }
}
