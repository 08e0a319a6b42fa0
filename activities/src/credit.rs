//! The credit activities: what the processes ask of risk-api. All may run any number of times.

#![expect(missing_docs, reason = "the macro makes markers without docs; their methods have them")]

use crate::attempt::Attempt;
use connections::call::{CallError, Problem, Service};
use contracts::Reply;
use contracts::credit::{
    ConfirmCredit, ConfirmRefusal, CreditConfirmed, CreditReleased, CreditReserved, ReleaseCredit,
    ReserveCredit, ReserveRefusal, problem,
};
use reqwest::Method;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::sync::Arc;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

/// What the credit activities call.
#[derive(Debug)]
pub struct CreditActivities {
    /// Keeps the customers' credit.
    pub risk_api: Service,
}

#[activities]
impl CreditActivities {
    /// Has the order's credit reserved.
    #[activity(definition = capabilities::credit::Reserve)]
    pub async fn reserve(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: ReserveCredit,
    ) -> Result<Reply<CreditReserved, ReserveRefusal>, ActivityError> {
        let attempt = Attempt::of(&ctx);
        // Retry: an order never counts against itself.
        attempt.make(self.reserve_once(&input, &attempt)).await
    }

    /// Releases the order's credit.
    #[activity(definition = capabilities::credit::Release)]
    pub async fn release(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: ReleaseCredit,
    ) -> Result<CreditReleased, ActivityError> {
        let attempt = Attempt::of(&ctx);
        // Retry: an undo is never given up, and the first one decides.
        attempt.make(self.release_once(&input, &attempt)).await
    }

    /// Lets the approved order keep its credit.
    #[activity(definition = capabilities::credit::Confirm)]
    pub async fn confirm(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: ConfirmCredit,
    ) -> Result<Reply<CreditConfirmed, ConfirmRefusal>, ActivityError> {
        let attempt = Attempt::of(&ctx);
        // Retry: confirmed twice is confirmed.
        attempt.make(self.confirm_once(&input, &attempt)).await
    }
}

impl CreditActivities {
    /// One attempt of `credit.reserve`.
    ///
    /// # Errors
    /// [`CallError`]: nothing is known; the credit may be reserved.
    pub async fn reserve_once(
        &self,
        credit: &ReserveCredit,
        attempt: &Attempt,
    ) -> Result<Reply<CreditReserved, ReserveRefusal>, CallError> {
        let id = credit.order_id.to_string();
        let path = ["reservations", id.as_str()];
        let call = attempt.call(Method::PUT, &path);
        let reply = self.risk_api.ask_with(call, credit, reserve_refusal).await?;
        Ok(match reply {
            Reply::Granted(IgnoredAny) => Reply::Granted(CreditReserved {}),
            Reply::Refused(refusal) => Reply::Refused(refusal),
        })
    }

    /// One attempt of `credit.release`.
    ///
    /// # Errors
    /// [`CallError`]: nothing is known; the credit may be released.
    pub async fn release_once(
        &self,
        credit: &ReleaseCredit,
        attempt: &Attempt,
    ) -> Result<CreditReleased, CallError> {
        let id = credit.order_id.to_string();
        let path = ["reservations", id.as_str()];
        let query = [("kind", credit.kind.as_str()), ("reason", credit.reason.as_str())];
        let call = attempt.call(Method::DELETE, &path).with_query(&query);
        // Nothing that an undo may be refused is final.
        let IgnoredAny = self.risk_api.granted(call).await?;
        Ok(CreditReleased {})
    }

    /// One attempt of `credit.confirm`.
    ///
    /// # Errors
    /// [`CallError`]: nothing is known; the credit may be confirmed.
    pub async fn confirm_once(
        &self,
        credit: &ConfirmCredit,
        attempt: &Attempt,
    ) -> Result<Reply<CreditConfirmed, ConfirmRefusal>, CallError> {
        let id = credit.order_id.to_string();
        let path = ["reservations", id.as_str(), "confirm"];
        let call = attempt.call(Method::POST, &path);
        let unknown = |refused: &Problem| {
            (refused.code == problem::RESERVATION_UNKNOWN)
                .then_some(ConfirmRefusal::ReservationUnknown)
        };
        let reply: Reply<Standing, _> = self.risk_api.ask(call, unknown).await?;
        Ok(match reply {
            Reply::Granted(standing) => Reply::Granted(standing.state),
            Reply::Refused(refusal) => Reply::Refused(refusal),
        })
    }
}

/// What is read of risk-api's answer to a confirm.
#[derive(Debug, Deserialize)]
struct Standing {
    #[serde(flatten)]
    state: CreditConfirmed,
}

fn reserve_refusal(refused: &Problem) -> Option<ReserveRefusal> {
    match refused.code.as_str() {
        problem::INSUFFICIENT_CREDIT => Some(ReserveRefusal::InsufficientCredit),
        problem::RISK_TOO_HIGH => Some(ReserveRefusal::RiskTooHigh),
        problem::UNKNOWN_CUSTOMER => Some(ReserveRefusal::UnknownCustomer),
        problem::CURRENCY_DIFFERS => Some(ReserveRefusal::CurrencyDiffers),
        problem::RELEASED => Some(ReserveRefusal::Released),
        problem::CONTENTS_DIFFER => Some(ReserveRefusal::ContentsDiffer),
        _ => None,
    }
}
