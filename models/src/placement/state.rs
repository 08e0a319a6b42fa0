//! Everything that is true at one moment: two databases, their tombstones, the run, two workers, what was promised.

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
    /// There is no row.
    None,
    /// Stored, not decided.
    Pending,
    /// Approved: the pivot has been passed.
    Approved,
    /// Sent after it was approved.
    Sent,
    /// Cancelled after it was approved.
    Cancelled,
}

/// The reservation, in risk-api's database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reservation {
    /// There is no row.
    None,
    /// Credit is held.
    Reserved,
    /// Credit is held for an approved order.
    Confirmed,
    /// Closed after the order was sent or cancelled; the row stays.
    Closed,
}

/// What a run is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The order is being stored.
    Creating,
    /// Credit is being reserved.
    Reserving,
    /// The pivot was asked.
    Approving,
    /// Behind the pivot: credit is being confirmed.
    Confirming,
    /// Behind the pivot, and the customer wanted out: order-api is asked to cancel.
    CancellingOrder,
    /// Unwinding: the order is being discarded; the credit is released next.
    Discarding,
    /// Unwinding: the order is being discarded, and that is all that this run would undo.
    DiscardingOnly,
    /// Unwinding: the credit is being released.
    Releasing,
    /// Without its guard: the credit is released before the order is discarded.
    ReleasingFirst,
    /// Nothing more: approved.
    EndedApproved,
    /// Nothing more: approved, and order-api was asked to cancel.
    EndedCancelled,
    /// Nothing more: rejected.
    EndedRejected,
    /// Without its guard: given up behind the pivot.
    EndedHalfway,
}

impl Step {
    /// Whether the run has nothing more to ask.
    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(
            self,
            Self::EndedApproved | Self::EndedCancelled | Self::EndedRejected | Self::EndedHalfway
        )
    }

    /// Whether the run knows that its order is approved.
    #[must_use]
    pub fn is_behind_the_pivot(self) -> bool {
        matches!(
            self,
            Self::Confirming | Self::CancellingOrder | Self::EndedApproved | Self::EndedCancelled
        )
    }

    /// What is asked of a service at this step.
    #[must_use]
    pub fn request(self) -> Option<Request> {
        match self {
            Self::Creating => Some(Request::Create),
            Self::Reserving => Some(Request::Reserve),
            Self::Approving => Some(Request::Approve),
            Self::Confirming => Some(Request::Confirm),
            Self::CancellingOrder => Some(Request::CancelOrder),
            Self::Discarding | Self::DiscardingOnly => Some(Request::Discard),
            Self::Releasing | Self::ReleasingFirst => Some(Request::Release),
            Self::EndedApproved
            | Self::EndedCancelled
            | Self::EndedRejected
            | Self::EndedHalfway => None,
        }
    }

    fn bit(self) -> u16 {
        match self {
            Self::Creating => 1,
            Self::Reserving => 1 << 1,
            Self::Approving => 1 << 2,
            Self::Confirming => 1 << 3,
            Self::CancellingOrder => 1 << 4,
            Self::Discarding => 1 << 5,
            Self::DiscardingOnly => 1 << 6,
            Self::Releasing => 1 << 7,
            Self::ReleasingFirst => 1 << 8,
            Self::EndedApproved
            | Self::EndedCancelled
            | Self::EndedRejected
            | Self::EndedHalfway => 0,
        }
    }
}

/// A request that may land at any later moment, once it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Request {
    /// order-api: store the order as pending.
    Create,
    /// risk-api: hold the credit.
    Reserve,
    /// order-api: approve.
    Approve,
    /// risk-api: confirm the reservation.
    Confirm,
    /// order-api: undo of create.
    Discard,
    /// risk-api: undo of reserve.
    Release,
    /// order-api: cancel an approved order.
    CancelOrder,
    /// risk-api: close the reservation of a sent or cancelled order.
    Close,
}

impl Request {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Create,
        Self::Reserve,
        Self::Approve,
        Self::Confirm,
        Self::Discard,
        Self::Release,
        Self::CancelOrder,
        Self::Close,
    ];

    fn bit(self) -> u16 {
        match self {
            Self::Create => 1,
            Self::Reserve => 1 << 1,
            Self::Approve => 1 << 2,
            Self::Confirm => 1 << 3,
            Self::Discard => 1 << 4,
            Self::Release => 1 << 5,
            Self::CancelOrder => 1 << 6,
            Self::Close => 1 << 7,
        }
    }
}

/// A set of requests, or of points in a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Marks(u16);

impl Marks {
    /// Whether this request was ever sent.
    #[must_use]
    pub fn has_sent(self, request: Request) -> bool {
        self.0 & request.bit() != 0
    }

    /// Whether some history of this id waits at this step.
    #[must_use]
    pub fn has_point(self, step: Step) -> bool {
        self.0 & step.bit() != 0
    }

    /// Remembers a request.
    pub fn send(&mut self, request: Request) {
        self.0 |= request.bit();
    }

    /// Remembers a point.
    pub fn record(&mut self, step: Step) {
        self.0 |= step.bit();
    }
}

/// How a run ended, as far as the reuse policy can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// Completed, approved or rejected: within retention it is not started again.
    Completed,
    /// Failed, cancelled or terminated: it may be started again.
    Failed,
}

/// The latest run of `PlaceOrder` under the order's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Run {
    /// Never started, or retention has passed.
    None,
    /// Open.
    Open {
        /// Where its history stands; a worker may be ahead of it.
        recorded: Step,
        /// The worker whose task is current.
        holder: Option<Side>,
        /// Whether its history holds the customer's cancel.
        is_cancel_signalled: bool,
    },
    /// Closed and still within retention.
    Closed(Ending),
}

/// One moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct State {
    /// The order.
    pub order: Order,
    /// Whether its tombstone row has a reason.
    pub is_order_tombstoned: bool,
    /// The reservation.
    pub reservation: Reservation,
    /// Whether its tombstone row has a reason.
    pub is_reservation_tombstoned: bool,
    /// Whether another order of this customer holds the credit, which suffices for one.
    pub is_credit_taken_by_rival: bool,
    /// The run.
    pub run: Run,
    /// Where worker 1 stands with the task it has, or had and does not know that it lost it.
    pub one: Option<Step>,
    /// Where worker 2 stands.
    pub two: Option<Step>,
    /// The requests that were ever sent.
    pub sent: Marks,
    /// The points to which a run can be reset.
    pub points: Marks,
    /// Whether some history of this id holds a cancel, which a reset applies again.
    pub was_cancel_signalled: bool,
    /// Whether a cancel was accepted and nobody threw it away since.
    pub is_cancel_owed: bool,
    /// Whether a person terminated a run.
    pub was_terminated: bool,
    /// Whether an undo took credit back from a reservation.
    pub was_released: bool,
    /// Whether the customer was told "approved" (201).
    pub was_told_approved: bool,
    /// Whether the customer was told "rejected" (409).
    pub was_told_rejected: bool,
    /// Without its guard: a create has read the tombstone table and has not written yet.
    pub is_create_halfway: bool,
    /// Without its guard: a reserve has read tombstone and credit and has not written yet.
    pub is_reserve_halfway: bool,
}

impl State {
    /// Before the customer's request.
    #[must_use]
    pub fn before() -> Self {
        Self {
            order: Order::None,
            is_order_tombstoned: false,
            reservation: Reservation::None,
            is_reservation_tombstoned: false,
            is_credit_taken_by_rival: false,
            run: Run::None,
            one: None,
            two: None,
            sent: Marks::default(),
            points: Marks::default(),
            was_cancel_signalled: false,
            is_cancel_owed: false,
            was_terminated: false,
            was_released: false,
            was_told_approved: false,
            was_told_rejected: false,
            is_create_halfway: false,
            is_reserve_halfway: false,
        }
    }

    /// Whether the order was ever approved: what `approved_at` records.
    #[must_use]
    pub fn was_approved(&self) -> bool {
        matches!(self.order, Order::Approved | Order::Sent | Order::Cancelled)
    }

    /// Whether the reservation holds credit.
    #[must_use]
    pub fn is_credit_held(&self) -> bool {
        matches!(self.reservation, Reservation::Reserved | Reservation::Confirmed)
    }

    /// Whether the run is open.
    #[must_use]
    pub fn is_run_open(&self) -> bool {
        matches!(self.run, Run::Open { .. })
    }

    /// Where the worker on this side stands.
    #[must_use]
    pub fn hand(&self, side: Side) -> Option<Step> {
        match side {
            Side::One => self.one,
            Side::Two => self.two,
        }
    }

    /// Where the worker on this side stands, to be changed.
    pub fn hand_mut(&mut self, side: Side) -> &mut Option<Step> {
        match side {
            Side::One => &mut self.one,
            Side::Two => &mut self.two,
        }
    }

    /// Whether this worker's task is the current one.
    #[must_use]
    pub fn holds_the_task(&self, side: Side) -> bool {
        matches!(self.run, Run::Open { holder: Some(holder), .. } if holder == side)
    }

    /// Whether the open run's history holds a cancel.
    #[must_use]
    pub fn is_cancel_signalled(&self) -> bool {
        matches!(self.run, Run::Open { is_cancel_signalled: true, .. })
    }

    /// The same moment with the workers in one order: which of two equal workers is which changes nothing.
    #[must_use]
    pub fn with_workers_in_order(&self) -> Self {
        let mut swapped = Self { one: self.two, two: self.one, ..*self };
        if let Run::Open { holder: Some(side), .. } = &mut swapped.run {
            *side = side.other();
        }
        if self.order_of_workers() <= swapped.order_of_workers() { *self } else { swapped }
    }

    fn order_of_workers(&self) -> (Option<Step>, Option<Step>, bool) {
        (self.one, self.two, self.holds_the_task(Side::Two))
    }
}
