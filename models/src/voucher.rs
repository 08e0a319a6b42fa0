//! One voucher for each sent order over the limit: outbox, claim, start, run and unique key, in every interleaving.
//!
//! Two workers, each with one claim and one workflow task in hand, may be killed at any line, any number of times. A
//! request that was ever sent may take effect at any later moment and more than once. Operators start, cancel,
//! terminate and reset when they please; retention passes when it pleases. The shop marks the order sent or cancels it.

mod actions;
mod state;
mod steps;
mod words;

use stateright::{Model, Property};

use crate::Protocol;
pub use actions::Action;
pub use state::{Ending, Event, Hand, Input, Order, Recorded, Relay, Run, Side, State, Worker};

/// What keeps the rule; a test removes each in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// The event is written in the transaction that marks the order sent.
    EventInTheSameTransaction,
    /// "Already started" settles an event only if that run has completed.
    SettleOnlyOnACompletedRun,
    /// The completed run that settles an event must be of the subscribed type.
    SettleOnlyOnTheSubscribedType,
    /// A completed run of another type under our id is started over, not waited for.
    StartOverAForeignRun,
    /// A run that failed or was terminated does not block its id (`AllowDuplicateFailedOnly`, not `RejectDuplicate`).
    FailedRunsFreeTheirId,
    /// One voucher per order and rule: the permanent unique key of the voucher database.
    UniqueKey,
    /// The run's id must be that of its input.
    IdMatchesInput,
    /// The first activity reads the order at its source of truth.
    DecideReadsTheOrder,
    /// An order that is not sent fails the run; it is no reason to complete it.
    NotSentFailsTheRun,
    /// The steps run on a token that a cancel request does not reach.
    StepsDetachedFromCancel,
}

/// The protocol, whole or with some guard taken away.
#[derive(Debug, Clone, Copy)]
pub struct Voucher {
    /// The guards that are taken away.
    pub without: &'static [Guard],
    /// Whether the scheduled reconciler is at work.
    pub has_reconciler: bool,
    /// When an event whose start was accepted is settled.
    pub settles: Settles,
    /// Whether states that differ only in which worker is which are taken for one.
    pub are_workers_alike: bool,
}

/// When an event whose start was accepted is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settles {
    /// At once: one claim per event.
    OnAcceptedStart,
    /// When its run is seen completed: the relay itself starts a terminated run again.
    OnlyOnCompletion,
}

impl Voucher {
    /// The protocol with all its guards, before there is a reconciler.
    #[must_use]
    pub fn guarded() -> Self {
        Self {
            without: &[],
            has_reconciler: false,
            settles: Settles::OnAcceptedStart,
            are_workers_alike: false,
        }
    }

    /// The protocol with these guards taken away.
    #[must_use]
    pub fn without(guards: &'static [Guard]) -> Self {
        Self { without: guards, ..Self::guarded() }
    }

    /// The protocol with all its guards and the reconciler, which repairs what an operator terminated.
    #[must_use]
    pub fn guarded_and_reconciled() -> Self {
        Self { has_reconciler: true, ..Self::guarded() }
    }

    /// The protocol with all its guards, if every event waited for its completed run.
    #[must_use]
    pub fn settling_only_on_completion() -> Self {
        Self { settles: Settles::OnlyOnCompletion, ..Self::guarded() }
    }

    fn has(&self, guard: Guard) -> bool {
        !self.without.contains(&guard)
    }

    /// Whether the rule is kept for an order about which nothing more happens.
    ///
    /// The one excuse: an operator terminated the very run that the event had been settled for. No code runs then;
    /// only the reconciler repairs it, and where there is one there is no excuse.
    fn is_rule_kept(&self, state: &State) -> bool {
        let has_excuses = !self.has_reconciler && self.settles == Settles::OnAcceptedStart;
        let is_excused = has_excuses && state.was_owing_run_terminated;
        !state.is_voucher_due() || state.vouchers == 1 || is_excused
    }
}

impl Model for Voucher {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::placed(true), State::placed(false)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.offer(state, actions);
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = *state;
        self.take(&mut next, action);
        if self.are_workers_alike {
            next = next.with_workers_in_order();
        }
        (next != *state).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("V1: at most one voucher per order and rule", |_, state: &State| {
                state.vouchers <= 1
            }),
            Property::always(
                "V3: no voucher without a sent order over the limit",
                |_, state: &State| state.vouchers == 0 || state.is_voucher_due(),
            ),
            Property::always(
                "V2: when all is quiet, a sent order over the limit has its voucher",
                |model: &Self, state: &State| !model.is_quiet(state) || model.is_rule_kept(state),
            ),
            Property::sometimes(
                "a voucher is given and all is settled",
                |model: &Self, state: &State| state.vouchers == 1 && model.is_settled(state),
            ),
            Property::sometimes(
                "a run started by hand has failed before the order was sent",
                |_, state: &State| {
                    state.order == Order::Approved
                        && matches!(state.run, Run::Closed { ending: Ending::Failed, .. })
                },
            ),
            Property::sometimes(
                "an event waits while a run by hand is open",
                |_, state: &State| {
                    state.event == Event::Waiting
                        && matches!(state.run, Run::Open { is_by_event: false, .. })
                },
            ),
            Property::sometimes(
                "a run starts after its voucher was given and retention has passed",
                |_, state: &State| {
                    state.vouchers == 1 && state.is_run_by_event() && state.event == Event::Settled
                },
            ),
        ]
    }
}

impl Protocol for Voucher {
    fn is_fair(&self, action: &Action) -> bool {
        action.is_fair()
    }

    fn is_settled(&self, state: &State) -> bool {
        let is_event_done =
            matches!(state.event, Event::Settled | Event::NotWritten) && !state.is_event_owed;
        let is_announced = state.order != Order::Sent || state.event == Event::Settled;
        let is_run_over = !matches!(state.run, Run::Open { .. });
        is_event_done && is_announced && is_run_over && self.is_rule_kept(state)
    }

    fn folded(&self) -> Self {
        Self { are_workers_alike: true, ..*self }
    }

    fn tell(&self, _before: &State, action: &Action) -> String {
        words::tell(*action)
    }

    fn describe(&self, state: &State) -> String {
        words::describe(state)
    }
}
