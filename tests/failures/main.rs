//! The failure test that no process can opt out of: each step of each process × each thing that can go wrong with it.
//!
//! The processes are the worker's own list. One clean run per scenario tells which steps there are; then every step has
//! everything go wrong with it once, all at the same time, on fakes. What is asserted: the ending fits what went wrong;
//! whatever took effect was undone, once, in the order that the process declares, or the process is completed; what is
//! owed is done although somebody called it off; nothing is left pending; the history replays; and what still arrives
//! after the end changes nothing.
#![expect(clippy::expect_used, reason = "a test fails by panicking, also in what it calls")]
#![expect(
    clippy::indexing_slicing,
    reason = "a JSON field that is not there reads as null, and the comparison fails"
)]

mod bench;
mod fakes;
mod promises;
mod scenarios;
mod shop;

use bench::{Bench, assert_nothing_is_pending, assert_replays, ending};
use contracts::OrderId;
use contracts::orders::OrderStatus;
use contracts::placement::NoticeKind;
use fakes::{Case, Fault, Happened};
use futures::future::join_all;
use scenarios::{SCENARIOS, Scenario};
use shop::{Credit, Shop};
use std::sync::Arc;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;

/// One run of the loop.
struct Tried {
    what: String,
    expected: &'static str,
    ending: String,
    /// An order that is not approved has no notice: the fake said so.
    is_told: bool,
    events: Vec<HistoryEvent>,
    case: Arc<Case>,
}

#[test]
fn no_process_can_opt_out() {
    for process in worker::registry::workflow_types() {
        assert!(
            SCENARIOS.iter().any(|scenario| scenario.workflow_type == process),
            "{process} has no scenario in tests/failures/scenarios.rs"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_with_whichever_step_a_process_completes_or_leaves_nothing() {
    let bench = Bench::start().await;
    let clean = join_all(SCENARIOS.map(|scenario| run(&bench, scenario, None))).await;

    let mut planned = Vec::new();
    for (scenario, tried) in SCENARIOS.into_iter().zip(&clean) {
        let steps = tried.case.happened(|h| h.steps.clone());
        assert!(!steps.is_empty(), "{} has no steps", scenario.name);
        for (step, refusals) in steps {
            let faults = faults_of(&scenario, &step, refusals);
            planned.extend(faults.into_iter().map(|fault| (scenario, step.clone(), fault)));
        }
    }
    let runs = planned
        .iter()
        .map(|(scenario, step, fault)| run(&bench, *scenario, Some((step.as_str(), *fault))));
    let tried = join_all(runs).await;

    assert!(tried.len() > 150, "the loop has become shorter: {}", tried.len());
    for one in clean.into_iter().chain(tried) {
        check(one).await;
    }
    bench.stop().await;
}

/// Everything that can go wrong with this step of this scenario.
fn faults_of(scenario: &Scenario, step: &str, refusals: usize) -> Vec<Fault> {
    let mut faults = vec![
        Fault::FailsBefore(1),
        Fault::FailsBefore(3),
        Fault::DoneButToldFailed,
        Fault::DeliveredTwice,
        Fault::SlowerThanItsTimeOut,
        Fault::LandsLate,
    ];
    for number in 0..refusals {
        faults.extend([Fault::Refused(number), Fault::RefusedAndAnEarlierOneLandsLate(number)]);
    }
    faults.extend(scenario.called_off_by.iter().map(|by| Fault::CalledOff(*by)));
    if scenario.given_up.contains(&step) {
        faults.push(Fault::NeverAnswered);
    }
    faults
}

async fn run(bench: &Bench, scenario: Scenario, fault: Option<(&str, Fault)>) -> Tried {
    let order_id = OrderId::make();
    let always = scenario.always.iter().map(|(step, fault)| ((*step).to_owned(), *fault));
    let this = fault.iter().map(|(step, fault)| ((*step).to_owned(), *fault));
    let case = Case::new((scenario.shop)(), always.chain(this).collect());
    let workflow_id = (scenario.workflow_id)(order_id);
    let input = (scenario.input)(order_id);
    bench.begin(scenario.workflow_type, &workflow_id, &input, &case).await;
    let events = bench.history_of(&workflow_id).await;
    let ending = ending(&events);
    let what = format!("{} ({workflow_id}), {fault:?}", scenario.name);
    let expected = (scenario.ending)(fault.map_or("", |f| f.0), fault.map(|f| f.1));
    let is_told = !fault.is_some_and(|(step, fault)| {
        step.starts_with("notify") && scenarios::refused(Some(fault)).is_some()
    });
    Tried { what, expected, ending, is_told, events, case }
}

async fn check(tried: Tried) {
    let Tried { what, expected, ending, is_told, events, case } = tried;
    assert_eq!(ending, expected, "{what}");
    assert_nothing_is_pending(&events, &what);
    case.happened(|h| {
        assert_once_and_in_order(h, &what);
        assert_fits(&h.shop, &ending, is_told, &what);
    });
    // What was still on its way arrives when nobody waits for it any more.
    case.lands_late();
    case.happened(|h| {
        assert_once_and_in_order(h, &what);
        assert_fits(&h.shop, &ending, is_told, &what);
    });
    assert_replays(events, &what).await;
}

/// Each step took effect at most once, whoever asked how often; undos came in the order that the process declares.
fn assert_once_and_in_order(happened: &Happened, what: &str) {
    let effects = &happened.effects;
    for step in effects {
        let times = effects.iter().filter(|other| *other == step).count();
        assert_eq!(times, 1, "{what}: {step} took effect {times} times: {effects:?}");
    }
    let place_of = |step: &str| effects.iter().position(|other| other == step);
    if let Some(released) = place_of("release")
        && happened.shop.order != Some(OrderStatus::Sent)
    {
        let discarded = place_of("discard");
        assert!(discarded.is_some_and(|at| at < released), "{what}: {effects:?}");
    }
}

/// What the services know now is what the ending says.
fn assert_fits(shop: &Shop, ending: &str, is_told: bool, what: &str) {
    let has = |kind| shop.notices.contains(&kind) || !is_told;
    match ending {
        "approved" => {
            assert!(shop.was_approved && shop.holds_credit(), "{what}: {shop:?}");
            assert!(has(NoticeKind::OrderApproved), "{what}: {shop:?}");
        }
        "cancelled" => {
            assert_eq!(shop.order, Some(OrderStatus::Cancelled), "{what}");
            assert!(has(NoticeKind::OrderApproved), "{what}: {shop:?}");
            assert!(has(NoticeKind::OrderCancelled), "{what}: {shop:?}");
        }
        // It owes nothing: what it gave up the next run sees again.
        "incomplete" | "Canceled" => assert!(shop.vouchers <= 1, "{what}"),
        "violators" => assert_eq!(shop.vouchers, 1, "{what}"),
        "granted" => assert_eq!(shop.vouchers, 1, "{what}"),
        "released" => assert_eq!(shop.credit, Some(Credit::Released), "{what}"),
        "ContentsDiffer" | "OrderNotSent" | "OrderUnknown" => {
            let touched = shop.order_tombstone.is_some() || shop.credit_tombstone.is_some();
            assert!(!touched, "{what}: undid what is not its own: {shop:?}");
        }
        "ReservationUnknown" => assert!(shop.was_approved, "{what}: {shop:?}"),
        _ => {
            assert_eq!(shop.order, None, "{what}");
            assert!(!shop.holds_credit(), "{what}: {shop:?}");
            assert!(shop.notices.is_empty(), "{what}: {shop:?}");
            assert!(shop.order_tombstone.is_some(), "{what}: a late create would stay");
            assert!(shop.credit_tombstone.is_some(), "{what}: a late reserve would stay");
        }
    }
}
