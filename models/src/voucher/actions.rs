//! What can happen next, and what of it happens by itself.

use super::{Event, Guard, Hand, Input, Order, Relay, Run, Side, State, Voucher};

/// One indivisible step: one local transaction, one message sent, or one message that landed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// The back office marks the order sent.
    MarkSent,
    /// The order is cancelled.
    CancelOrder,
    /// Without its guard: the event is written in a transaction of its own.
    WriteEvent,
    /// Without its guard: order-api is killed between the two transactions.
    KillOrderApi,
    /// A relay claims the event.
    Claim(Side),
    /// It sends the start.
    SendStart(Side),
    /// The start takes effect and its answer is read.
    StartAnswered(Side),
    /// It asks Temporal what became of the run that was there already.
    LookAtRun(Side),
    /// The start that ignores a completed run (`AllowDuplicate`) takes effect and its answer is read.
    StartOverAnswered(Side),
    /// Its acknowledgement arrives.
    Acknowledge(Side),
    /// It stops waiting; the request may still land.
    GiveUp(Side),
    /// A lease ends: its time is up, or its owner started again.
    LeaseEnds,
    /// A start whose sender no longer waits takes effect.
    LateStartLands,
    /// A "settled" whose sender no longer waits takes effect.
    LateSettleLands,
    /// A worker takes the workflow task and replays the history.
    PickUp(Side),
    /// Its activity reads the order and applies the rule.
    Decide(Side),
    /// The decision is recorded, and issuing goes on as a normal activity.
    Record(Side),
    /// The request to issue takes effect and its answer is read.
    IssueAnswered(Side),
    /// A request to issue whose sender no longer waits takes effect.
    LateIssueLands,
    /// Without its guard: the cancel request ends the run.
    CancelEndsRun(Side),
    /// A worker reports how the run ends.
    Finish(Side),
    /// Temporal gives up on the worker that has the task.
    TaskTimesOut,
    /// A worker is killed and started again: everything in its memory is gone.
    Kill(Side),
    /// A person starts a run under the order's id.
    StartByHand(Input),
    /// A person asks to cancel the run.
    RequestCancel,
    /// A person terminates the run.
    Terminate,
    /// A person resets the run to its start.
    Reset,
    /// A person resets to behind a recorded "not sent" of this run or an earlier one; offered even if there is none.
    ResetToNotSent,
    /// The foreign process under our id completes.
    ForeignRunCompletes,
    /// A person follows the doctor and terminates the foreign process that is in the way.
    ClearForeignRun,
    /// Temporal forgets the closed run.
    RetentionPasses,
    /// The reconciler finds a sent order without its voucher and starts its process.
    Reconcile,
}

impl Action {
    /// Whether this happens by itself if it stays possible.
    #[must_use]
    pub fn is_fair(self) -> bool {
        match self {
            Self::WriteEvent
            | Self::Claim(_)
            | Self::SendStart(_)
            | Self::StartAnswered(_)
            | Self::LookAtRun(_)
            | Self::StartOverAnswered(_)
            | Self::Acknowledge(_)
            | Self::LeaseEnds
            | Self::PickUp(_)
            | Self::Decide(_)
            | Self::IssueAnswered(_)
            | Self::CancelEndsRun(_)
            | Self::Finish(_)
            | Self::TaskTimesOut
            | Self::ClearForeignRun
            | Self::Reconcile => true,
            Self::MarkSent
            | Self::CancelOrder
            | Self::KillOrderApi
            | Self::GiveUp(_)
            | Self::LateStartLands
            | Self::LateSettleLands
            | Self::Record(_)
            | Self::LateIssueLands
            | Self::Kill(_)
            | Self::StartByHand(_)
            | Self::RequestCancel
            | Self::Terminate
            | Self::Reset
            | Self::ResetToNotSent
            | Self::ForeignRunCompletes
            | Self::RetentionPasses => false,
        }
    }
}

const SIDES: [Side; 2] = [Side::One, Side::Two];
const INPUTS: [Input; 3] = [Input::Right, Input::AnotherOrder, Input::AnotherProcess];

impl Voucher {
    /// Lists what can happen in this state.
    pub(super) fn offer(&self, state: &State, actions: &mut Vec<Action>) {
        self.offer_of_the_shop(state, actions);
        for side in SIDES {
            offer_of_the_relay(state, side, actions);
            self.offer_of_the_task(state, side, actions);
            actions.push(Action::Kill(side));
        }
        offer_of_the_network(state, actions);
        self.offer_of_temporal(state, actions);
    }

    fn offer_of_the_shop(&self, state: &State, actions: &mut Vec<Action>) {
        if state.order == Order::Approved {
            actions.push(Action::MarkSent);
            actions.push(Action::CancelOrder);
        }
        if state.is_event_owed {
            actions.push(Action::WriteEvent);
            actions.push(Action::KillOrderApi);
        }
        let is_run_open = matches!(state.run, Run::Open { .. });
        let is_missing = state.is_voucher_due() && state.vouchers == 0 && !is_run_open;
        if self.has_reconciler && is_missing && state.event == Event::Settled {
            actions.push(Action::Reconcile);
        }
    }

    fn offer_of_the_task(&self, state: &State, side: Side, actions: &mut Vec<Action>) {
        if let Run::Open { input, holder: None, .. } = state.run
            && input != Input::AnotherProcess
        {
            actions.push(Action::PickUp(side));
        }
        match state.worker(side).hand {
            Hand::Idle => {}
            Hand::Deciding => actions.push(Action::Decide(side)),
            Hand::Issuing => {
                actions.push(Action::IssueAnswered(side));
                if state.holds_the_task(side) {
                    actions.push(Action::Record(side));
                }
            }
            Hand::Finishing(_) => actions.push(Action::Finish(side)),
        }
        let is_cancel_requested = matches!(state.run, Run::Open { is_cancel_requested: true, .. });
        if !self.has(Guard::StepsDetachedFromCancel)
            && is_cancel_requested
            && state.holds_the_task(side)
        {
            actions.push(Action::CancelEndsRun(side));
        }
    }

    fn offer_of_temporal(&self, state: &State, actions: &mut Vec<Action>) {
        match state.run {
            Run::None => actions.extend(INPUTS.map(Action::StartByHand)),
            Run::Open { input: Input::AnotherProcess, .. } => {
                actions.push(Action::ForeignRunCompletes);
                actions.push(Action::ClearForeignRun);
            }
            Run::Open { holder, .. } => {
                actions.extend([Action::Terminate, Action::Reset, Action::ResetToNotSent]);
                // With its guard a cancel request changes nothing but a note.
                if !self.has(Guard::StepsDetachedFromCancel) {
                    actions.push(Action::RequestCancel);
                }
                if holder.is_some() {
                    actions.push(Action::TaskTimesOut);
                }
            }
            Run::Closed { input, .. } => {
                actions.extend(INPUTS.map(Action::StartByHand));
                actions.push(Action::RetentionPasses);
                if input != Input::AnotherProcess {
                    actions.extend([Action::Reset, Action::ResetToNotSent]);
                }
            }
        }
    }
}

fn offer_of_the_relay(state: &State, side: Side, actions: &mut Vec<Action>) {
    match state.worker(side).relay {
        Relay::Idle => {
            if state.event == Event::Waiting {
                actions.push(Action::Claim(side));
            }
        }
        Relay::Claimed => actions.push(Action::SendStart(side)),
        Relay::Asked => actions.push(Action::StartAnswered(side)),
        Relay::Refused => actions.push(Action::LookAtRun(side)),
        Relay::StartingOver => actions.push(Action::StartOverAnswered(side)),
        Relay::Settling | Relay::Postponing => actions.push(Action::Acknowledge(side)),
    }
    if state.worker(side).relay != Relay::Idle {
        actions.push(Action::GiveUp(side));
    }
}

fn offer_of_the_network(state: &State, actions: &mut Vec<Action>) {
    if matches!(state.event, Event::Leased(_)) {
        actions.push(Action::LeaseEnds);
    }
    if state.may_start_land {
        actions.push(Action::LateStartLands);
    }
    if state.may_settle_land {
        actions.push(Action::LateSettleLands);
    }
    if state.may_issue_land {
        actions.push(Action::LateIssueLands);
    }
}
