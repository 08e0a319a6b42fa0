//! What each step changes.

use super::{
    Action, Ending, Event, Guard, Hand, Input, Order, Recorded, Relay, Run, Settles, Side, State,
    Voucher,
};

impl Voucher {
    /// Takes one step.
    pub(super) fn take(&self, state: &mut State, action: Action) {
        match action {
            Action::MarkSent => self.mark_sent(state),
            Action::CancelOrder => state.order = Order::Cancelled,
            Action::WriteEvent => {
                state.is_event_owed = false;
                state.event = Event::Waiting;
            }
            Action::KillOrderApi => state.is_event_owed = false,
            Action::Claim(side) => {
                state.event = Event::Leased(side);
                state.worker_mut(side).relay = Relay::Claimed;
            }
            Action::SendStart(side) => {
                state.may_start_land = true;
                state.worker_mut(side).relay = Relay::Asked;
            }
            Action::StartAnswered(side) => self.answer_start(state, side),
            Action::LookAtRun(side) => self.look_at_run(state, side),
            Action::Acknowledge(side) => acknowledge(state, side),
            Action::GiveUp(side) => state.worker_mut(side).relay = Relay::Idle,
            Action::LeaseEnds => state.event = Event::Waiting,
            Action::StartOverAnswered(side) => self.answer_start_over(state, side),
            Action::LateStartLands => {
                self.start_for_event(state);
            }
            Action::LateSettleLands => state.event = Event::Settled,
            Action::PickUp(_)
            | Action::Decide(_)
            | Action::Record(_)
            | Action::IssueAnswered(_)
            | Action::LateIssueLands
            | Action::CancelEndsRun(_)
            | Action::Finish(_) => self.take_of_the_task(state, action),
            Action::Kill(side) => {
                state.worker_mut(side).relay = Relay::Idle;
                state.worker_mut(side).hand = Hand::Idle;
            }
            Action::TaskTimesOut
            | Action::StartByHand(_)
            | Action::RequestCancel
            | Action::Terminate
            | Action::Reset
            | Action::ResetToNotSent
            | Action::ForeignRunCompletes
            | Action::ClearForeignRun
            | Action::RetentionPasses
            | Action::Reconcile => take_of_temporal(state, action),
        }
    }

    fn mark_sent(&self, state: &mut State) {
        state.order = Order::Sent;
        if self.has(Guard::EventInTheSameTransaction) {
            state.event = Event::Waiting;
        } else {
            state.is_event_owed = true;
        }
    }

    /// `AllowDuplicateFailedOnly` and `Fail`: whether a run was started.
    fn start_for_event(&self, state: &mut State) -> bool {
        let is_free = match state.run {
            Run::None => true,
            Run::Open { .. } => false,
            Run::Closed { ending: Ending::Failed, .. } => self.has(Guard::FailedRunsFreeTheirId),
            Run::Closed { ending: Ending::Completed, .. } => false,
        };
        if is_free {
            state.run = opened(Input::Right, true);
        }
        is_free
    }

    fn answer_start(&self, state: &mut State, side: Side) {
        if self.start_for_event(state) {
            self.after_accepted_start(state, side);
        } else {
            state.worker_mut(side).relay = Relay::Refused;
        }
    }

    fn answer_start_over(&self, state: &mut State, side: Side) {
        if start_over(state) {
            self.after_accepted_start(state, side);
        } else {
            state.worker_mut(side).relay = Relay::Postponing;
        }
    }

    fn after_accepted_start(&self, state: &mut State, side: Side) {
        match self.settles {
            Settles::OnAcceptedStart => settle(state, side),
            Settles::OnlyOnCompletion => state.worker_mut(side).relay = Relay::Postponing,
        }
    }

    fn look_at_run(&self, state: &mut State, side: Side) {
        if !self.has(Guard::SettleOnlyOnACompletedRun) {
            return settle(state, side);
        }
        match state.run {
            Run::Closed { ending: Ending::Completed, input: Input::AnotherProcess } => {
                if !self.has(Guard::SettleOnlyOnTheSubscribedType) {
                    settle(state, side);
                } else if self.has(Guard::StartOverAForeignRun) {
                    state.worker_mut(side).relay = Relay::StartingOver;
                } else {
                    state.worker_mut(side).relay = Relay::Postponing;
                }
            }
            Run::Closed { ending: Ending::Completed, .. } => settle(state, side),
            Run::None | Run::Open { .. } | Run::Closed { ending: Ending::Failed, .. } => {
                state.worker_mut(side).relay = Relay::Postponing;
            }
        }
    }

    fn take_of_the_task(&self, state: &mut State, action: Action) {
        match action {
            Action::PickUp(side) => self.pick_up(state, side),
            Action::Decide(side) => self.decide(state, side),
            Action::Record(_) => {
                if let Run::Open { recorded, .. } = &mut state.run {
                    *recorded = Recorded::VoucherIsDue;
                }
            }
            Action::IssueAnswered(side) => {
                self.issue(state);
                state.worker_mut(side).hand = Hand::Finishing(Ending::Completed);
            }
            Action::LateIssueLands => self.issue(state),
            Action::CancelEndsRun(side) => {
                state.worker_mut(side).hand = Hand::Finishing(Ending::Failed)
            }
            Action::Finish(side) => finish(state, side),
            _ => {}
        }
    }

    fn pick_up(&self, state: &mut State, side: Side) {
        let Run::Open { input, recorded, holder, .. } = &mut state.run else { return };
        *holder = Some(side);
        let hand = match (*input, *recorded) {
            (Input::AnotherOrder, _) if self.has(Guard::IdMatchesInput) => {
                Hand::Finishing(Ending::Failed)
            }
            // It serves the other order and completes under this one's id.
            (Input::AnotherOrder, _) => Hand::Finishing(Ending::Completed),
            (_, Recorded::Nothing) => Hand::Deciding,
            (_, Recorded::VoucherIsDue) => Hand::Issuing,
            (_, Recorded::NotSent) => self.refusing(),
        };
        if hand == Hand::Issuing {
            state.may_issue_land = true;
        }
        state.worker_mut(side).hand = hand;
    }

    fn decide(&self, state: &mut State, side: Side) {
        let is_sent = state.order == Order::Sent || !self.has(Guard::DecideReadsTheOrder);
        let hand = match (is_sent, state.is_over_limit) {
            (false, _) => self.refusing(),
            (true, false) => Hand::Finishing(Ending::Completed),
            (true, true) => Hand::Issuing,
        };
        if hand == Hand::Issuing {
            state.may_issue_land = true;
        }
        state.worker_mut(side).hand = hand;
    }

    fn refusing(&self) -> Hand {
        let ending =
            if self.has(Guard::NotSentFailsTheRun) { Ending::Failed } else { Ending::Completed };
        Hand::Finishing(ending)
    }

    fn issue(&self, state: &mut State) {
        let has_one = state.vouchers >= 1;
        if !(has_one && self.has(Guard::UniqueKey)) {
            state.vouchers = (state.vouchers + 1).min(2);
        }
    }
}

fn opened(input: Input, is_by_event: bool) -> Run {
    Run::Open {
        input,
        is_by_event,
        recorded: Recorded::Nothing,
        holder: None,
        is_cancel_requested: false,
    }
}

/// `AllowDuplicate` and `Fail`: whether a run was started.
fn start_over(state: &mut State) -> bool {
    let is_free = !matches!(state.run, Run::Open { .. });
    if is_free {
        state.run = opened(Input::Right, true);
    }
    is_free
}

fn settle(state: &mut State, side: Side) {
    state.may_settle_land = true;
    state.worker_mut(side).relay = Relay::Settling;
}

/// "Settled" counts whoever says it; "postponed" only under the current lease.
fn acknowledge(state: &mut State, side: Side) {
    match state.worker(side).relay {
        Relay::Settling => state.event = Event::Settled,
        Relay::Postponing if state.event == Event::Leased(side) => state.event = Event::Waiting,
        _ => {}
    }
    state.worker_mut(side).relay = Relay::Idle;
}

/// Temporal accepts the end of a run only from the worker that has its task.
fn finish(state: &mut State, side: Side) {
    if let (Hand::Finishing(ending), true) = (state.worker(side).hand, state.holds_the_task(side))
        && let Run::Open { input, .. } = state.run
    {
        state.run = Run::Closed { ending, input };
    }
    state.worker_mut(side).hand = Hand::Idle;
}

fn take_of_temporal(state: &mut State, action: Action) {
    match (action, state.run) {
        (Action::StartByHand(input), _) => state.run = opened(input, false),
        (Action::Reconcile, _) => state.run = opened(Input::Right, true),
        (Action::RetentionPasses, _) => state.run = Run::None,
        (Action::Reset, Run::Open { input, is_by_event, .. }) => {
            state.run = opened(input, is_by_event)
        }
        (Action::Reset, Run::Closed { input, .. }) => state.run = opened(input, false),
        (Action::ResetToNotSent, before) => reset_to_not_sent(state, before),
        (Action::ForeignRunCompletes, Run::Open { input, .. }) => {
            state.run = Run::Closed { ending: Ending::Completed, input };
        }
        (Action::Terminate | Action::ClearForeignRun, Run::Open { input, is_by_event, .. }) => {
            excuse_if_owing(state, is_by_event);
            state.run = Run::Closed { ending: Ending::Failed, input };
        }
        (Action::TaskTimesOut, _) => {
            if let Run::Open { holder, .. } = &mut state.run {
                *holder = None;
            }
        }
        (Action::RequestCancel, _) => {
            if let Run::Open { is_cancel_requested, .. } = &mut state.run {
                *is_cancel_requested = true;
            }
        }
        _ => {}
    }
}

/// A reset of an older run terminates the open one, whatever that owes.
fn reset_to_not_sent(state: &mut State, before: Run) {
    if let Run::Open { is_by_event, .. } = before {
        excuse_if_owing(state, is_by_event);
    }
    state.run = Run::Open {
        input: Input::Right,
        is_by_event: false,
        recorded: Recorded::NotSent,
        holder: None,
        is_cancel_requested: false,
    };
}

/// Remembers that a person ended the run for which the event was, or is being, settled.
fn excuse_if_owing(state: &mut State, is_by_event: bool) {
    let is_owing = is_by_event && state.may_settle_land && state.vouchers == 0;
    state.was_owing_run_terminated |= is_owing && state.is_over_limit;
}
