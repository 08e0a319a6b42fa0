//! The other ways to a voucher, as `benches` compares them with the product: each on a quiet system of its own, without
//! the product's worker.

use crate::counting::{self, Costs, Run, TIMES};
use crate::meter;
use benches::designs::Design;
use benches::process::{DesignProcess, start_from_outside};
use temporalio_client::Client;
use tests::{Order, World, eventually};

/// What one order that earns a voucher costs.
pub(crate) async fn costs_of(design: Design) -> Costs {
    let shop = Shop::open(design).await;
    let mut orders = Vec::new();
    for _ in 0..TIMES {
        orders.push(shop.order().await);
    }
    // The first pays for connections and prepared statements.
    shop.send(shop.order().await).await;
    let send = async |order| shop.send(order).await;
    counting::costs_of(&shop.world, design.title(), orders, send).await
}

struct Shop {
    design: Design,
    client: Client,
    _worker: Option<DesignProcess>,
    world: World,
}

impl Shop {
    async fn open(design: Design) -> Self {
        let world =
            World::start_with(|options| meter::logging_statements(options).left_down("worker"))
                .await;
        let (address, namespace) = (world.system.temporal_address(), world.system.namespace());
        let client = lacadon::temporal::connect(address, namespace).await.expect("connected");
        let worker = design.has_worker().then(|| {
            let binaries = launch::build::binaries().expect("the binaries build");
            let program = binaries.lacadon.with_file_name("design-worker");
            DesignProcess::start(&program, design, &world.system).expect("the design's process")
        });
        Self { design, client, _worker: worker, world }
    }

    async fn order(&self) -> Order {
        self.world.place_order().costing_minor(100_01).await
    }

    /// Marks an order sent, has its workflow started, and waits for the end without asking anybody who would count it.
    async fn send(&self, order: Order) -> Run {
        let done = self.done().await;
        self.world.mark_sent(&order).await;
        start_from_outside(self.design, &self.client, order.id).await.expect("started");
        if self.design == Design::StartsOnly {
            return Run::StaysOpen(order.workflow_id());
        }
        eventually("one more is done", || async { (self.done().await > done).then_some(()) }).await;
        match self.design {
            Design::Poller => Run::Nothing,
            _ => Run::Ends(order.workflow_id()),
        }
    }

    /// How many orders are done with: events that were acknowledged, or runs that have ended by the server's own count.
    async fn done(&self) -> u64 {
        match self.design {
            Design::Poller => meter::acknowledgements(&self.world).await,
            _ => meter::completed_runs(&self.world).await,
        }
    }
}
