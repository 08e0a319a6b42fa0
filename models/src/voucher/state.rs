//! Everything that is true at one moment: two databases, the event, the run under the order's id, two workers.

/// One of the two workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Worker 1.
    One,
    /// Worker 2.
    Two,
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::One => Self::Two,
            Self::Two => Self::One,
        }
    }
}

/// The order, in order-api's database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// Placed, neither sent nor cancelled.
    Approved,
    /// Sent, for good.
    Sent,
    /// Cancelled, for good.
    Cancelled,
}

/// The event `order.sent`, in order-api's outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// There is none.
    NotWritten,
    /// It may be claimed. A postponed event is one of these: time only delays it.
    Waiting,
    /// This worker's claim holds it.
    Leased(Side),
    /// Never handed out again.
    Settled,
}

/// What the run was started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Input {
    /// Our process, the order of the run's id.
    Right,
    /// Our process, another order than the run's id says.
    AnotherOrder,
    /// Another process altogether under our id.
    AnotherProcess,
}

/// How a run ended, as far as the reuse policy can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ending {
    /// Completed: granted or not qualified.
    Completed,
    /// Failed, terminated or cancelled: its id is free again.
    Failed,
}

/// What the history of the open run holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Recorded {
    /// Only its start.
    Nothing,
    /// The decision that a voucher is due.
    VoucherIsDue,
    /// The decision that the order is not sent.
    NotSent,
}

/// The latest run under the order's id, as Temporal keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Run {
    /// Never started, or retention has passed.
    None,
    /// Open.
    Open {
        /// What it was started with.
        input: Input,
        /// Whether a relay started it for the event.
        is_by_event: bool,
        /// What its history holds.
        recorded: Recorded,
        /// The worker whose task is current; only its completion is accepted.
        holder: Option<Side>,
        /// Whether an operator asked to cancel it.
        is_cancel_requested: bool,
    },
    /// Closed and still within retention.
    Closed {
        /// How.
        ending: Ending,
        /// What it was started with.
        input: Input,
    },
}

/// Where a worker's relay stands with the event it claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relay {
    /// Without an event.
    Idle,
    /// The event is here, nothing was asked.
    Claimed,
    /// The start was sent, no answer yet.
    Asked,
    /// The answer was "already started"; the run must be looked at.
    Refused,
    /// The run in the way was completed by another process; the start that ignores it is to be sent.
    StartingOver,
    /// The acknowledgement "settled" is on its way.
    Settling,
    /// The acknowledgement "postponed" is on its way.
    Postponing,
}

/// Where a worker's execution of a workflow task stands. It may have lost the task meanwhile and not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hand {
    /// Without a task.
    Idle,
    /// About to read the order.
    Deciding,
    /// The request to issue was sent, no answer yet.
    Issuing,
    /// About to report how the run ends.
    Finishing(Ending),
}

/// A worker: relay and process runner in one, both lost when it is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Worker {
    /// Its relay.
    pub relay: Relay,
    /// Its task.
    pub hand: Hand,
}

/// One moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct State {
    /// Whether the order's frozen total is over the limit.
    pub is_over_limit: bool,
    /// The order.
    pub order: Order,
    /// The event.
    pub event: Event,
    /// Without its guard: the order is committed as sent, its event is not written yet.
    pub is_event_owed: bool,
    /// The run.
    pub run: Run,
    /// Worker 1.
    pub one: Worker,
    /// Worker 2.
    pub two: Worker,
    /// Whether a start was ever sent: it may land at any later moment, again and again.
    pub may_start_land: bool,
    /// Whether a "settled" was ever sent: likewise.
    pub may_settle_land: bool,
    /// Whether a request to issue was ever sent: likewise.
    pub may_issue_land: bool,
    /// Vouchers of this order and rule, counted up to two.
    pub vouchers: u8,
    /// Whether an operator terminated the run for which the event was settled, before it gave the voucher.
    pub was_owing_run_terminated: bool,
}

impl State {
    /// An order that was just placed.
    #[must_use]
    pub fn placed(is_over_limit: bool) -> Self {
        let idle = Worker { relay: Relay::Idle, hand: Hand::Idle };
        Self {
            is_over_limit,
            order: Order::Approved,
            event: Event::NotWritten,
            is_event_owed: false,
            run: Run::None,
            one: idle,
            two: idle,
            may_start_land: false,
            may_settle_land: false,
            may_issue_land: false,
            vouchers: 0,
            was_owing_run_terminated: false,
        }
    }

    /// Whether the rule owes a voucher.
    #[must_use]
    pub fn is_voucher_due(&self) -> bool {
        self.order == Order::Sent && self.is_over_limit
    }

    /// Whether a run is open that a relay started for the event.
    #[must_use]
    pub fn is_run_by_event(&self) -> bool {
        matches!(self.run, Run::Open { is_by_event: true, .. })
    }

    /// The worker on this side.
    #[must_use]
    pub fn worker(&self, side: Side) -> Worker {
        match side {
            Side::One => self.one,
            Side::Two => self.two,
        }
    }

    /// The worker on this side, to be changed.
    pub fn worker_mut(&mut self, side: Side) -> &mut Worker {
        match side {
            Side::One => &mut self.one,
            Side::Two => &mut self.two,
        }
    }

    /// The same moment with the workers in one order: which of two equal workers is which changes nothing.
    #[must_use]
    pub fn with_workers_in_order(&self) -> Self {
        let swapped = self.with_workers_swapped();
        if self.order_of_workers() <= swapped.order_of_workers() { *self } else { swapped }
    }

    fn with_workers_swapped(&self) -> Self {
        let mut swapped = Self { one: self.two, two: self.one, ..*self };
        if let Event::Leased(side) = &mut swapped.event {
            *side = side.other();
        }
        if let Run::Open { holder: Some(side), .. } = &mut swapped.run {
            *side = side.other();
        }
        swapped
    }

    fn order_of_workers(&self) -> (Worker, Worker, bool, bool) {
        let is_leased_to_two = self.event == Event::Leased(Side::Two);
        (self.one, self.two, is_leased_to_two, self.holds_the_task(Side::Two))
    }

    /// Whether this worker's task is the current one.
    #[must_use]
    pub fn holds_the_task(&self, side: Side) -> bool {
        matches!(self.run, Run::Open { holder: Some(holder), .. } if holder == side)
    }
}
