//! The actions that are counted: each is one business case from its request to the end of its process.

use crate::meter::{self, Statements};
use serde_json::Value;
use tests::metrics::{Counts, at_rest, difference};
use tests::{Customer, World, eventually};

/// How often each is done. All must cost the same, or it is no cost of the action.
const TIMES: u64 = 4;

/// One business case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// An order of 100.01 is marked sent.
    Voucher,
    /// An order of 100.00 is marked sent.
    NoVoucher,
    /// A customer places an order and has the credit for it.
    Approved,
    /// A customer places an order and has not.
    Rejected,
    /// An approved order is cancelled, and its credit is free again.
    Released,
}

/// All of them.
pub(crate) const ACTIONS: [Action; 5] =
    [Action::Voucher, Action::NoVoucher, Action::Approved, Action::Rejected, Action::Released];

/// What one action costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Costs {
    /// Events of the process's history.
    pub(crate) history_events: u64,
    /// Its bytes, of the longest: ids and times are longer by some bytes now and then.
    pub(crate) history_bytes: u64,
    /// State transitions, which is what Temporal Cloud and a cluster's database feel.
    pub(crate) state_transitions: u64,
    /// Calls on the Temporal server by operation.
    pub(crate) grpc: Counts,
    /// Calls on our services by route.
    pub(crate) http: Counts,
    /// Statements and commits by service.
    pub(crate) sql: Counts,
}

/// A quiet shop.
pub(crate) struct Shop {
    world: World,
}

impl Shop {
    /// Opened, warm, and with every statement in the logs.
    pub(crate) async fn open() -> Self {
        let world = World::start_with(|options| {
            meter::SERVICES.into_iter().fold(options, |options, service| {
                options.with_env(service, "RUST_LOG", "info,sqlx::query=debug")
            })
        })
        .await;
        world.customer_with_credit("cus_ada", 1_000_000_00).await;
        world.customer_with_credit("cus_bob", 1_00).await;
        let shop = Self { world };
        // The first of each kind pays for connections and prepared statements.
        for action in ACTIONS {
            let prepared = shop.prepare(action, 0).await;
            shop.act(action, &prepared, 0).await;
        }
        shop
    }

    /// Does it several times, and says what one costs.
    pub(crate) async fn costs_of(&self, action: Action) -> Costs {
        let mut prepared = Vec::new();
        for number in 1..=TIMES {
            prepared.push((number, self.prepare(action, number).await));
        }
        let (grpc, http) = self.counters().await;
        let mut workflow_ids = Vec::new();
        let mut sql: Vec<Counts> = Vec::new();
        for (number, prepared) in &prepared {
            let logs = Statements::from_now(&self.world);
            workflow_ids.push(self.act(action, prepared, *number).await);
            sql.push(logs.at_rest().await);
        }
        let (grpc_after, http_after) = self.counters().await;
        let (mut runs, mut history_bytes) = (Vec::new(), 0);
        for workflow_id in workflow_ids {
            let (events, bytes, transitions) = self.run(&workflow_id).await;
            runs.push((events, transitions));
            history_bytes = history_bytes.max(bytes);
        }
        let (history_events, state_transitions) = all_alike(action, runs);
        Costs {
            history_events,
            history_bytes,
            state_transitions,
            grpc: one_of(action, &difference(&grpc, &grpc_after)),
            http: one_of(action, &difference(&http, &http_after)),
            sql: all_alike(action, sql),
        }
    }

    async fn counters(&self) -> (Counts, Counts) {
        (at_rest(|| meter::grpc(&self.world)).await, meter::http(&self.world).await)
    }

    /// What must be there before, and is not counted: the order's id, where one is needed.
    async fn prepare(&self, action: Action, number: u64) -> Option<tests::Order> {
        match action {
            Action::Voucher => Some(self.world.place_order().costing_minor(100_01).await),
            Action::NoVoucher => Some(self.world.place_order().costing_minor(100_00).await),
            Action::Approved | Action::Rejected => None,
            Action::Released => {
                let ada = self.world.customer("cus_ada");
                let told = ada.places(&format!("to-release-{number}"), 10_00).await;
                self.world.placement_ends(told.order_id()).await;
                Some(tests::Order { id: told.order_id(), customer_id: ada.id.clone() })
            }
        }
    }

    /// Does it, waits for its end without asking any database, and names its run.
    async fn act(&self, action: Action, order: &Option<tests::Order>, number: u64) -> String {
        match (action, order) {
            (Action::Voucher | Action::NoVoucher, Some(order)) => {
                let settled = self.settled().await;
                self.world.mark_sent(order).await;
                self.one_more_is_settled(settled).await;
                order.workflow_id()
            }
            (Action::Released, Some(order)) => {
                let settled = self.settled().await;
                self.world.cancel(order).await;
                self.one_more_is_settled(settled).await;
                format!("credit-{}", order.id)
            }
            (Action::Approved, _) => {
                let told = self.ada().places(&format!("approved-{number}"), 10_00).await;
                format!("place-{}", told.order_id())
            }
            (Action::Rejected, _) => {
                let bob = self.world.customer("cus_bob");
                let told = bob.places(&format!("rejected-{number}"), 10_00).await;
                format!("place-{}", told.order_id())
            }
            (_, None) => panic!("{action:?} needs an order"),
        }
    }

    fn ada(&self) -> Customer<'_> {
        self.world.customer("cus_ada")
    }

    /// How many events the relay has settled, by its own count.
    async fn settled(&self) -> u64 {
        meter::settled_events(&self.world).await
    }

    async fn one_more_is_settled(&self, before: u64) {
        eventually("the event is settled", || async {
            (self.settled().await > before).then_some(())
        })
        .await;
    }

    /// Events, bytes and state transitions of a run that has ended.
    async fn run(&self, workflow_id: &str) -> (u64, u64, u64) {
        self.world.ending_of(workflow_id).await;
        let words = ["workflow", "describe", "--workflow-id", workflow_id];
        let described = self.world.temporal.json(&words).await;
        let info = described.get("workflowExecutionInfo").expect("a run");
        let number = |field: &str| -> u64 {
            let Some(Value::String(digits)) = info.get(field) else {
                panic!("no {field} in {described}")
            };
            digits.parse().expect("a number")
        };
        (number("historyLength"), number("historySizeBytes"), number("stateTransitionCount"))
    }
}

/// The one value of all.
fn all_alike<T: PartialEq + std::fmt::Debug>(action: Action, values: Vec<T>) -> T {
    let mut values = values.into_iter();
    let first = values.next().expect("at least one");
    for other in values {
        assert_eq!(first, other, "{action:?} does not cost the same every time");
    }
    first
}

/// What one of [`TIMES`] actions costs.
fn one_of(action: Action, all: &Counts) -> Counts {
    let share = |(name, count): (&String, &u64)| {
        assert_eq!(count % TIMES, 0, "{action:?} costs {count} {name} in {TIMES} times");
        (name.clone(), count / TIMES)
    };
    all.iter().map(share).collect()
}
