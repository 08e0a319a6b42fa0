//! What is stuck is decided by a person: the run ends and the decision with its reason is on file after the run's history
//! is gone.

use contracts::OrderId;
use lacadon::system::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::process::Output;
use tests::proxy::Proxy;
use tests::{Customer, Ending, World, eventually};

/// The command, as an operator types it beside a running system.
async fn stuck(world: &World, words: &[&str]) -> Output {
    let binaries = launch::build::binaries().expect("the binaries build");
    tokio::process::Command::new(&binaries.lacadon)
        .env_remove("TEMPORAL_ADDRESS")
        .arg("--data-dir")
        .arg(world.system.data_dir())
        .arg("stuck")
        .args(words)
        .output()
        .await
        .expect("it runs")
}

async fn done(world: &World, words: &[&str]) -> String {
    let output = stuck(world, words).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{words:?}: {said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}

async fn refused(world: &World, words: &[&str]) -> String {
    let output = stuck(world, words).await;
    assert!(!output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn report(world: &World, case: &str, report: Value) {
    let url = format!("{}/cases/{case}", world.system.desk_api_url());
    let (status, body) = world.call(Method::PUT, &url, Role::Worker, Some(&report)).await;
    assert!(status.is_success(), "{body}");
}

async fn shown(world: &World, case: &str) -> Value {
    let said = done(world, &["show", case, "--json"]).await;
    serde_json::from_str(&said).expect("JSON")
}

/// A world whose placements give up soon on a risk service that is away.
async fn impatient_world() -> World {
    World::start_with(|options| options.with_env("gateway", "GATEWAY_RISK_PATIENCE_MS", "1500"))
        .await
}

/// A placement that was rejected because risk-api is away, and that cannot give the credit back for the same reason.
async fn stuck_undo(world: &World, ada: &Customer<'_>, key: &str) -> (OrderId, String) {
    world.process("risk-api").stop().await.expect("stopped");
    let order_id = ada.insists_on(key, 50_00).await.order_id();
    let run = format!("place-{order_id}");
    is_tried_again(world, &run, "credit.release").await;
    let case = format!("undo_keeps_failing/{run}");
    report(world, &case, json!({"summary": "credit.release fails", "workflow_id": run})).await;
    (order_id, case)
}

async fn is_tried_again(world: &World, run: &str, activity: &str) {
    eventually(&format!("{activity} of {run} is tried again"), || async {
        let run = world.temporal.describe(run).await?;
        let pending = run.get("pendingActivities")?.as_array()?;
        let is_it = |step: &&Value| {
            step.pointer("/activityType/name").is_some_and(|name| name == activity)
                && step.get("lastFailure").is_some()
        };
        pending.iter().find(is_it).map(drop)
    })
    .await;
}

#[tokio::test]
async fn an_undo_that_is_skipped_ends_the_run_and_the_decision_is_on_file_after_its_history_is_gone()
 {
    let world = impatient_world().await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;
    let (order_id, case) = stuck_undo(&world, &ada, "key").await;
    let because = "risk-api was wound up; its accounts are closed";

    let listed = done(&world, &["list"]).await;
    done(&world, &["retry", &case]).await;
    let skip = ["skip", &case, "--because", because];
    let said = done(&world, &skip).await;

    assert!(listed.contains(&case) && listed.contains("credit.release fails"), "{listed}");
    assert!(said.contains("counts as done"), "{said}");
    assert_eq!(world.placement_ends(order_id).await, "risk_unavailable");
    assert!(done(&world, &skip).await.contains("carried out before"));
    world.temporal_forgets_everything().await;
    assert_eq!(world.temporal.events(&format!("place-{order_id}")).await, Vec::<Value>::new());
    let case = shown(&world, &case).await;
    assert_eq!(case["state"], "skipped");
    let decisions = case["decisions"].as_array().expect("decisions");
    assert_eq!((decisions.len(), &decisions[1]["decision"]), (2, &json!("retry")));
    assert_eq!(
        (&decisions[0]["decision"], &decisions[0]["because"]),
        (&json!("skip"), &json!(because))
    );
    assert_eq!(decisions[0]["by"], "back-office");
}

#[tokio::test]
async fn an_undo_that_is_retried_is_tried_anew_and_ends_the_run_when_its_service_is_back() {
    let world = impatient_world().await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;
    let (order_id, case) = stuck_undo(&world, &ada, "key").await;
    let run = format!("place-{order_id}");
    let attempt = async || {
        let run = world.temporal.describe(&run).await?;
        run.pointer("/pendingActivities/0/attempt")?.as_u64()
    };
    eventually("a fifth attempt", || async { attempt().await.filter(|count| *count >= 5) }).await;

    let said = done(&world, &["retry", &case]).await;

    assert!(said.contains("is tried now"), "{said}");
    eventually("attempts counted anew", || async { attempt().await.filter(|count| *count < 5) })
        .await;
    assert_eq!(shown(&world, &case).await["state"], "retried");
    world.bring_up("risk-api").await;
    assert_eq!(world.placement_ends(order_id).await, "risk_unavailable");
    assert_eq!(world.credit_of("cus_ada").await, (Vec::new(), 100_00));
}

#[tokio::test]
async fn a_run_that_is_abandoned_is_terminated_with_its_reason_and_nobody_decides_otherwise_afterwards()
 {
    let world = impatient_world().await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;
    let (order_id, case) = stuck_undo(&world, &ada, "key").await;

    done(&world, &["abandon", &case, "--because", "the customer is gone"]).await;

    let run = format!("place-{order_id}");
    assert_eq!(world.ending_of(&run).await, Ending::Terminated);
    let last = world.temporal.events(&run).await.pop().expect("an event");
    assert!(last.to_string().contains("the customer is gone"), "{last}");
    let other = refused(&world, &["skip", &case, "--because", "why not"]).await;
    assert!(other.contains("case_closed"), "{other}");
    assert_eq!(shown(&world, &case).await["state"], "abandoned");
}

#[tokio::test]
async fn a_step_whose_answer_only_its_service_knows_is_not_skipped_and_nothing_is_recorded() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;
    world.process("risk-api").stop().await.expect("stopped");
    let order_id = ada.places("key", 50_00).await.order_id();
    let run = format!("place-{order_id}");
    is_tried_again(&world, &run, "credit.reserve").await;
    let case = format!("step_keeps_failing/{run}");
    report(&world, &case, json!({"summary": "credit.reserve fails"})).await;

    let why = refused(&world, &["skip", &case, "--because", "in a hurry"]).await;

    assert!(why.contains("cannot be skipped"), "{why}");
    let untouched = shown(&world, &case).await;
    assert_eq!((&untouched["state"], &untouched["decisions"]), (&json!("open"), &json!([])));
    world.bring_up("risk-api").await;
    assert_eq!(world.placement_ends(order_id).await, "approved");
    let late = refused(&world, &["retry", &case]).await;
    assert!(late.contains("not stuck any more"), "{late}");
}

#[tokio::test]
async fn an_event_in_quarantine_is_let_out_by_a_retry_and_never_comes_back_after_a_skip() {
    let world = World::start_with(|options| options.left_down("worker")).await;
    let mended = quarantined(&world).await;
    let unwanted = quarantined(&world).await;

    for event in [&mended, &unwanted] {
        let case = format!("event_quarantined/{}", event.id);
        report(&world, &case, json!({"summary": "poison", "event_id": event.id})).await;
    }
    let retried = done(&world, &["retry", &format!("event_quarantined/{}", mended.id)]).await;
    let case = format!("event_quarantined/{}", unwanted.id);
    let skipped = done(&world, &["skip", &case, "--because", "a test order"]).await;
    world.bring_up("worker").await;

    assert!(retried.contains("is waiting"), "{retried}");
    assert!(skipped.contains("is settled"), "{skipped}");
    world.earns_exactly_one_voucher(&mended.order).await;
    assert!(world.vouchers_of(&unwanted.order).await.is_empty());
    assert_eq!(world.temporal.describe(&unwanted.order.workflow_id()).await, None);
}

struct Quarantined {
    id: String,
    order: tests::Order,
}

/// An order that was sent, and whose event was called poison until it was put into quarantine.
async fn quarantined(world: &World) -> Quarantined {
    let order = world.place_order().costing_minor(250_00).await;
    world.mark_sent(&order).await;
    let outbox = format!("{}/outbox", world.system.order_api_url());
    let claim = json!({"owner": "test", "types": ["order.sent"], "limit": 1, "lease_ms": 5000, "wait_ms": 0});
    let id = eventually("the event is in quarantine", || async {
        let (status, claimed) =
            world.call(Method::POST, &format!("{outbox}/claim"), Role::Worker, Some(&claim)).await;
        assert_eq!(status, StatusCode::OK, "{claimed}");
        if let Some(event) = claimed.pointer("/events/0") {
            let poison = json!({
                "event_id": event["event_id"], "lease_id": event["lease_id"], "reason": "it is poison",
            });
            let ack = json!({ "poison": [poison] });
            world.call(Method::POST, &format!("{outbox}/ack"), Role::Worker, Some(&ack)).await;
        }
        let quarantined = world.outbox("quarantined").await;
        let of_order = quarantined.iter().find(|event| event["subject"] == order.id.to_string())?;
        of_order["event_id"].as_str().map(str::to_owned)
    })
    .await;
    Quarantined { id, order }
}

#[tokio::test]
async fn an_order_without_its_voucher_gets_it_by_a_retry_also_when_its_run_was_terminated() {
    let world = World::start_with(|options| options.left_down("voucher-api")).await;
    let order = world.place_order().costing_minor(250_00).await;
    world.mark_sent(&order).await;
    is_tried_again(&world, &order.workflow_id(), "voucher.issue").await;
    terminate(&world, &order.workflow_id()).await;
    world.outbox_is_empty().await;
    let case = format!("sent_order_without_voucher/{}", order.id);
    report(&world, &case, json!({"summary": "it was sent and has no voucher"})).await;

    world.bring_up("voucher-api").await;
    let said = done(&world, &["retry", &case]).await;

    assert!(said.contains("is started"), "{said}");
    world.earns_exactly_one_voucher(&order).await;
}

#[tokio::test]
async fn a_voucher_that_nobody_owed_is_for_a_person_and_stays_as_that_person_left_it() {
    let world = World::start().await;
    let case = "voucher_not_owed/vou_1";
    report(&world, case, json!({"summary": "its order came to 80.00 EUR"})).await;

    let why = refused(&world, &["retry", case]).await;
    done(&world, &["skip", case, "--because", "a gift"]).await;
    report(&world, case, json!({"summary": "its order came to 80.00 EUR"})).await;

    assert!(why.contains("no process takes a voucher back"), "{why}");
    assert_eq!(shown(&world, case).await["state"], "skipped");
    assert!(!done(&world, &["list"]).await.contains(case));
    assert!(done(&world, &["list", "--state", "all"]).await.contains(case));
}

#[tokio::test]
async fn a_discard_that_is_skipped_gives_the_credit_back_and_leaves_the_order_for_a_person() {
    let orders = Proxy::start().await;
    let world =
        World::start_with(|o| o.with_env("worker", "ORDER_API_URL", orders.address())).await;
    orders.forward_to(world.system.order_api_url());
    orders.lose_requests("/discard", u32::MAX);
    // More than the customer may owe: the placement is refused, and cannot be taken back.
    let ada = world.customer_with_credit("cus_ada", 10_00).await;
    let order_id = ada.places("key", 50_00).await.order_id();
    let run = format!("place-{order_id}");
    is_tried_again(&world, &run, "order.discard").await;
    let case = format!("undo_keeps_failing/{run}");
    report(&world, &case, json!({"summary": "order.discard fails", "activity_id": "discard"}))
        .await;

    done(&world, &["skip", &case, "--because", "it is discarded by hand tonight"]).await;

    assert_eq!(world.placement_ends(order_id).await, "insufficient_credit");
    assert_eq!(world.credit_of("cus_ada").await, (Vec::new(), 10_00));
    assert_eq!(world.order(order_id).await.expect("there")["status"], "pending");
}

#[tokio::test]
async fn an_order_whose_placement_was_terminated_is_decided_by_a_retry_and_so_is_its_credit_later()
{
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;
    world.process("risk-api").stop().await.expect("stopped");
    let order_id = ada.places("key", 50_00).await.order_id();
    let place = format!("place-{order_id}");
    is_tried_again(&world, &place, "credit.reserve").await;
    terminate(&world, &place).await;
    let case = format!("pending_order_without_process/{order_id}");
    report(&world, &case, json!({"summary": "nobody decides it"})).await;
    world.bring_up("risk-api").await;

    done(&world, &["retry", &case]).await;

    assert_eq!(world.placement_ends(order_id).await, "approved");
    assert_eq!(world.credit_of("cus_ada").await, (vec![order_id.to_string()], 50_00));

    world.process("risk-api").stop().await.expect("stopped");
    let order = tests::Order { id: order_id, customer_id: "cus_ada".to_owned() };
    world.mark_sent(&order).await;
    let credit = format!("credit-{order_id}");
    is_tried_again(&world, &credit, "credit.release").await;
    terminate(&world, &credit).await;
    let case = format!("live_reservation_without_live_order/{order_id}");
    report(&world, &case, json!({"summary": "it was sent and holds credit"})).await;
    world.bring_up("risk-api").await;

    done(&world, &["retry", &case]).await;

    assert!(matches!(world.ending_of(&credit).await, Ending::Completed(_)));
    assert_eq!(world.credit_of("cus_ada").await, (Vec::new(), 100_00));
}

async fn terminate(world: &World, run: &str) {
    let words = ["workflow", "terminate", "--workflow-id", run, "--reason", "a slip"];
    world.temporal.succeed(&words).await;
    assert_eq!(world.ending_of(run).await, Ending::Terminated);
}

#[tokio::test]
async fn a_run_whose_own_code_fails_waits_for_mended_code_or_is_abandoned() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;
    world.process("risk-api").stop().await.expect("stopped");
    let run = format!("place-{}", ada.places("key", 50_00).await.order_id());
    let case = format!("run_reports_problems/{run}");
    report(&world, &case, json!({"summary": "its workflow tasks fail"})).await;

    let why = refused(&world, &["skip", &case, "--because", "in a hurry"]).await;
    let said = done(&world, &["retry", &case, "--because", "mended code is on its way"]).await;
    report(&world, &case, json!({"summary": "its workflow tasks fail"})).await;
    done(&world, &["abandon", &case, "--because", "it cannot be mended"]).await;

    assert!(why.contains("no step to skip") && said.contains("mended code"), "{why}{said}");
    assert_eq!(world.ending_of(&run).await, Ending::Terminated);
    let decisions = shown(&world, &case).await["decisions"].clone();
    let reasons = ["/0/because", "/1/because"].map(|at| decisions.pointer(at).cloned());
    let expected = ["it cannot be mended", "mended code is on its way"].map(|why| Some(json!(why)));
    assert_eq!(reasons, expected);
}
