//! The steps and states in words, so that a counterexample reads like an incident report.

use super::{Action, Ending, Event, Hand, Input, Order, Recorded, Relay, Run, Side, State};

/// One step as a sentence.
pub(super) fn tell(action: Action) -> String {
    match action {
        Action::MarkSent => "the back office marks the order sent; order-api commits".to_owned(),
        Action::CancelOrder => "the order is cancelled; order-api commits".to_owned(),
        Action::WriteEvent => "order-api writes the event in a second transaction".to_owned(),
        Action::KillOrderApi => "order-api is killed before it wrote the event".to_owned(),
        Action::Claim(side) => format!("{} claims the event", name(side)),
        Action::SendStart(side) => format!("{} sends the start", name(side)),
        Action::StartAnswered(side) => {
            format!("the start takes effect, {} reads the answer", name(side))
        }
        Action::LookAtRun(side) => {
            format!("{}, told \"already started\", looks at the run", name(side))
        }
        Action::StartOverAnswered(side) => {
            format!(
                "the start that ignores a completed run takes effect, {} reads the answer",
                name(side)
            )
        }
        Action::Acknowledge(side) => format!("the acknowledgement of {} arrives", name(side)),
        Action::GiveUp(side) => format!("{} stops waiting and drops the event", name(side)),
        Action::LeaseEnds => "the lease of the event ends".to_owned(),
        Action::LateStartLands => "a start that nobody waits for any more lands".to_owned(),
        Action::LateSettleLands => "a \"settled\" that nobody waits for any more lands".to_owned(),
        Action::PickUp(side) => format!("{} takes the workflow task", name(side)),
        Action::Decide(side) => format!("{} reads the order and decides", name(side)),
        Action::Record(side) => format!("{} has the decision recorded in the history", name(side)),
        Action::IssueAnswered(side) => {
            format!("voucher-api issues, {} reads the answer", name(side))
        }
        Action::LateIssueLands => {
            "a request to issue that nobody waits for any more lands".to_owned()
        }
        Action::CancelEndsRun(side) => {
            format!("{} sees the cancel request and gives the run up", name(side))
        }
        Action::Finish(side) => format!("{} reports how the run ends", name(side)),
        Action::TaskTimesOut => "the workflow task times out".to_owned(),
        Action::Kill(side) => format!("{} is killed and starts again", name(side)),
        Action::StartByHand(input) => format!("a person starts {}", started(input)),
        Action::RequestCancel => "a person asks to cancel the run".to_owned(),
        Action::Terminate => "a person terminates the run".to_owned(),
        Action::Reset => "a person resets the run to its start".to_owned(),
        Action::ResetToNotSent => "a person resets to behind a recorded \"not sent\"".to_owned(),
        Action::ForeignRunCompletes => "the foreign process completes".to_owned(),
        Action::ClearForeignRun => {
            "a person terminates the foreign process, as the doctor says".to_owned()
        }
        Action::RetentionPasses => "retention passes: Temporal forgets the run".to_owned(),
        Action::Reconcile => {
            "the reconciler starts the process of the order without voucher".to_owned()
        }
    }
}

/// One state as a line.
pub(super) fn describe(state: &State) -> String {
    let total = if state.is_over_limit { "over" } else { "not over" };
    let order = match state.order {
        Order::Approved => "placed",
        Order::Sent => "sent",
        Order::Cancelled => "cancelled",
    };
    let event = match state.event {
        Event::NotWritten => "no event".to_owned(),
        Event::Waiting => "event waiting".to_owned(),
        Event::Leased(side) => format!("event leased to {}", name(side)),
        Event::Settled => "event settled".to_owned(),
    };
    let vouchers = match state.vouchers {
        0 => "no voucher",
        1 => "one voucher",
        _ => "TWO vouchers",
    };
    let workers = format!("{}{}", busy(state, Side::One), busy(state, Side::Two));
    format!("order {order}, {total} the limit; {event}; {}; {vouchers}{workers}", run(state.run))
}

fn name(side: Side) -> &'static str {
    match side {
        Side::One => "worker 1",
        Side::Two => "worker 2",
    }
}

fn started(input: Input) -> &'static str {
    match input {
        Input::Right => "the process by hand",
        Input::AnotherOrder => "the process by hand with another order in its input",
        Input::AnotherProcess => "a foreign process under the order's id",
    }
}

fn run(run: Run) -> String {
    match run {
        Run::None => "no run".to_owned(),
        Run::Open { input, is_by_event, recorded, is_cancel_requested, .. } => {
            let origin = if is_by_event { "for the event" } else { "by hand" };
            let decided = match recorded {
                Recorded::Nothing => "",
                Recorded::VoucherIsDue => ", \"voucher due\" recorded",
                Recorded::NotSent => ", \"not sent\" recorded",
            };
            let cancel = if is_cancel_requested { ", cancel requested" } else { "" };
            format!("run open {origin}{}{decided}{cancel}", with(input))
        }
        Run::Closed { ending: Ending::Completed, input } => format!("run completed{}", with(input)),
        Run::Closed { ending: Ending::Failed, input } => {
            format!("run failed or terminated{}", with(input))
        }
    }
}

fn with(input: Input) -> &'static str {
    match input {
        Input::Right => "",
        Input::AnotherOrder => " (input of another order)",
        Input::AnotherProcess => " (foreign process)",
    }
}

fn busy(state: &State, side: Side) -> String {
    let worker = state.worker(side);
    let relay = match worker.relay {
        Relay::Idle => "",
        Relay::Claimed => " has the event",
        Relay::Asked => " awaits the start",
        Relay::Refused => " was told \"already started\"",
        Relay::StartingOver => " starts over a foreign run",
        Relay::Settling => " is settling",
        Relay::Postponing => " is postponing",
    };
    let hand = match worker.hand {
        Hand::Idle => "",
        Hand::Deciding => " is deciding",
        Hand::Issuing => " is issuing",
        Hand::Finishing(Ending::Completed) => " is completing the run",
        Hand::Finishing(Ending::Failed) => " is failing the run",
    };
    if relay.is_empty() && hand.is_empty() {
        return String::new();
    }
    format!("; {}{relay}{hand}", name(side))
}
