//! The faults of the failure loop once more, against the real services and their databases, with a proxy in between:
//! each step × each fault ends as without it, and what ends before the pivot leaves both databases as they were.

use reqwest::StatusCode;
use tests::proxy::{Gate, Proxy};
use tests::{Customer, World, eventually};

/// What goes wrong with a step.
#[derive(Debug, Clone, Copy)]
enum Fault {
    FailsBefore,
    DoneButToldFailed,
    DeliveredTwice,
    SlowerThanItsTimeOut,
    LandsLate,
}

const FAULTS: [Fault; 5] = [
    Fault::FailsBefore,
    Fault::DoneButToldFailed,
    Fault::DeliveredTwice,
    Fault::SlowerThanItsTimeOut,
    Fault::LandsLate,
];

/// The side that a step is on, and what its call holds.
type Step = (Side, &'static str);

#[derive(Debug, Clone, Copy)]
enum Side {
    Orders,
    Credit,
}

/// A world whose worker reaches order-api and risk-api through proxies.
struct Faulty {
    world: World,
    orders: Proxy,
    credit: Proxy,
}

impl Faulty {
    async fn start() -> Self {
        let (orders, credit) = (Proxy::start().await, Proxy::start().await);
        let world = World::start_with(|options| {
            options
                .with_env("worker", "ORDER_API_URL", orders.address())
                .with_env("worker", "RISK_API_URL", credit.address())
                .with_env("gateway", "GATEWAY_RISK_PATIENCE_MS", "20000")
        })
        .await;
        orders.forward_to(world.system.order_api_url());
        credit.forward_to(world.system.risk_api_url());
        Self { world, orders, credit }
    }

    fn side(&self, side: Side) -> &Proxy {
        match side {
            Side::Orders => &self.orders,
            Side::Credit => &self.credit,
        }
    }

    /// Has it go wrong; what is on its way stays there until the gate is opened.
    fn arrange(&self, (side, part): Step, fault: Fault) -> Option<Gate> {
        let proxy = self.side(side);
        match fault {
            Fault::FailsBefore => proxy.lose_requests(part, 2),
            Fault::DoneButToldFailed => proxy.lose_replies(part, 2),
            Fault::DeliveredTwice => proxy.deliver_twice(part, 2),
            Fault::SlowerThanItsTimeOut => return Some(proxy.hold_replies(part)),
            Fault::LandsLate => return Some(proxy.deliver_late(part, 1)),
        }
        None
    }

    /// Places an order while it goes wrong, and lets late calls land when the run has ended.
    async fn place(&self, ada: &Customer<'_>, step: Step, fault: Fault) -> (String, String) {
        let key = format!("{step:?} {fault:?}").replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let mut gate = self.arrange(step, fault);
        if matches!(fault, Fault::SlowerThanItsTimeOut)
            && let Some(mut held) = gate.take()
        {
            let slow = async {
                // The second call comes when the first one's time is over.
                held.wait_until_held(2).await;
                held.open();
            };
            tokio::join!(slow, ada.tries_to_place(&key, 10_00)).1.expect("an answer");
        }
        let told = ada.insists_on(&key, 10_00).await;
        let outcome = self.world.placement_ends(told.order_id()).await;
        let is_told_so = match told.status {
            StatusCode::CREATED => outcome == "approved",
            _ => outcome == told.reason(),
        };
        assert!(is_told_so, "{key}: told {told:?}, and it is {outcome}");
        if let Some(gate) = gate {
            gate.open();
        }
        self.side(step.0).wait_until_nothing_is_on_its_way().await;
        self.orders.heal();
        self.credit.heal();
        (told.order_id().to_string(), outcome)
    }
}

#[tokio::test]
async fn whatever_goes_wrong_with_a_step_of_an_order_that_is_due_there_is_one_order_with_its_credit()
 {
    let faulty = Faulty::start().await;
    let ada = faulty.world.customer_with_credit("cus_ada", 10_000_00).await;
    let steps = [
        (Side::Orders, "PUT /orders/ord_"),
        (Side::Credit, "PUT /reservations/"),
        (Side::Orders, "/approve"),
        (Side::Credit, "/confirm"),
        (Side::Orders, "/notices/"),
    ];

    let mut placed = Vec::new();
    for step in steps {
        for fault in FAULTS {
            let (order_id, outcome) = faulty.place(&ada, step, fault).await;
            assert_eq!(outcome, "approved", "{step:?} {fault:?}");
            placed.push(order_id);
        }
    }

    let (mut live, left) = faulty.world.credit_of("cus_ada").await;
    live.sort();
    placed.sort();
    assert_eq!((live, left), (placed, 10_000_00 - 25 * 10_00));
    for order_id in faulty.world.credit_of("cus_ada").await.0 {
        let order_id = order_id.parse().expect("an order id");
        assert_eq!(faulty.world.order(order_id).await.expect("there")["status"], "approved");
        assert_eq!(faulty.world.notices_of(order_id).await, ["order_approved"]);
    }
}

#[tokio::test]
async fn whatever_goes_wrong_with_a_step_of_an_order_that_is_refused_both_sides_are_as_they_were() {
    let faulty = Faulty::start().await;
    let ada = faulty.world.customer_with_credit("cus_ada", 5_00).await;
    let before = faulty.world.both_sides().await;
    let steps = [
        (Side::Orders, "PUT /orders/ord_"),
        (Side::Credit, "PUT /reservations/"),
        (Side::Orders, "/discard"),
        (Side::Credit, "kind=undo"),
    ];

    for step in steps {
        for fault in FAULTS {
            let (_, outcome) = faulty.place(&ada, step, fault).await;

            assert_eq!(outcome, "insufficient_credit", "{step:?} {fault:?}");
            assert_eq!(faulty.world.both_sides().await, before, "{step:?} {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_step_that_is_given_up_and_lands_later_is_refused_on_both_sides() {
    let faulty = Faulty::start().await;
    let ada = faulty.world.customer_with_credit("cus_ada", 50_00).await;
    let before = faulty.world.both_sides().await;

    for step in [(Side::Orders, "PUT /orders/ord_"), (Side::Credit, "PUT /reservations/")] {
        // No attempt is answered until the customer calls the order off; then all of them arrive.
        let gate = faulty.side(step.0).deliver_late(step.1, u32::MAX);
        let told =
            ada.places(&format!("{step:?}").replace(['(', ')', '"', ' ', ','], "-"), 10_00).await;
        assert_eq!(told.status, StatusCode::ACCEPTED, "{told:?}");
        assert_eq!(ada.calls_off(told.order_id()).await.status, StatusCode::ACCEPTED);
        assert_eq!(faulty.world.placement_ends(told.order_id()).await, "cancelled_by_customer");
        gate.open();
        faulty.side(step.0).wait_until_nothing_is_on_its_way().await;
        faulty.side(step.0).heal();

        assert_eq!(faulty.world.both_sides().await, before, "{step:?}");
    }
    eventually("the whole limit is there", || async {
        (faulty.world.credit_of("cus_ada").await.1 == 50_00).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_order_that_is_called_off_at_any_step_is_taken_back_or_cancelled_on_both_sides() {
    let faulty = Faulty::start().await;
    let ada = faulty.world.customer_with_credit("cus_ada", 1_000_00).await;
    let before = faulty.world.both_sides().await;

    for (step, expected) in [
        ((Side::Orders, "PUT /orders/ord_"), "cancelled_by_customer"),
        ((Side::Credit, "PUT /reservations/"), "cancelled_by_customer"),
        ((Side::Orders, "/approve"), "cancelled"),
        ((Side::Credit, "/confirm"), "cancelled"),
        ((Side::Orders, "/notices/"), "cancelled"),
    ] {
        // The step takes effect, and its answer does not come before the customer has called the order off.
        let mut gate = faulty.side(step.0).hold_replies(step.1);
        let key = format!("{step:?}").replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let told = ada.places(&key, 10_00).await;
        gate.wait_until_held(1).await;
        let called_off = ada.calls_off(told.order_id()).await;
        assert_eq!(called_off.status, StatusCode::ACCEPTED, "{step:?}: {called_off:?}");
        gate.open();

        let ending = faulty.world.placement_ends(told.order_id()).await;
        faulty.side(step.0).heal();
        assert_eq!(ending, expected, "{step:?}");
        if expected == "cancelled" {
            faulty.world.ending_of(&format!("credit-{}", told.order_id())).await;
            let order = faulty.world.order(told.order_id()).await.expect("it is kept");
            assert_eq!(order["status"], "cancelled", "{step:?}");
        } else {
            assert_eq!(faulty.world.both_sides().await, before, "{step:?}");
        }
        assert_eq!(faulty.world.credit_of("cus_ada").await, (Vec::new(), 1_000_00), "{step:?}");
    }
}
