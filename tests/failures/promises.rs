//! What `workflows/src/saga.rs` and `PlaceOrder` promise, one test each.

use crate::bench::Bench;
use crate::fakes::{By, Case, Fault};
use crate::scenarios::order_placed;
use crate::shop::Shop;
use contracts::OrderId;
use contracts::credit::{ReleaseCredit, ReleaseKind};
use contracts::orders::OrderStatus;
use contracts::placement::{DiscardOrder, NoticeKind, RejectReason};
use std::sync::Arc;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{WorkflowContext, WorkflowResult};
use tests::eventually;
use workflows::place_order::{PLACE_ORDER, workflow_id};
use workflows::saga::Saga;
use workflows::steps;

/// Places an order while these steps go wrong; how it ended, and what happened.
async fn place(shop: Shop, faults: &[(&str, Fault)]) -> (String, Arc<Case>) {
    let bench = Bench::start().await;
    let order_id = OrderId::make();
    let faults = faults.iter().map(|(step, fault)| ((*step).to_owned(), *fault)).collect();
    let case = Case::new(shop, faults);
    let id = workflow_id(order_id);
    bench.begin(PLACE_ORDER, &id, &order_placed(order_id), &case).await;
    let ending = bench.ending_of(&id).await;
    bench.stop().await;
    (ending, case)
}

fn poor() -> Shop {
    Shop { can_afford: false, ..Shop::empty() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undo_is_registered_before_its_step_which_may_have_happened_without_an_answer() {
    let (ending, case) = place(Shop::empty(), &[("reserve", Fault::NeverAnswered)]).await;

    assert_eq!(ending, "risk_unavailable");
    case.happened(|h| assert_eq!(h.effects, ["create", "reserve", "discard", "release"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undo_is_out_of_a_cancel_requests_reach() {
    let called_off = Fault::CalledOff(By::Both);

    let (ending, case) = place(poor(), &[("discard", called_off), ("release", called_off)]).await;

    assert_eq!(ending, "insufficient_credit");
    case.happened(|h| assert_eq!(h.effects, ["create", "discard", "release"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undo_is_tried_until_it_succeeds() {
    let (ending, case) = place(poor(), &[("release", Fault::FailsBefore(7))]).await;

    assert_eq!(ending, "insufficient_credit");
    assert_eq!(case.attempts("release"), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_undo_of_a_refused_step_runs_for_an_earlier_attempt_may_be_on_its_way() {
    let refused = Fault::RefusedAndAnEarlierOneLandsLate(1);
    let (ending, case) = place(Shop::empty(), &[("reserve", refused)]).await;

    case.lands_late();

    assert_eq!(ending, "risk_too_high");
    case.happened(|h| {
        assert!(!h.shop.holds_credit(), "{:?}", h.shop);
        assert_eq!(h.shop.credit_tombstone.as_deref(), Some("risk_too_high"));
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_completes_the_process_and_a_failure_fails_it() {
    let (refused, _) = place(Shop::empty(), &[("reserve", Fault::Refused(0))]).await;
    let (failed, _) = place(Shop::empty(), &[("create", Fault::Refused(1))]).await;

    assert_eq!((refused.as_str(), failed.as_str()), ("insufficient_credit", "ContentsDiffer"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_the_pivot_was_asked_its_answer_is_awaited_whoever_cancels() {
    let faults = [("approve", Fault::CalledOff(By::Both)), ("approve", Fault::FailsBefore(4))];

    let (ending, case) = place(Shop::empty(), &faults).await;

    assert_eq!(ending, "cancelled");
    assert!(case.attempts("approve") > 4, "{}", case.attempts("approve"));
    case.happened(|h| {
        let in_order = ["create", "reserve", "approve", "confirm", "notify-approved"];
        assert_eq!(h.effects[..5], in_order);
        assert_eq!(h.effects[5..], ["cancel", "notify-cancelled"]);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_finds_its_order_approved_goes_on_behind_the_pivot() {
    let before = Shop::with_order(OrderStatus::Sent);

    let (ending, case) = place(before, &[]).await;

    assert_eq!(ending, "approved");
    case.happened(|h| {
        let steps: Vec<&str> = h.steps.iter().map(|(step, _)| step.as_str()).collect();
        assert_eq!(steps, ["create", "confirm", "notify-approved"]);
        assert_eq!(h.shop.order, Some(OrderStatus::Sent));
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unwinding_that_finds_the_order_approved_turns_forward() {
    // This run is refused; an earlier one, since terminated, has had the order approved.
    let before = Shop::with_order(OrderStatus::Approved);

    let (ending, case) = place(before, &[("create", Fault::NeverAnswered)]).await;

    assert_eq!(ending, "approved");
    case.happened(|h| {
        assert_eq!(case_steps(&h.steps), ["create", "discard", "confirm", "notify-approved"]);
        assert!(h.shop.holds_credit());
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_never_heard_that_its_id_is_anothers_undoes_nothing_of_it() {
    let before = Shop { contents_differ: true, ..Shop::with_order(OrderStatus::Approved) };

    for fault in [Fault::NeverAnswered, Fault::CalledOff(By::Both)] {
        let (ending, case) = place(before.clone(), &[("create", fault)]).await;

        assert_eq!(ending, "ContentsDiffer", "{fault:?}");
        case.happened(|h| {
            assert_eq!(case_steps(&h.steps), ["create", "discard"], "{fault:?}");
            assert_eq!(h.shop, before, "{fault:?}");
        });
    }
}

fn case_steps(steps: &[(String, usize)]) -> Vec<&str> {
    steps.iter().map(|(step, _)| step.as_str()).collect()
}

/// Three undos and nothing else, to see how they are run.
#[workflow]
#[derive(Default)]
pub(crate) struct OnlyUndos;

#[workflow_methods]
impl OnlyUndos {
    /// Registers release, discard and notify, and unwinds: the newest first.
    #[run(name = "OnlyUndos")]
    pub(crate) async fn run(
        ctx: &mut WorkflowContext<Self>,
        order_id: OrderId,
    ) -> WorkflowResult<serde_json::Value> {
        let mut saga = Saga::new();
        let own = ctx.clone();
        saga.will_undo(move || async move {
            let credit =
                ReleaseCredit { order_id, kind: ReleaseKind::Undo, reason: "other".to_owned() };
            steps::credit::release(&own, credit).await.map(drop)
        });
        let own = ctx.clone();
        saga.will_undo(move || async move {
            let order = DiscardOrder {
                order_id,
                customer_id: crate::shop::customer(),
                contents_hash: String::new(),
                reason: RejectReason::Other,
                keep_rejected: false,
            };
            steps::order::discard(&own, order).await.map(drop)
        });
        let own = ctx.clone();
        saga.will_undo(move || async move {
            steps::order::notify(&own, order_id, NoticeKind::OrderCancelled).await.map(drop)
        });
        saga.unwind(ctx).await?;
        Ok(serde_json::json!({ "outcome": "undone" }))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stuck_undo_keeps_no_other_waiting_and_the_run_ends_when_all_are_done() {
    let bench = Bench::start_with(|options| {
        options.register_workflow::<OnlyUndos>().expect("one of its type");
    })
    .await;
    let order_id = OrderId::make();
    // Local, then normal after 0, 0.5, 1.5, 3.5, 6.5, 9.5, 12.5 … s: longer than an undo is waited for alone.
    let stuck = vec![("discard".to_owned(), Fault::FailsBefore(7))];
    let case = Case::new(Shop::empty(), stuck);
    let id = format!("undos-{order_id}");
    bench.begin("OnlyUndos", &id, &serde_json::json!(order_id), &case).await;

    eventually("the undo behind the stuck one", || async {
        (case.attempts("release") > 0).then_some(())
    })
    .await;
    let while_stuck = case.happened(|h| (case_steps(&h.steps).join(" "), h.effects.clone()));
    let ending = bench.ending_of(&id).await;
    bench.stop().await;

    let newest_first = "notify-cancelled discard release".to_owned();
    assert_eq!(while_stuck, (newest_first, vec!["release".to_owned()]), "one is still stuck");
    assert_eq!(ending, "undone");
    case.happened(|h| assert_eq!(h.effects, ["release", "discard"]));
}
