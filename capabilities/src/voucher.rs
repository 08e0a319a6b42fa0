//! Vouchers: decide whether an order earned one, and issue it.
//!
//! A refusal is an answer ([`Reply::Refused`]) and final. Whatever may pass is an error of the activity and is retried.

#![expect(
    missing_docs,
    reason = "the macro makes markers without docs; their methods below have them"
)]

pub use self::voucher_capability::{Decide, Issue};

use contracts::Reply;
use contracts::vouchers::{
    DecideVoucher, DecisionRefusal, IssueRefusal, IssueVoucher, IssuedVoucher, VoucherDecision,
};
use temporalio_macros::activity_definitions;

/// Groups the declarations; never made.
pub struct VoucherCapability;

#[expect(clippy::unimplemented, reason = "a declaration: the macro wants this very body")]
#[activity_definitions]
impl VoucherCapability {
    /// Reads the order at its source of truth and applies the 100 € rule to it.
    #[activity(name = "voucher.decide")]
    pub fn decide(order: DecideVoucher) -> Reply<VoucherDecision, DecisionRefusal> {
        unimplemented!()
    }

    /// Has voucher-api issue the one voucher of this order and rule, or name the one it has.
    #[activity(name = "voucher.issue")]
    pub fn issue(voucher: IssueVoucher) -> Reply<IssuedVoucher, IssueRefusal> {
        unimplemented!()
    }
}
