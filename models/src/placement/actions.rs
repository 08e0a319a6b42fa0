//! What can happen next, and what of it happens by itself.

use super::{Ending, Guard, Order, Placement, Request, Reservation, Run, Side, State, Step};

/// One indivisible step: one local transaction, one message sent, or one message that landed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// The customer's request reaches Temporal: a run starts, the first or a further one.
    Place,
    /// A worker takes the workflow task and replays the history.
    PickUp(Side),
    /// The request that this worker waits for takes effect, the answer is read, the next request is sent.
    Answered(Side),
    /// A request takes effect whose sender no longer waits, or does not yet know.
    Lands(Request),
    /// Without its guard: a late do reads what its second transaction will rely on.
    LooksFirst(Request),
    /// Without its guard: its second transaction.
    WritesThen(Request),
    /// What this worker learned enters the history.
    Record(Side),
    /// It sees the cancel.
    SeesCancel(Side),
    /// It has waited long enough for a step before the pivot.
    RunsOutOfPatience(Side),
    /// It ends the run and the customer is told.
    Finish(Side),
    /// Temporal gives up on the worker that has the task.
    TaskTimesOut,
    /// A worker is killed and started again: everything in its memory is gone.
    Kill(Side),
    /// The customer cancels: a signal to the open run, or order-api's endpoint once there is none.
    Cancel,
    /// A person terminates the run.
    Terminate,
    /// A person resets a run to this point; its signals are applied again.
    Reset(Step),
    /// A person resets a run to this point and leaves its signals out.
    ResetWithoutSignals(Step),
    /// Temporal forgets the closed run.
    RetentionPasses,
    /// The reconciler finds what a terminated run left half done and starts it again.
    Reconcile,
    /// The back office marks the order sent.
    MarkSent,
    /// The event of a sent or cancelled order starts `ReleaseCredit`, which asks risk-api to close.
    ReleaseCredit,
    /// A person starts `ReleaseCredit` for an order that is neither.
    ReleaseCreditByHand,
    /// Another order of this customer takes the credit.
    RivalReserves,
    /// It gives the credit back.
    RivalLeaves,
}

impl Action {
    /// Whether this happens by itself if it stays possible.
    #[must_use]
    pub fn is_fair(self) -> bool {
        match self {
            Self::PickUp(_)
            | Self::Answered(_)
            | Self::Lands(Request::Close)
            | Self::WritesThen(_)
            | Self::SeesCancel(_)
            | Self::Finish(_)
            | Self::TaskTimesOut
            | Self::Reconcile
            | Self::ReleaseCredit => true,
            Self::Place
            | Self::Lands(_)
            | Self::LooksFirst(_)
            | Self::Record(_)
            | Self::RunsOutOfPatience(_)
            | Self::Kill(_)
            | Self::Cancel
            | Self::Terminate
            | Self::Reset(_)
            | Self::ResetWithoutSignals(_)
            | Self::RetentionPasses
            | Self::MarkSent
            | Self::ReleaseCreditByHand
            | Self::RivalReserves
            | Self::RivalLeaves => false,
        }
    }
}

const SIDES: [Side; 2] = [Side::One, Side::Two];
const POINTS: [Step; 9] = [
    Step::Creating,
    Step::Reserving,
    Step::Approving,
    Step::Confirming,
    Step::CancellingOrder,
    Step::Discarding,
    Step::DiscardingOnly,
    Step::Releasing,
    Step::ReleasingFirst,
];

impl Placement {
    /// Lists what can happen in this state.
    pub(super) fn offer(&self, state: &State, actions: &mut Vec<Action>) {
        for side in SIDES {
            self.offer_of_the_worker(state, side, actions);
        }
        offer_of_the_network(state, actions);
        self.offer_of_half_transactions(state, actions);
        offer_of_temporal(state, actions);
        self.offer_of_the_shop(state, actions);
    }

    fn offer_of_the_worker(&self, state: &State, side: Side, actions: &mut Vec<Action>) {
        if matches!(state.run, Run::Open { holder: None, .. }) {
            actions.push(Action::PickUp(side));
        }
        let Some(step) = state.hand(side) else { return };
        actions.push(Action::Kill(side));
        actions.push(if step.is_end() { Action::Finish(side) } else { Action::Answered(side) });
        let is_pivot_dropped = step == Step::Approving && !self.has(Guard::PivotAwaited);
        if matches!(step, Step::Creating | Step::Reserving) || is_pivot_dropped {
            actions.push(Action::RunsOutOfPatience(side));
        }
        if state.holds_the_task(side) {
            if !step.is_end() {
                actions.push(Action::Record(side));
            }
            if state.is_cancel_signalled() && self.heeds_cancel(step) {
                actions.push(Action::SeesCancel(side));
            }
        }
    }

    /// Whether a cancel that is seen while waiting for this step changes the way.
    fn heeds_cancel(&self, step: Step) -> bool {
        match step {
            Step::Creating | Step::Reserving => true,
            Step::Approving => !self.has(Guard::PivotAwaited),
            Step::Confirming => !self.has(Guard::DetachedBehindThePivot),
            _ => false,
        }
    }

    fn offer_of_half_transactions(&self, state: &State, actions: &mut Vec<Action>) {
        if !self.has(Guard::TombstoneInTheSameTransaction) || !self.has(Guard::AccountLocked) {
            for request in [Request::Create, Request::Reserve] {
                if state.sent.has_sent(request) {
                    actions.push(Action::LooksFirst(request));
                }
            }
        }
        if state.is_create_halfway {
            actions.push(Action::WritesThen(Request::Create));
        }
        if state.is_reserve_halfway {
            actions.push(Action::WritesThen(Request::Reserve));
        }
    }

    fn offer_of_the_shop(&self, state: &State, actions: &mut Vec<Action>) {
        if state.order == Order::Approved {
            actions.push(Action::MarkSent);
        }
        let is_over = matches!(state.order, Order::Sent | Order::Cancelled);
        if is_over && !state.sent.has_sent(Request::Close) {
            actions.push(Action::ReleaseCredit);
        }
        if !self.has(Guard::CloseReadsTheOrder) && !is_over {
            actions.push(Action::ReleaseCreditByHand);
        }
        if state.is_credit_taken_by_rival {
            actions.push(Action::RivalLeaves);
        } else if !state.is_credit_held() {
            actions.push(Action::RivalReserves);
        }
    }
}

fn offer_of_the_network(state: &State, actions: &mut Vec<Action>) {
    for request in Request::ALL {
        if state.sent.has_sent(request) {
            actions.push(Action::Lands(request));
        }
    }
}

fn offer_of_temporal(state: &State, actions: &mut Vec<Action>) {
    let is_unfinished = state.order == Order::Pending
        || state.is_credit_held() && !state.was_approved()
        || state.order == Order::Approved && state.reservation == Reservation::Reserved;
    if state.was_terminated && is_unfinished && !state.is_run_open() {
        actions.push(Action::Reconcile);
    }
    match state.run {
        Run::None | Run::Closed(Ending::Failed) => actions.push(Action::Place),
        Run::Open { holder, .. } => {
            actions.push(Action::Terminate);
            if holder.is_some() {
                actions.push(Action::TaskTimesOut);
            }
        }
        Run::Closed(Ending::Completed) => {}
    }
    if matches!(state.run, Run::Closed(_)) {
        actions.push(Action::RetentionPasses);
    }
    if state.is_run_open() || state.order == Order::Approved {
        actions.push(Action::Cancel);
    }
    if state.run != Run::None {
        for point in POINTS.into_iter().filter(|point| state.points.has_point(*point)) {
            actions.push(Action::Reset(point));
            if state.was_cancel_signalled {
                actions.push(Action::ResetWithoutSignals(point));
            }
        }
    }
}
