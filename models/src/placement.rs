//! An order and its credit: both or neither, and the customer is told the truth, in every interleaving.
//!
//! Two workers may be killed at any line, and one that lost its task may go on without knowing it. A request that was
//! ever sent may land at any later moment and more than once. The customer cancels, people terminate, reset (signals
//! applied again or left out) and start again when they please; another order competes for the same credit; an
//! approved order is sent or cancelled.

mod actions;
mod services;
mod state;
mod steps;
mod words;

use stateright::{Model, Property};

use crate::Protocol;
pub use actions::Action;
pub use state::{Ending, Marks, Order, Request, Reservation, Run, Side, State, Step};

/// What keeps the promises; a test removes each in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// A discard leaves a tombstone that a late create meets.
    OrderTombstone,
    /// A release leaves a tombstone that a late reserve meets.
    ReservationTombstone,
    /// A do takes the tombstone row in the transaction that writes.
    TombstoneInTheSameTransaction,
    /// A reserve locks the account in the transaction that writes.
    AccountLocked,
    /// Unwinding starts with discard and awaits its answer.
    DiscardFirst,
    /// "Already approved" turns an unwinding run forward.
    ApprovedTurnsForward,
    /// Once asked, approve is awaited, whatever is cancelled.
    PivotAwaited,
    /// What lies behind the pivot is out of a cancel's reach.
    DetachedBehindThePivot,
    /// The undo of a refused step runs too.
    UndoOfRefusedSteps,
    /// Unwinding undoes both steps, also those that this run never asked for: an earlier run may have.
    UndoWhatAnEarlierRunDid,
    /// A run that is cancelled before it asked for anything unwinds all the same.
    UndoEvenIfNothingWasAsked,
    /// The customer is told "rejected" only when the release was answered.
    ReleaseBeforeTold,
    /// Whether an order is approved is decided by `approved_at`, not by today's status.
    DecidedByApprovedAt,
    /// A run does not end while a cancel has arrived that it has not looked at.
    CancelSeenBeforeTheEnd,
    /// The process that closes a reservation reads the order first.
    CloseReadsTheOrder,
}

/// The protocol, whole or with some guards taken away.
#[derive(Debug, Clone, Copy)]
pub struct Placement {
    /// The guards that are taken away.
    pub without: &'static [Guard],
    /// Whether states that differ only in which worker is which are taken for one.
    pub are_workers_alike: bool,
}

impl Placement {
    /// The protocol with all its guards.
    #[must_use]
    pub fn guarded() -> Self {
        Self::without(&[])
    }

    /// The protocol with these guards taken away.
    #[must_use]
    pub fn without(guards: &'static [Guard]) -> Self {
        Self { without: guards, are_workers_alike: false }
    }

    fn has(&self, guard: Guard) -> bool {
        !self.without.contains(&guard)
    }

    fn quietly(&self, state: &State, promise: impl Fn(&State) -> bool) -> bool {
        promise(state) || !self.is_quiet(state)
    }
}

impl Model for Placement {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::before()]
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
        let mut all = invariants();
        all.extend(promises_kept_when_quiet());
        all.extend(what_must_be_possible());
        all
    }
}

/// What is true at every moment.
fn invariants() -> Vec<Property<Placement>> {
    vec![
        Property::always("live reservations never exceed the limit", |_, state: &State| {
            !(state.is_credit_held() && state.is_credit_taken_by_rival)
        }),
        Property::always(
            "an approved order has its reservation until it is sent or cancelled",
            |_, state: &State| state.order != Order::Approved || state.is_credit_held(),
        ),
        Property::always("no order is both approved and unwound", |_, state: &State| {
            !state.was_approved() || !(state.is_order_tombstoned || state.was_released)
        }),
        Property::always(
            "no customer is told 409 whose order is approved, then or ever after",
            |_, state: &State| !(state.was_told_rejected && state.was_approved()),
        ),
        Property::always("no customer is told both 201 and 409", |_, state: &State| {
            !(state.was_told_rejected && state.was_told_approved)
        }),
        Property::always(
            "no customer is told 201 whose order is not approved",
            |_, state: &State| !state.was_told_approved || state.was_approved(),
        ),
        Property::always("whoever is told 409 has the credit back", |_, state: &State| {
            !(state.was_told_rejected && state.is_credit_held())
        }),
    ]
}

/// What is true when nothing more happens by itself.
fn promises_kept_when_quiet() -> Vec<Property<Placement>> {
    vec![
        Property::always(
            "when quiet, no live reservation is without a live order",
            |model: &Placement, state: &State| {
                model.quietly(state, |state| {
                    !state.is_credit_held() || state.order == Order::Approved
                })
            },
        ),
        Property::always(
            "when quiet, a refused placement has left nothing",
            |model: &Placement, state: &State| {
                let has_left = |state: &State| {
                    state.order != Order::None || state.reservation != Reservation::None
                };
                model.quietly(state, |state| state.was_approved() || !has_left(state))
            },
        ),
        Property::always(
            "when quiet, the credit of an approved order is confirmed",
            |model: &Placement, state: &State| {
                model.quietly(state, |state| {
                    state.order != Order::Approved || state.reservation == Reservation::Confirmed
                })
            },
        ),
        Property::always(
            "when quiet, an accepted cancel was honoured",
            |model: &Placement, state: &State| {
                model
                    .quietly(state, |state| !state.is_cancel_owed || state.order != Order::Approved)
            },
        ),
    ]
}

/// What the model must reach, or it says nothing.
fn what_must_be_possible() -> Vec<Property<Placement>> {
    vec![
        Property::sometimes(
            "an order is approved, told, confirmed and quiet",
            |model: &Placement, state: &State| {
                state.was_told_approved && state.order == Order::Approved && model.is_settled(state)
            },
        ),
        Property::sometimes(
            "an order is rejected, told and quiet",
            |model: &Placement, state: &State| state.was_told_rejected && model.is_settled(state),
        ),
        Property::sometimes(
            "a cancel reaches an approved order",
            |model: &Placement, state: &State| {
                state.is_cancel_owed && state.order == Order::Cancelled && model.is_settled(state)
            },
        ),
        Property::sometimes(
            "a run meets the tombstone that an earlier one left",
            |_, state: &State| {
                state.is_order_tombstoned
                    && state.was_terminated
                    && state.one == Some(Step::Creating)
            },
        ),
        Property::sometimes("a sent order gives its credit back", |_, state: &State| {
            state.order == Order::Sent && state.reservation == Reservation::Closed
        }),
    ]
}

impl Protocol for Placement {
    fn is_fair(&self, action: &Action) -> bool {
        action.is_fair()
    }

    fn is_settled(&self, state: &State) -> bool {
        let is_credit_right = state.is_credit_held() == (state.order == Order::Approved);
        let is_halfway = state.is_create_halfway || state.is_reserve_halfway;
        !state.is_run_open() && !is_halfway && state.order != Order::Pending && is_credit_right
    }

    fn folded(&self) -> Self {
        Self { are_workers_alike: true, ..*self }
    }

    fn tell(&self, before: &State, action: &Action) -> String {
        words::tell(self, before, *action)
    }

    fn describe(&self, state: &State) -> String {
        words::describe(state)
    }
}
