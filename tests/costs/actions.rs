//! The actions that are counted: each is one business case from its request to the end of its process.

use crate::counting::{self, Costs, Run, TIMES};
use crate::meter;
use lacadon::system::SystemOptions;
use tests::metrics::Counts;
use tests::{Customer, Order, World, eventually};

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

/// A quiet shop.
pub(crate) struct Shop {
    world: World,
}

/// What must be there before an action, and is not counted.
struct Prepared {
    number: u64,
    order: Option<Order>,
}

impl Shop {
    /// Opened, and warm; `adjust` says where its data is.
    pub(crate) async fn open(adjust: impl FnOnce(SystemOptions) -> SystemOptions) -> Self {
        let world = World::start_with(|options| meter::logging_statements(adjust(options))).await;
        world.customer_with_credit("cus_ada", 1_000_000_00).await;
        world.customer_with_credit("cus_bob", 1_00).await;
        let shop = Self { world };
        // The first of each kind pays for connections and prepared statements.
        for action in ACTIONS {
            let prepared = shop.prepare(action, 0).await;
            shop.act(action, prepared).await;
        }
        shop
    }

    /// What one costs.
    pub(crate) async fn costs_of(&self, action: Action) -> Costs {
        let prepared = self.prepare_all(action).await;
        let act = async |prepared| self.act(action, prepared).await;
        counting::costs_of(&self.world, &format!("{action:?}"), prepared, act).await
    }

    /// What one costs in the databases alone.
    pub(crate) async fn sql_of(&self, action: Action) -> Counts {
        let prepared = self.prepare_all(action).await;
        let act = async |prepared| self.act(action, prepared).await;
        counting::sql_of(&self.world, &format!("{action:?}"), prepared, act).await
    }

    async fn prepare_all(&self, action: Action) -> Vec<Prepared> {
        let mut prepared = Vec::new();
        for number in 1..=TIMES {
            prepared.push(self.prepare(action, number).await);
        }
        prepared
    }

    async fn prepare(&self, action: Action, number: u64) -> Prepared {
        let order = match action {
            Action::Voucher => Some(self.world.place_order().costing_minor(100_01).await),
            Action::NoVoucher => Some(self.world.place_order().costing_minor(100_00).await),
            Action::Approved | Action::Rejected => None,
            Action::Released => {
                let ada = self.ada();
                let told = ada.places(&format!("to-release-{number}"), 10_00).await;
                self.world.placement_ends(told.order_id()).await;
                Some(Order { id: told.order_id(), customer_id: ada.id.clone() })
            }
        };
        Prepared { number, order }
    }

    /// Does it, and waits for its end without asking any database.
    async fn act(&self, action: Action, Prepared { number, order }: Prepared) -> Run {
        let workflow_id = match (action, order) {
            (Action::Voucher | Action::NoVoucher, Some(order)) => {
                let settled = self.settled().await;
                self.world.mark_sent(&order).await;
                self.one_more_is_settled(settled).await;
                order.workflow_id()
            }
            (Action::Released, Some(order)) => {
                let settled = self.settled().await;
                self.world.cancel(&order).await;
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
        };
        Run::Ends(workflow_id)
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
}
