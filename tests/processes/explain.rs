//! An order is explained: one timeline across services and processes, also while one of them is away.

use contracts::OrderId;
use gateway::explanation::{Entry, Explanation, Facts};
use reqwest::StatusCode;
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};
use tests::{Told, World, eventually};
use tokio::process::Command;
use workflows::reconcile::RECONCILE;

/// Nobody is waited for longer than a fraction of this.
const AT_ONCE: Duration = Duration::from_secs(5);

/// What is told of an order that was placed and sent, in this order.
const SENT: [&str; 10] = [
    "began to place the order",
    "placed: 120.50 EUR",
    "credit reserved: 120.50 EUR",
    "approved",
    "credit confirmed",
    "customer told: the order is accepted",
    "marked sent",
    "handed over after ",
    "rule checked: 120.50 EUR > 100.00 EUR, a voucher of 5.00 EUR is earned",
    "voucher vch_",
];

fn recorded(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("replay").join(folder);
    let files = std::fs::read_dir(folder).expect("recorded histories");
    files.map(|file| file.expect("an entry").path().display().to_string()).collect()
}

fn explained(path: &str) -> Explanation {
    let text = std::fs::read_to_string(path).expect("a recorded history");
    let history = worker::replay::read_history(&text).expect("a history");
    Facts::default().with_history(history).timeline(OrderId::make())
}

fn scenario(name: &str) -> Vec<Entry> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("replay");
    explained(&folder.join(format!("{name}.v1.json")).display().to_string()).entries
}

/// Each of these begins one line, and they come in this order; other lines may stand between.
fn assert_told_in_order(told: &[String], words: &[&str]) {
    let mut lines = told.iter();
    for words in words {
        assert!(lines.any(|line| line.starts_with(words)), "{words:?} in its place of {told:#?}");
    }
}

fn words_of(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| entry.what.clone()).collect()
}

fn words_in(body: &Value) -> Vec<String> {
    let entries = body["entries"].as_array().unwrap_or_else(|| panic!("no entries in {body}"));
    entries.iter().map(|it| it["what"].as_str().expect("a text").to_owned()).collect()
}

fn is_missing(told: &Told, who: &[&str]) -> bool {
    told.body.get("missing") == Some(&serde_json::json!(who))
}

#[test]
fn a_placement_is_told_step_by_step_by_who_did_it() {
    let told = scenario("PlaceOrder/approved");

    let lines: Vec<_> = told.iter().map(|entry| (entry.who, entry.what.as_str())).collect();
    assert_eq!(
        lines,
        [
            ("PlaceOrder", "began to place the order"),
            ("order-api", "placed: 120.50 EUR"),
            ("risk-api", "credit reserved: 120.50 EUR"),
            ("order-api", "approved"),
            ("risk-api", "credit confirmed"),
            ("order-api", "customer told: the order is accepted"),
            ("PlaceOrder", "customer answered: approved"),
            ("PlaceOrder", "ended: approved"),
        ]
    );
    assert!(told.iter().all(|entry| entry.details.is_none()), "{told:?}");
}

#[test]
fn what_went_wrong_is_told_with_its_retries_and_reasons() {
    let told = scenario("PlaceOrder/risk_unavailable");

    assert_told_in_order(
        &words_of(&told),
        &[
            "placed: 1.00 EUR",
            "asked to reserve the credit: risk-api did not answer: it cannot be reached",
            "gave up asking risk-api to reserve the credit: risk-api did not answer",
            "taken back, risk_unavailable: we could not check your credit just now",
            "asked to give the credit back: risk-api did not answer",
            "customer answered: rejected, risk_unavailable",
            "credit given back",
            "ended: rejected, risk_unavailable",
        ],
    );
    let details: Vec<_> = told.iter().filter_map(|entry| entry.details.as_deref()).collect();
    assert_eq!(details, ["after 6 attempts over 7.1 s", "after 3 attempts over 1.0 s"]);
}

#[test]
fn a_refusal_and_a_cancel_are_told_with_whose_they_are() {
    for (name, words) in [
        ("insufficient_credit", "credit refused: 1000.01 EUR: insufficient_credit"),
        ("cancelled_by_customer", "called off by the customer"),
        ("cancelled_by_operator", "called off by an operator"),
        ("cancelled_after_approval", "customer told: the order is cancelled"),
        ("terminated", "was terminated by an operator, a person must look"),
        ("reservation_unknown", "failed, a person must look"),
        ("open_while_risk_api_is_down", "waits for risk-api to reserve the credit"),
    ] {
        assert_told_in_order(&words_of(&scenario(&format!("PlaceOrder/{name}"))), &[words]);
    }
    let not_earned = "rule checked: 100.00 EUR is not more than 100.00 EUR, no voucher is earned";
    assert_told_in_order(&words_of(&scenario("GrantVoucher/not_qualified")), &[not_earned]);
}

#[test]
fn every_recorded_history_is_told_from_its_beginning_to_its_end_in_words() {
    // The books are about every order, and part of no order's explanation.
    let of_an_order = worker::registry::workflow_types().filter(|name| *name != RECONCILE);
    for workflow_type in of_an_order {
        for path in recorded(workflow_type) {
            let told = words_of(&explained(&path).entries);

            let first = told.first().expect("a beginning");
            let last = told.last().expect("an end");
            assert!(first.starts_with("began"), "{path}: {told:#?}");
            let ends = ["ended: ", "failed, ", "was terminated ", "waits for "];
            assert!(ends.iter().any(|end| last.starts_with(end)), "{path}: {told:#?}");
            assert!(!told.contains(&"answered".to_owned()), "{path}: {told:#?}");
        }
    }
}

#[tokio::test]
async fn an_order_is_explained_from_its_placement_to_its_voucher_and_to_nobody_else() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 500_00).await;
    let (bob, order_id) = (world.customer("cus_bob"), placed_and_sent(&world).await);
    let path = format!("/orders/{order_id}/explanation");

    let told = whole(&ada, &path).await;

    assert_eq!(told.status, StatusCode::OK, "{told:?}");
    assert_told_in_order(&words_in(&told.body), &SENT);
    let again = words_in(&told.body);
    for once in ["placed: ", "approved", "credit reserved", "customer told: ", "voucher vch_"] {
        let lines = again.iter().filter(|line| line.starts_with(once)).count();
        assert_eq!(lines, 1, "{once} in {again:#?}");
    }
    let of_bob = bob.asks(&path).await;
    assert_eq!((of_bob.status, of_bob.code()), (StatusCode::NOT_FOUND, "placement_unknown"));
    let nobodys = ada.asks(&format!("/orders/{}/explanation", OrderId::make())).await;
    assert_eq!((nobodys.status, nobodys.code()), (StatusCode::NOT_FOUND, "placement_unknown"));
    assert_told_in_order(&words_in(&operators_explanation(&world, order_id).await), &SENT);
}

#[tokio::test]
async fn an_order_is_explained_at_once_while_somebody_is_away_who_is_named() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 500_00).await;
    let order_id = placed_and_sent(&world).await;
    let path = format!("/orders/{order_id}/explanation");
    whole(&ada, &path).await;

    world.process("temporal").suspend().await.expect("suspended");
    let asked = Instant::now();
    let without_temporal = eventually("told by the services", || async {
        let told = ada.asks(&path).await;
        is_missing(&told, &["temporal"]).then_some(told)
    })
    .await;
    assert!(asked.elapsed() < AT_ONCE, "a Temporal that hangs was waited for");
    world.process("temporal").resume().await.expect("resumed");
    world.process("voucher-api").stop().await.expect("stopped");
    let without_vouchers = eventually("told by everybody else", || async {
        let told = ada.asks(&path).await;
        is_missing(&told, &["voucher-api"]).then_some(told)
    })
    .await;

    let from_records = words_in(&without_temporal.body);
    assert_told_in_order(
        &from_records,
        &[
            "placed: 120.50 EUR",
            "credit reserved: 120.50 EUR",
            "approved",
            "customer told: the order is accepted",
            "marked sent",
        ],
    );
    for line in ["voucher vch_", "credit given back: order_sent"] {
        assert!(from_records.iter().any(|told| told.starts_with(line)), "{from_records:#?}");
    }
    assert_told_in_order(&words_in(&without_vouchers.body), &SENT);
    let told = operators_explanation(&world, order_id).await;
    assert_eq!(told["missing"], serde_json::json!(["voucher-api"]));
}

#[tokio::test]
async fn an_order_that_is_not_decided_is_explained_by_what_it_waits_for() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 500_00).await;
    world.process("risk-api").stop().await.expect("stopped");
    let order_id = ada.places("first", 120_50).await.order_id();
    let path = format!("/orders/{order_id}/explanation");

    let waiting = eventually("it is told what it waits for", || async {
        let told = ada.asks(&path).await;
        let entry = told.body.get("entries")?.as_array()?.last()?.clone();
        let is_retried = entry.get("details")?.as_str()?.starts_with("after ");
        (is_missing(&told, &["risk-api"]) && is_retried).then_some(entry)
    })
    .await;

    assert_eq!(waiting["who"], "PlaceOrder");
    let waits = "waits for risk-api to reserve the credit: risk-api did not answer";
    assert!(waiting["what"].as_str().is_some_and(|what| what.starts_with(waits)), "{waiting}");
}

/// Ada's order of 120.50 EUR, sent; its voucher is there and its credit is back.
async fn placed_and_sent(world: &World) -> OrderId {
    let ada = world.customer("cus_ada");
    let order_id = ada.places("first", 120_50).await.order_id();
    assert_eq!(world.placement_ends(order_id).await, "approved");
    let order = tests::Order { id: order_id, customer_id: ada.id.clone() };
    world.mark_sent(&order).await;
    world.earns_exactly_one_voucher(&order).await;
    world.ending_of(&format!("credit-{order_id}")).await;
    order_id
}

/// On a busy machine somebody may take longer than a customer is let wait: then they are missing for once.
async fn whole(customer: &tests::Customer<'_>, path: &str) -> Told {
    eventually("everybody tells", || async {
        let told = customer.asks(path).await;
        is_missing(&told, &[]).then_some(told)
    })
    .await
}

/// As an operator types it.
async fn operators_explanation(world: &World, order_id: OrderId) -> Value {
    let binaries = launch::build::binaries().expect("the binaries build");
    let mut lacadon = Command::new(&binaries.lacadon);
    lacadon.arg("--data-dir").arg(world.system.data_dir()).env_remove("TEMPORAL_ADDRESS");
    lacadon.args(["--json", "explain", &order_id.to_string()]);
    let output = lacadon.kill_on_drop(true).output().await.expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&said).unwrap_or_else(|e| panic!("no JSON ({e}): {said}"))
}
