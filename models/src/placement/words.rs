//! The steps and states in words, so that a counterexample reads like an incident report.

use super::services::Answer;
use super::{Action, Ending, Order, Placement, Request, Reservation, Run, Side, State, Step};

/// One step as a sentence.
pub(super) fn tell(model: &Placement, before: &State, action: Action) -> String {
    match action {
        Action::Place => "the customer's request starts a run".to_owned(),
        Action::PickUp(side) => {
            format!("{} takes the workflow task, at {}", name(side), recorded(before))
        }
        Action::Answered(side) => answered(model, before, side),
        Action::Lands(request) => {
            format!("an attempt that nobody waits for lands: {}", asked(request))
        }
        Action::LooksFirst(request) => {
            format!("a late attempt reads, and its transaction ends: {}", asked(request))
        }
        Action::WritesThen(request) => {
            format!("it writes, in a second transaction: {}", asked(request))
        }
        Action::Record(side) => {
            format!("the history now says that the run is at {}", stand(before, side))
        }
        Action::SeesCancel(side) => {
            format!("{} sees the cancel, at {}", name(side), stand(before, side))
        }
        Action::RunsOutOfPatience(side) => {
            format!("{} gives up at {} and unwinds", name(side), stand(before, side))
        }
        Action::Finish(side) => format!("{} reports {}", name(side), stand(before, side)),
        Action::TaskTimesOut => "the workflow task times out; nothing was recorded".to_owned(),
        Action::Kill(side) => format!("{} is killed and starts again", name(side)),
        Action::Cancel => "the customer cancels".to_owned(),
        Action::Terminate => "a person terminates the run".to_owned(),
        Action::Reset(point) => {
            format!("a person resets the run to {}, signals applied again", at(point))
        }
        Action::ResetWithoutSignals(point) => {
            format!("a person resets the run to {}, signals left out", at(point))
        }
        Action::RetentionPasses => "retention passes: Temporal forgets the run".to_owned(),
        Action::Reconcile => "the reconciler starts the unfinished placement again".to_owned(),
        Action::MarkSent => "the back office marks the order sent".to_owned(),
        Action::ReleaseCredit => "the order's event starts ReleaseCredit".to_owned(),
        Action::ReleaseCreditByHand => "a person starts ReleaseCredit for this order".to_owned(),
        Action::RivalReserves => "another order of the customer takes the credit".to_owned(),
        Action::RivalLeaves => "the other order gives the credit back".to_owned(),
    }
}

fn answered(model: &Placement, before: &State, side: Side) -> String {
    let Some(request) = before.hand(side).and_then(Step::request) else { return String::new() };
    let answer = match model.serve(&mut before.clone(), request) {
        Answer::Done => "done",
        Answer::Refused => "refused",
        Answer::AlreadyApproved => "already approved",
    };
    format!("{} has its answer to {}: {answer}", name(side), asked(request))
}

fn recorded(state: &State) -> &'static str {
    match state.run {
        Run::Open { recorded, .. } => at(recorded),
        Run::None | Run::Closed(_) => "no run",
    }
}

fn stand(state: &State, side: Side) -> &'static str {
    state.hand(side).map_or("nothing", at)
}

/// One state as a line.
pub(super) fn describe(state: &State) -> String {
    let order = match state.order {
        Order::None => "no order",
        Order::Pending => "order pending",
        Order::Approved => "order APPROVED",
        Order::Sent => "order sent",
        Order::Cancelled => "order approved, then cancelled",
    };
    let reservation = match state.reservation {
        Reservation::None => "no reservation",
        Reservation::Reserved => "credit RESERVED",
        Reservation::Confirmed => "credit CONFIRMED",
        Reservation::Closed => "reservation closed",
    };
    let run = match state.run {
        Run::None => "no run".to_owned(),
        Run::Open { recorded, is_cancel_signalled, .. } => {
            let cancel = if is_cancel_signalled { " with a cancel" } else { "" };
            format!("run open at {}{cancel}", at(recorded))
        }
        Run::Closed(Ending::Completed) => "run completed".to_owned(),
        Run::Closed(Ending::Failed) => "run failed or terminated".to_owned(),
    };
    let workers = format!("{}{}", busy(state, Side::One), busy(state, Side::Two));
    let order_grave = grave(state.is_order_tombstoned);
    let reservation_grave = grave(state.is_reservation_tombstoned);
    format!(
        "{order}{order_grave}; {reservation}{reservation_grave}; {run}{workers}{}",
        notes(state)
    )
}

fn grave(is_tombstoned: bool) -> &'static str {
    if is_tombstoned { " (tombstone)" } else { "" }
}

fn notes(state: &State) -> String {
    let notes = [
        (state.is_credit_taken_by_rival, "another order has the credit"),
        (state.was_told_approved, "told 201"),
        (state.was_told_rejected, "told 409"),
        (state.is_cancel_owed, "a cancel was accepted"),
    ];
    notes.iter().filter(|(is_so, _)| *is_so).map(|(_, note)| format!("; {note}")).collect()
}

fn name(side: Side) -> &'static str {
    match side {
        Side::One => "worker 1",
        Side::Two => "worker 2",
    }
}

fn asked(request: Request) -> &'static str {
    match request {
        Request::Create => "\"create the order as pending\"",
        Request::Reserve => "\"reserve the credit\"",
        Request::Approve => "\"approve the order\"",
        Request::Confirm => "\"confirm the reservation\"",
        Request::Discard => "\"discard the order\"",
        Request::Release => "\"release the credit\"",
        Request::CancelOrder => "\"cancel the order\"",
        Request::Close => "\"close the reservation\"",
    }
}

fn at(step: Step) -> &'static str {
    match step {
        Step::Creating => "\"create the order\"",
        Step::Reserving => "\"reserve the credit\"",
        Step::Approving => "\"approve\"",
        Step::Confirming => "\"confirm the credit\"",
        Step::CancellingOrder => "\"cancel the approved order\"",
        Step::Discarding => "\"discard the order\"",
        Step::DiscardingOnly => "\"discard the order, nothing else\"",
        Step::Releasing => "\"release the credit\"",
        Step::ReleasingFirst => "\"release the credit, before the order\"",
        Step::EndedApproved => "the end, approved",
        Step::EndedCancelled => "the end, approved and then cancelled",
        Step::EndedRejected => "the end, rejected",
        Step::EndedHalfway => "the end, given up behind the pivot",
    }
}

fn busy(state: &State, side: Side) -> String {
    state.hand(side).map(|step| format!("; {} at {}", name(side), at(step))).unwrap_or_default()
}
