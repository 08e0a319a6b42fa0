//! One fake per capability, of the *same* definitions as the real activities: each keeps a record of what it is asked,
//! and does on request what goes wrong out there.
//!
//! Every case is one order and so one run; the fakes find it by the id of the run that asks.

#![expect(dead_code, reason = "the macro makes constants that only process code needs")]

use crate::shop::Shop;
use anyhow::anyhow;
use contracts::Reply;
use contracts::books::{
    AttendTo, Attended, AttendedTo, ConcludeBooks, ConcludedBooks, LookAgain, LookAtBooks, Looked,
    Remedy, SeenAgain,
};
use contracts::credit::{
    ConfirmCredit, ConfirmRefusal, CreditConfirmed, CreditReleased, CreditReserved, ReleaseCredit,
    ReserveCredit, ReserveRefusal,
};
use contracts::placement::{
    ApproveOrder, ApproveRefusal, ApprovedOrder, CancelRefusal, CancelledOrder, CreateOrder,
    CreateRefusal, CreatedOrder, DiscardOrder, Discarded, GiveNotice, NamedOrder, NoticeGiven,
    NoticeRefusal, OrderStanding, ReadRefusal, RejectReason,
};
use contracts::vouchers::{
    DecideVoucher, DecisionRefusal, IssueRefusal, IssueVoucher, IssuedVoucher, VoucherDecision,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use temporalio_client::{Client, WorkflowCancelOptions, WorkflowSignalOptions};
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use workflows::place_order::{CancelPlacement, PlaceOrder};
use workflows::steps::LOCAL_ATTEMPT;

/// What goes wrong with one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// So many attempts fail before they change anything.
    FailsBefore(u32),
    /// Two attempts do it and are told that they failed.
    DoneButToldFailed,
    /// It is delivered twice and answered twice.
    DeliveredTwice,
    /// The first attempt does it after its time is over, when the next one is on its way.
    SlowerThanItsTimeOut,
    /// The first attempt fails, and does it all the same after the run has ended.
    LandsLate,
    /// It is refused, for the reason of this number.
    Refused(usize),
    /// It is refused, and an earlier attempt does it all the same after the run has ended.
    RefusedAndAnEarlierOneLandsLate(usize),
    /// No attempt is ever answered; each does it all the same.
    NeverAnswered,
    /// The process is called off while the step is under way.
    CalledOff(By),
}

/// Who calls a process off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// The customer, by the process's own signal.
    Signal,
    /// An operator, by Temporal's cancel request.
    Request,
    /// Both at once.
    Both,
}

type Late = Box<dyn FnOnce(&mut Shop) + Send>;

/// One order, what goes wrong with it, and what happened to it.
pub(crate) struct Case {
    faults: Vec<(String, Fault)>,
    happened: Mutex<Happened>,
}

/// What happened in a case.
pub(crate) struct Happened {
    pub(crate) shop: Shop,
    /// Each step that was asked for, in the order of first asking, and how many refusals it can give.
    pub(crate) steps: Vec<(String, usize)>,
    /// Each step that changed something, in the order of the changes.
    pub(crate) effects: Vec<String>,
    attempts: BTreeMap<String, u32>,
    late: Vec<(String, Late)>,
}

impl Case {
    pub(crate) fn new(shop: Shop, faults: Vec<(String, Fault)>) -> Arc<Self> {
        let happened = Happened {
            shop,
            steps: Vec::new(),
            effects: Vec::new(),
            attempts: BTreeMap::new(),
            late: Vec::new(),
        };
        Arc::new(Self { faults, happened: Mutex::new(happened) })
    }

    pub(crate) fn happened<T>(&self, look: impl FnOnce(&mut Happened) -> T) -> T {
        look(&mut self.happened.lock().expect("no panic under the lock"))
    }

    /// How often a step was asked for.
    pub(crate) fn attempts(&self, step: &str) -> u32 {
        self.happened(|h| h.attempts.get(step).copied().unwrap_or_default())
    }

    /// Whatever was still on its way arrives now.
    pub(crate) fn lands_late(&self) {
        self.happened(|h| {
            for (step, effect) in std::mem::take(&mut h.late) {
                h.change(&step, effect);
            }
        });
    }

    /// The fault of this attempt, and its number among the attempts that this fault sees.
    fn fault_now(&self, step: &str, refusals: usize) -> (Option<Fault>, u32) {
        self.happened(|h| {
            if !h.steps.iter().any(|(known, _)| known == step) {
                h.steps.push((step.to_owned(), refusals));
            }
            let attempt = h.attempts.entry(step.to_owned()).or_default();
            *attempt += 1;
            let mut number = *attempt;
            let mut faults = self.faults.iter().filter(|(of, _)| of == step).map(|(_, f)| *f);
            let first = faults.next();
            match (first, faults.next()) {
                // Called off with the first attempt; whatever else goes wrong begins with the second.
                (Some(Fault::CalledOff(_)), Some(next)) if number > 1 => {
                    number -= 1;
                    (Some(next), number)
                }
                (first, _) => (first, number),
            }
        })
    }
}

impl Happened {
    fn change<T>(&mut self, step: &str, effect: impl FnOnce(&mut Shop) -> T) -> T {
        let before = self.shop.clone();
        let answer = effect(&mut self.shop);
        if self.shop != before {
            self.effects.push(step.to_owned());
        }
        answer
    }
}

/// Every case by the id of its run.
#[derive(Default)]
pub(crate) struct Cases(Mutex<BTreeMap<String, Arc<Case>>>);

impl Cases {
    pub(crate) fn add(&self, workflow_id: &str, case: &Arc<Case>) {
        let mut cases = self.0.lock().expect("no panic under the lock");
        cases.insert(workflow_id.to_owned(), Arc::clone(case));
    }

    fn of(&self, workflow_id: &str) -> Option<Arc<Case>> {
        self.0.lock().expect("no panic under the lock").get(workflow_id).cloned()
    }
}

/// What every fake stands on.
#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) cases: Arc<Cases>,
    pub(crate) client: Client,
}

impl Fake {
    async fn act<T: Clone>(
        &self,
        ctx: &ActivityContext,
        refusals: Vec<T>,
        effect: impl Fn(&mut Shop) -> T + Clone + Send + 'static,
    ) -> Result<T, ActivityError> {
        let info = ctx.info();
        let workflow_id = info.workflow_id.clone().unwrap_or_default();
        let step = info.activity_id.clone();
        let case = self.cases.of(&workflow_id).ok_or_else(|| anyhow!("no case {workflow_id}"))?;
        let (fault, attempt) = case.fault_now(&step, refusals.len());
        let done = || case.happened(|h| h.change(&step, effect.clone()));
        let lands_late = || {
            let effect = effect.clone();
            let late: Late = Box::new(move |shop| drop(effect(shop)));
            case.happened(|h| h.late.push((step.clone(), late)));
        };
        match (fault, attempt) {
            (Some(Fault::FailsBefore(attempts)), n) if n <= attempts => Err(told_failed()),
            (Some(Fault::DoneButToldFailed), 1 | 2) | (Some(Fault::NeverAnswered), _) => {
                done();
                Err(told_failed())
            }
            (Some(Fault::DeliveredTwice), _) => {
                done();
                Ok(done())
            }
            (Some(Fault::SlowerThanItsTimeOut), 1) => {
                // The one thing here that takes time, because time is what it is about.
                tokio::time::sleep(LOCAL_ATTEMPT + Duration::from_millis(300)).await;
                Ok(done())
            }
            (Some(Fault::LandsLate | Fault::RefusedAndAnEarlierOneLandsLate(_)), 1) => {
                lands_late();
                Err(told_failed())
            }
            (Some(Fault::Refused(number) | Fault::RefusedAndAnEarlierOneLandsLate(number)), _) => {
                refusals.get(number).cloned().ok_or_else(|| anyhow!("no such refusal").into())
            }
            (Some(Fault::CalledOff(by)), 1) => {
                self.call_off(&workflow_id, by).await?;
                Err(told_failed())
            }
            _ => Ok(done()),
        }
    }

    async fn call_off(&self, workflow_id: &str, by: By) -> anyhow::Result<()> {
        let run = self.client.get_workflow_handle::<PlaceOrder>(workflow_id);
        if matches!(by, By::Signal | By::Both) {
            let reason = RejectReason::CancelledByCustomer;
            let cancel = CancelPlacement { reason }.into();
            run.signal(PlaceOrder::cancel, cancel, WorkflowSignalOptions::default()).await?;
        }
        if matches!(by, By::Request | By::Both) {
            run.cancel(WorkflowCancelOptions::builder().reason("a test").build()).await?;
        }
        Ok(())
    }
}

fn told_failed() -> ActivityError {
    anyhow!("the test says that this attempt fails").into()
}

/// The orders' side.
pub(crate) struct FakeOrders(pub(crate) Fake);

#[activities]
impl FakeOrders {
    #[activity(definition = capabilities::order::Create)]
    pub(crate) async fn create(
        self: Arc<Self>,
        ctx: ActivityContext,
        _input: CreateOrder,
    ) -> Result<Reply<CreatedOrder, CreateRefusal>, ActivityError> {
        let reason = RejectReason::RiskTooHigh;
        let refusals = [
            CreateRefusal::Discarded { reason },
            CreateRefusal::ContentsDiffer,
            CreateRefusal::Invalid { code: "mixed_currencies".to_owned() },
        ];
        self.0.act(&ctx, refusals.map(Reply::Refused).to_vec(), Shop::create).await
    }

    #[activity(definition = capabilities::order::Discard)]
    pub(crate) async fn discard(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: DiscardOrder,
    ) -> Result<Discarded, ActivityError> {
        self.0.act(&ctx, Vec::new(), move |shop| shop.discard(&input)).await
    }

    #[activity(definition = capabilities::order::Approve)]
    pub(crate) async fn approve(
        self: Arc<Self>,
        ctx: ActivityContext,
        _input: ApproveOrder,
    ) -> Result<Reply<ApprovedOrder, ApproveRefusal>, ActivityError> {
        let reason = RejectReason::RiskTooHigh;
        let refusals = [ApproveRefusal::Discarded { reason }, ApproveRefusal::OrderUnknown];
        self.0.act(&ctx, refusals.map(Reply::Refused).to_vec(), Shop::approve).await
    }

    #[activity(definition = capabilities::order::Cancel)]
    pub(crate) async fn cancel(
        self: Arc<Self>,
        ctx: ActivityContext,
        _input: NamedOrder,
    ) -> Result<Reply<CancelledOrder, CancelRefusal>, ActivityError> {
        let refusals = [CancelRefusal::OrderSent, CancelRefusal::OrderUnknown];
        self.0.act(&ctx, refusals.map(Reply::Refused).to_vec(), Shop::cancel).await
    }

    #[activity(definition = capabilities::order::Read)]
    pub(crate) async fn read(
        self: Arc<Self>,
        ctx: ActivityContext,
        _input: NamedOrder,
    ) -> Result<Reply<OrderStanding, ReadRefusal>, ActivityError> {
        let refusals = vec![Reply::Refused(ReadRefusal::OrderUnknown)];
        self.0.act(&ctx, refusals, |shop| shop.read()).await
    }

    #[activity(definition = capabilities::order::Notify)]
    pub(crate) async fn notify(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: GiveNotice,
    ) -> Result<Reply<NoticeGiven, NoticeRefusal>, ActivityError> {
        let refusals = vec![Reply::Refused(NoticeRefusal::NotApproved)];
        self.0.act(&ctx, refusals, move |shop| shop.notify(input.kind)).await
    }
}

/// The risk side.
pub(crate) struct FakeCredit(pub(crate) Fake);

#[activities]
impl FakeCredit {
    #[activity(definition = capabilities::credit::Reserve)]
    pub(crate) async fn reserve(
        self: Arc<Self>,
        ctx: ActivityContext,
        _input: ReserveCredit,
    ) -> Result<Reply<CreditReserved, ReserveRefusal>, ActivityError> {
        let refusals = [
            ReserveRefusal::InsufficientCredit,
            ReserveRefusal::RiskTooHigh,
            ReserveRefusal::UnknownCustomer,
            ReserveRefusal::CurrencyDiffers,
            ReserveRefusal::Released,
            ReserveRefusal::ContentsDiffer,
        ];
        self.0.act(&ctx, refusals.map(Reply::Refused).to_vec(), Shop::reserve).await
    }

    #[activity(definition = capabilities::credit::Release)]
    pub(crate) async fn release(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: ReleaseCredit,
    ) -> Result<CreditReleased, ActivityError> {
        self.0.act(&ctx, Vec::new(), move |shop| shop.release(&input)).await
    }

    #[activity(definition = capabilities::credit::Confirm)]
    pub(crate) async fn confirm(
        self: Arc<Self>,
        ctx: ActivityContext,
        _input: ConfirmCredit,
    ) -> Result<Reply<CreditConfirmed, ConfirmRefusal>, ActivityError> {
        let refusals = vec![Reply::Refused(ConfirmRefusal::ReservationUnknown)];
        self.0.act(&ctx, refusals, Shop::confirm).await
    }
}

/// The vouchers' side.
pub(crate) struct FakeVouchers(pub(crate) Fake);

#[activities]
impl FakeVouchers {
    #[activity(definition = capabilities::voucher::Decide)]
    pub(crate) async fn decide(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: DecideVoucher,
    ) -> Result<Reply<VoucherDecision, DecisionRefusal>, ActivityError> {
        let refusals = [DecisionRefusal::OrderNotSent, DecisionRefusal::OrderUnknown];
        let refusals = refusals.map(Reply::Refused).to_vec();
        self.0.act(&ctx, refusals, move |shop| shop.decide(input.order_id)).await
    }

    #[activity(definition = capabilities::voucher::Issue)]
    pub(crate) async fn issue(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: IssueVoucher,
    ) -> Result<Reply<IssuedVoucher, IssueRefusal>, ActivityError> {
        let refusals = vec![Reply::Refused(IssueRefusal::ContentsDiffer)];
        self.0.act(&ctx, refusals, move |shop| shop.issue(input.order_id)).await
    }
}

/// The books' side: they look at the shop, and give the voucher that it lacks.
pub(crate) struct FakeBooks(pub(crate) Fake);

#[activities]
impl FakeBooks {
    #[activity(definition = capabilities::books::Look)]
    pub(crate) async fn look(
        self: Arc<Self>,
        ctx: ActivityContext,
        _input: LookAtBooks,
    ) -> Result<Looked, ActivityError> {
        let seen = |shop: &mut Shop| Looked { read: 1, suspects: shop.suspects(), next: None };
        self.0.act(&ctx, Vec::new(), seen).await
    }

    #[activity(definition = capabilities::books::LookAgain)]
    pub(crate) async fn look_again(
        self: Arc<Self>,
        ctx: ActivityContext,
        _input: LookAgain,
    ) -> Result<SeenAgain, ActivityError> {
        let seen = |shop: &mut Shop| SeenAgain { violators: shop.suspects() };
        self.0.act(&ctx, Vec::new(), seen).await
    }

    #[activity(definition = capabilities::books::Attend)]
    pub(crate) async fn attend(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: AttendTo,
    ) -> Result<AttendedTo, ActivityError> {
        let redrive = move |shop: &mut Shop| {
            shop.vouchers = 1;
            let redriven = |violator| Attended { violator, remedy: Remedy::Redriven };
            AttendedTo { attended: input.violators.clone().into_iter().map(redriven).collect() }
        };
        self.0.act(&ctx, Vec::new(), redrive).await
    }

    #[activity(definition = capabilities::books::Conclude)]
    pub(crate) async fn conclude(
        self: Arc<Self>,
        ctx: ActivityContext,
        _input: ConcludeBooks,
    ) -> Result<ConcludedBooks, ActivityError> {
        self.0.act(&ctx, Vec::new(), |_: &mut Shop| ConcludedBooks { resolved: 0 }).await
    }
}
