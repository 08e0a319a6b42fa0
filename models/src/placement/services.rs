//! The two services: each request is one local transaction, and its answer says what is true for good.

use super::{Guard, Order, Placement, Request, Reservation, State};

/// What a service answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Done, or done before.
    Done,
    /// Refused: a tombstone, no credit, or no pending order.
    Refused,
    /// The order was approved before.
    AlreadyApproved,
}

impl Placement {
    /// The request takes effect.
    pub(super) fn serve(&self, state: &mut State, request: Request) -> Answer {
        match request {
            Request::Create => self.create(state),
            Request::Reserve => self.reserve(state),
            Request::Approve => self.approve(state),
            Request::Confirm => confirm(state),
            Request::Discard => self.discard(state),
            Request::Release => self.release(state),
            Request::CancelOrder => cancel_order(state),
            Request::Close => close(state),
        }
    }

    fn create(&self, state: &mut State) -> Answer {
        if state.is_order_tombstoned {
            return Answer::Refused;
        }
        insert_order(state)
    }

    /// Idempotent: an order that has its reservation never counts against itself.
    fn reserve(&self, state: &mut State) -> Answer {
        match state.reservation {
            _ if state.is_reservation_tombstoned => Answer::Refused,
            Reservation::Reserved | Reservation::Confirmed => Answer::Done,
            Reservation::Closed => Answer::Refused,
            Reservation::None if state.is_credit_taken_by_rival => Answer::Refused,
            Reservation::None => {
                state.reservation = Reservation::Reserved;
                Answer::Done
            }
        }
    }

    fn approve(&self, state: &mut State) -> Answer {
        match state.order {
            Order::Pending => {
                state.order = Order::Approved;
                Answer::Done
            }
            Order::Approved => Answer::Done,
            Order::Sent | Order::Cancelled if self.has(Guard::DecidedByApprovedAt) => Answer::Done,
            Order::None | Order::Sent | Order::Cancelled => Answer::Refused,
        }
    }

    fn discard(&self, state: &mut State) -> Answer {
        match state.order {
            Order::Approved => Answer::AlreadyApproved,
            Order::Sent | Order::Cancelled if self.has(Guard::DecidedByApprovedAt) => {
                Answer::AlreadyApproved
            }
            Order::Sent | Order::Cancelled => Answer::Done,
            Order::None | Order::Pending => {
                state.order = Order::None;
                state.is_order_tombstoned |= self.has(Guard::OrderTombstone);
                Answer::Done
            }
        }
    }

    fn release(&self, state: &mut State) -> Answer {
        if state.is_credit_held() {
            state.reservation = Reservation::None;
            state.was_released = true;
        }
        state.is_reservation_tombstoned |= self.has(Guard::ReservationTombstone);
        Answer::Done
    }

    /// Without its guard: a do reads in one transaction what it relies on in the next.
    pub(super) fn look_before_writing(&self, state: &mut State, request: Request) {
        match request {
            Request::Create => state.is_create_halfway = !state.is_order_tombstoned,
            _ => {
                let is_credit_free =
                    !state.is_credit_taken_by_rival && state.reservation == Reservation::None;
                state.is_reserve_halfway = !state.is_reservation_tombstoned && is_credit_free;
            }
        }
    }

    /// Without its guard: the second transaction believes what the first one read.
    pub(super) fn write_what_was_looked_up(&self, state: &mut State, request: Request) {
        let rereads_tombstone = self.has(Guard::TombstoneInTheSameTransaction);
        let rereads_credit = self.has(Guard::AccountLocked);
        if request == Request::Create {
            state.is_create_halfway = false;
            if !(rereads_tombstone && state.is_order_tombstoned) {
                insert_order(state);
            }
            return;
        }
        state.is_reserve_halfway = false;
        let is_refused = rereads_tombstone && state.is_reservation_tombstoned
            || rereads_credit && state.is_credit_taken_by_rival
            || state.reservation != Reservation::None;
        if !is_refused {
            state.reservation = Reservation::Reserved;
        }
    }
}

fn insert_order(state: &mut State) -> Answer {
    match state.order {
        Order::None | Order::Pending => {
            state.order = Order::Pending;
            Answer::Done
        }
        Order::Approved | Order::Sent | Order::Cancelled => Answer::AlreadyApproved,
    }
}

/// A reservation that is gone is an answer, not an error.
fn confirm(state: &mut State) -> Answer {
    if state.reservation == Reservation::Reserved {
        state.reservation = Reservation::Confirmed;
    }
    Answer::Done
}

/// An order that was sent meanwhile stays sent; the customer reads it on the page.
fn cancel_order(state: &mut State) -> Answer {
    if state.order == Order::Approved {
        state.order = Order::Cancelled;
    }
    Answer::Done
}

fn close(state: &mut State) -> Answer {
    if state.is_credit_held() {
        state.reservation = Reservation::Closed;
    }
    state.is_reservation_tombstoned = true;
    Answer::Done
}
