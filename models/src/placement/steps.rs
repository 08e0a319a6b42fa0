//! What each step changes, and the program of `PlaceOrder`: what follows which answer.

use super::services::Answer;
use super::{Action, Ending, Guard, Order, Placement, Request, Run, Side, State, Step};

impl Placement {
    /// Takes one step.
    pub(super) fn take(&self, state: &mut State, action: Action) {
        match action {
            Action::PickUp(side) => {
                let Run::Open { recorded, holder, .. } = &mut state.run else { return };
                *holder = Some(side);
                let step = *recorded;
                move_to(state, side, step);
            }
            Action::Answered(side) => self.answered(state, side),
            Action::Lands(request) => {
                self.serve(state, request);
            }
            Action::LooksFirst(request) => self.look_before_writing(state, request),
            Action::WritesThen(request) => self.write_what_was_looked_up(state, request),
            Action::Record(side) => self.record(state, side),
            Action::SeesCancel(side) => self.see_cancel(state, side),
            Action::RunsOutOfPatience(side) => {
                let step = self.unwinding_from(state.hand(side).unwrap_or(Step::Creating));
                move_to(state, side, step);
            }
            Action::Finish(side) => self.finish(state, side),
            Action::Kill(side) => *state.hand_mut(side) = None,
            Action::MarkSent => state.order = Order::Sent,
            Action::ReleaseCredit | Action::ReleaseCreditByHand => state.sent.send(Request::Close),
            Action::RivalReserves => state.is_credit_taken_by_rival = true,
            Action::RivalLeaves => state.is_credit_taken_by_rival = false,
            Action::Place
            | Action::TaskTimesOut
            | Action::Cancel
            | Action::Terminate
            | Action::Reset(_)
            | Action::ResetWithoutSignals(_)
            | Action::RetentionPasses
            | Action::Reconcile => take_of_temporal(state, action),
        }
    }

    fn answered(&self, state: &mut State, side: Side) {
        let Some(step) = state.hand(side) else { return };
        let Some(request) = step.request() else { return };
        let answer = self.serve(state, request);
        let next = self.next_step(step, answer, state.is_cancel_signalled());
        move_to(state, side, next);
    }

    /// The program of `PlaceOrder`: what follows when the request of a step was answered.
    fn next_step(&self, step: Step, answer: Answer, is_cancel_signalled: bool) -> Step {
        match (step, answer) {
            (Step::Creating, Answer::Done) => Step::Reserving,
            (Step::Creating | Step::Approving, Answer::AlreadyApproved) => Step::Confirming,
            (Step::Reserving, Answer::Done) => Step::Approving,
            (Step::Approving, Answer::Done) => Step::Confirming,
            (Step::Reserving, Answer::Refused) if !self.has(Guard::UndoOfRefusedSteps) => {
                Step::DiscardingOnly
            }
            (Step::Creating | Step::Reserving | Step::Approving, _) => self.unwinding_from(step),
            (Step::Confirming, _) if is_cancel_signalled => Step::CancellingOrder,
            (Step::Confirming, _) => Step::EndedApproved,
            (Step::CancellingOrder, _) => Step::EndedCancelled,
            (Step::Discarding | Step::DiscardingOnly, Answer::AlreadyApproved)
                if self.has(Guard::ApprovedTurnsForward) =>
            {
                Step::Confirming
            }
            (Step::Discarding, _) => Step::Releasing,
            (Step::DiscardingOnly | Step::Releasing, _) => Step::EndedRejected,
            (Step::ReleasingFirst, _) => Step::DiscardingOnly,
            (
                Step::EndedApproved
                | Step::EndedCancelled
                | Step::EndedRejected
                | Step::EndedHalfway,
                _,
            ) => step,
        }
    }

    fn unwinding_from(&self, step: Step) -> Step {
        if !self.has(Guard::DiscardFirst) {
            return Step::ReleasingFirst;
        }
        let is_reserve_unasked = step == Step::Creating;
        if is_reserve_unasked && !self.has(Guard::UndoWhatAnEarlierRunDid) {
            return Step::DiscardingOnly;
        }
        Step::Discarding
    }

    fn see_cancel(&self, state: &mut State, side: Side) {
        let next = match state.hand(side) {
            Some(Step::Confirming) => Step::EndedHalfway,
            Some(Step::Creating) if !self.has(Guard::UndoEvenIfNothingWasAsked) => {
                Step::EndedRejected
            }
            Some(step) => self.unwinding_from(step),
            None => return,
        };
        move_to(state, side, next);
    }

    fn record(&self, state: &mut State, side: Side) {
        let Some(step) = state.hand(side) else { return };
        if let Run::Open { recorded, .. } = &mut state.run {
            *recorded = step;
        }
        state.points.record(step);
        state.was_told_approved |= step.is_behind_the_pivot();
        state.was_told_rejected |= step == Step::Releasing && !self.has(Guard::ReleaseBeforeTold);
    }

    /// Temporal accepts the end only from the worker that has the task, and not while a signal waits unseen.
    fn finish(&self, state: &mut State, side: Side) {
        let step = state.hand(side);
        if !state.holds_the_task(side) {
            *state.hand_mut(side) = None;
            return;
        }
        let is_cancel_unseen = step == Some(Step::EndedApproved)
            && state.is_cancel_signalled()
            && self.has(Guard::CancelSeenBeforeTheEnd);
        if is_cancel_unseen {
            return move_to(state, side, Step::CancellingOrder);
        }
        state.was_told_approved |= step.is_some_and(Step::is_behind_the_pivot);
        state.was_told_rejected |= step == Some(Step::EndedRejected);
        let ending =
            if step == Some(Step::EndedHalfway) { Ending::Failed } else { Ending::Completed };
        state.run = Run::Closed(ending);
        *state.hand_mut(side) = None;
    }
}

fn take_of_temporal(state: &mut State, action: Action) {
    match action {
        Action::Place | Action::Reconcile => {
            state.points.record(Step::Creating);
            open(state, Step::Creating, false);
        }
        Action::TaskTimesOut => {
            if let Run::Open { holder, .. } = &mut state.run {
                *holder = None;
            }
        }
        Action::Cancel => cancel(state),
        Action::Terminate => {
            state.run = Run::Closed(Ending::Failed);
            state.was_terminated = true;
            state.is_cancel_owed = false;
        }
        Action::Reset(point) => {
            state.is_cancel_owed = state.was_cancel_signalled;
            open(state, point, state.was_cancel_signalled);
        }
        Action::ResetWithoutSignals(point) => {
            state.is_cancel_owed = false;
            open(state, point, false);
        }
        Action::RetentionPasses => state.run = Run::None,
        _ => {}
    }
}

fn open(state: &mut State, recorded: Step, is_cancel_signalled: bool) {
    state.run = Run::Open { recorded, holder: None, is_cancel_signalled };
}

fn cancel(state: &mut State) {
    if let Run::Open { is_cancel_signalled, .. } = &mut state.run {
        *is_cancel_signalled = true;
        state.was_cancel_signalled = true;
        state.is_cancel_owed = true;
    } else {
        state.sent.send(Request::CancelOrder);
    }
}

/// The worker sends what the step asks for and waits.
fn move_to(state: &mut State, side: Side, step: Step) {
    if let Some(request) = step.request() {
        state.sent.send(request);
    }
    *state.hand_mut(side) = Some(step);
}
