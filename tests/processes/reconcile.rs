//! What no process mends by itself is found in the books, and mended or told to a person.

use contracts::OrderId;
use serde_json::{Value, json};
use tests::{Order, World, eventually};

/// So many violators of this kind had this remedy in a run.
fn count(outcome: &Value, kind: &str, remedy: &str) -> u64 {
    let tally = outcome["tally"].as_array().expect("a tally").iter();
    let its = tally.filter(|one| one["kind"] == kind && one["remedy"] == remedy);
    its.map(|one| one["count"].as_u64().expect("a count")).sum()
}

/// Runs of the books until one has done this about one of this kind. What happened a moment ago is too young for the first.
async fn reconciles_until(world: &World, kind: &str, remedy: &str) -> Value {
    eventually(&format!("{kind} is {remedy}"), || async {
        let outcome = world.reconciles().await;
        (count(&outcome, kind, remedy) > 0).then_some(outcome)
    })
    .await
}

/// An order that was sent and lost its process before it had its voucher.
async fn order_without_voucher(world: &World) -> Order {
    world.process("voucher-api").stop().await.expect("stopped");
    let order = world.place_order().costing_minor(120_50).await;
    world.mark_sent(&order).await;
    world.loses_the_process_of(&order).await;
    world.bring_up("voucher-api").await;
    order
}

#[tokio::test]
async fn the_voucher_of_a_process_that_an_operator_terminated_is_given_once() {
    let world = World::start().await;
    let order = order_without_voucher(&world).await;

    reconciles_until(&world, "sent_order_without_voucher", "redriven").await;

    world.earns_exactly_one_voucher(&order).await;
    let after = world.reconciles().await;
    assert_eq!(after["outcome"], "clean", "{after}");
    assert_eq!(world.cases("open").await, Vec::<Value>::new());
}

#[tokio::test]
async fn when_temporal_has_lost_its_store_every_order_has_its_one_voucher_in_the_end() {
    let world = World::start().await;
    let before = world.place_order().costing_minor(250_00).await;
    world.mark_sent(&before).await;
    world.earns_exactly_one_voucher(&before).await;
    world.process("voucher-api").stop().await.expect("stopped");
    let open = world.place_order().costing_minor(120_50).await;
    world.mark_sent(&open).await;
    world.outbox_is_empty().await;

    world.temporal_forgets_everything().await;
    world.bring_up("voucher-api").await;
    let outcome = reconciles_until(&world, "sent_order_without_voucher", "redriven").await;

    assert_eq!(count(&outcome, "sent_order_without_voucher", "redriven"), 1, "{outcome}");
    for order in [&before, &open] {
        world.earns_exactly_one_voucher(order).await;
    }
}

#[tokio::test]
async fn vouchers_that_a_database_of_yesterday_has_lost_are_given_again_though_their_runs_completed()
 {
    let world = World::start().await;
    let yesterday = world.backs_up("voucher-api").await;
    let order = world.place_order().costing_minor(250_00).await;
    world.mark_sent(&order).await;
    world.earns_exactly_one_voucher(&order).await;

    world.restores(&yesterday).await;
    assert!(world.vouchers_of(&order).await.is_empty(), "it is lost");
    reconciles_until(&world, "sent_order_without_voucher", "redriven").await;

    world.earns_exactly_one_voucher(&order).await;
}

#[tokio::test]
async fn a_voucher_that_an_order_database_of_yesterday_knows_nothing_of_is_a_case_and_stays() {
    let world = World::start().await;
    let yesterday = world.backs_up("order-api").await;
    let order = world.place_order().costing_minor(250_00).await;
    world.mark_sent(&order).await;
    let voucher = world.earns_exactly_one_voucher(&order).await;

    world.restores(&yesterday).await;
    reconciles_until(&world, "voucher_without_sent_order", "reported").await;

    let cases = world.cases("open").await;
    assert_eq!(cases.len(), 1, "{cases:?}");
    assert_eq!(cases[0]["kind"], "voucher_without_sent_order");
    assert_eq!(cases[0]["subject"], voucher["id"]);
    assert_eq!(world.vouchers_of(&order).await, [voucher], "nothing is voided");
}

#[tokio::test]
async fn when_the_retention_has_passed_the_voucher_is_given_all_the_same() {
    let world = World::start().await;
    let order = order_without_voucher(&world).await;
    let id = order.workflow_id();
    world.temporal.succeed(&["workflow", "delete", "--workflow-id", &id, "--yes"]).await;
    eventually("the run is forgotten", || async {
        world.temporal.describe(&id).await.is_none().then_some(())
    })
    .await;

    reconciles_until(&world, "sent_order_without_voucher", "redriven").await;

    world.earns_exactly_one_voucher(&order).await;
}

#[tokio::test]
async fn what_was_started_again_twice_in_vain_is_told_to_a_person_with_its_run() {
    let world = World::start().await;
    let yesterday = world.backs_up("voucher-api").await;
    let order = world.place_order().costing_minor(250_00).await;
    world.mark_sent(&order).await;
    world.earns_exactly_one_voucher(&order).await;
    let kind = "sent_order_without_voucher";

    for _ in 0..2 {
        // Given again, and lost again.
        world.restores(&yesterday).await;
        reconciles_until(&world, kind, "redriven").await;
        world.earns_exactly_one_voucher(&order).await;
    }
    world.restores(&yesterday).await;
    reconciles_until(&world, kind, "reported").await;

    let cases = world.cases("open").await;
    assert_eq!(cases.len(), 1, "{cases:?}");
    assert_eq!(cases[0]["subject"], order.id.to_string());
    assert_eq!(cases[0]["workflow_id"], order.workflow_id());
    assert!(cases[0]["run_id"].is_string(), "{cases:?}");
}

#[tokio::test]
async fn a_dry_run_names_what_is_wrong_and_changes_nothing() {
    let world = World::start().await;
    let order = order_without_voucher(&world).await;
    let stray = world.gives_voucher(OrderId::make(), "cus_eve").await;
    let input = json!({ "patience_s": 1, "is_dry_run": true });

    let outcome = eventually("both are named", || async {
        let outcome = world.reconciles_with(&input).await;
        (outcome["named"].as_array().is_some_and(|named| named.len() == 2)).then_some(outcome)
    })
    .await;

    assert_eq!(outcome["outcome"], "violators");
    let subjects: Vec<_> =
        outcome["named"].as_array().expect("a list").iter().map(|one| &one["subject"]).collect();
    assert_eq!(subjects, [&json!(order.id), &stray["id"]]);
    assert!(world.vouchers_of(&order).await.is_empty());
    assert_eq!(world.cases("open").await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_command_names_what_is_wrong_and_its_exit_code_says_that_something_is() {
    let world = World::start().await;
    let stray = world.gives_voucher(OrderId::make(), "cus_eve").await;
    let lacadon = launch::build::binaries().expect("the binaries build").lacadon;
    let looks = |words: &'static [&'static str]| {
        let mut command = tokio::process::Command::new(&lacadon);
        command.arg("--data-dir").arg(world.system.data_dir()).arg("reconcile").args(words);
        command
    };

    let named = eventually("the voucher is named", || async {
        let output = looks(&["--dry-run", "--since", "all", "--patience", "1"])
            .output()
            .await
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        said.contains("voucher_without_sent_order").then_some((output.status.code(), said))
    })
    .await;
    let json = looks(&["--json", "--patience", "1"]).output().await.expect("it runs");

    assert_eq!(named.0, Some(1));
    assert!(named.1.contains(stray["id"].as_str().expect("an id")), "{}", named.1);
    let outcome: Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(count(&outcome, "voucher_without_sent_order", "reported"), 1, "{outcome}");
}

#[tokio::test]
async fn a_case_that_is_none_any_more_is_closed_by_the_next_run() {
    let world = World::start().await;
    let order = world.place_order().costing_minor(120_50).await;
    world.gives_voucher(order.id, &order.customer_id).await;
    reconciles_until(&world, "voucher_without_sent_order", "reported").await;
    assert_eq!(world.cases("open").await.len(), 1);

    world.mark_sent(&order).await;
    let after = world.reconciles().await;

    assert_eq!((&after["outcome"], &after["resolved"]), (&json!("clean"), &json!(1)), "{after}");
    assert_eq!(world.cases("open").await, Vec::<Value>::new());
    assert_eq!(world.cases("resolved").await.len(), 1);
}

#[tokio::test]
async fn credit_whose_release_was_terminated_is_released_after_all() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;
    let order_id = ada.places("key", 50_00).await.order_id();
    assert_eq!(world.placement_ends(order_id).await, "approved");
    world.process("risk-api").stop().await.expect("stopped");
    world.mark_sent(&Order { id: order_id, customer_id: ada.id.clone() }).await;
    let id = format!("credit-{order_id}");
    eventually("the release is tried", || async {
        let run = world.temporal.describe(&id).await?;
        run.pointer("/pendingActivities/0/lastFailure").map(drop)
    })
    .await;
    world.temporal.succeed(&["workflow", "terminate", "--workflow-id", &id]).await;
    world.bring_up("risk-api").await;
    assert_eq!(world.credit_of("cus_ada").await.1, 50_00, "it is held for nothing");

    reconciles_until(&world, "live_reservation_without_live_order", "redriven").await;

    eventually("the credit is free", || async {
        (world.credit_of("cus_ada").await == (vec![], 100_00)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_pending_order_whose_placement_was_terminated_is_a_case_that_names_the_run() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 100_00).await;
    world.process("risk-api").stop().await.expect("stopped");
    let order_id = ada.places("key", 50_00).await.order_id();
    let id = format!("place-{order_id}");
    eventually("the order is pending", || async { world.order(order_id).await.map(drop) }).await;
    world.temporal.succeed(&["workflow", "terminate", "--workflow-id", &id]).await;
    world.bring_up("risk-api").await;

    reconciles_until(&world, "pending_order_without_process", "reported").await;

    let cases = world.cases("open").await;
    assert_eq!(cases.len(), 1, "{cases:?}");
    assert_eq!(cases[0]["subject"], order_id.to_string());
    assert_eq!(cases[0]["workflow_id"], id);
}

#[tokio::test]
async fn a_run_whose_tasks_keep_failing_is_a_case_until_somebody_ends_it() {
    let world = World::start().await;
    world.temporal.start_of("OfTomorrow", "of-tomorrow", "{}").await;
    eventually("the server has marked it", || async {
        let query = "WorkflowId = 'of-tomorrow' AND TemporalReportedProblems IN ('category=WorkflowTaskFailed','category=WorkflowTaskTimedOut')";
        (world.temporal.count(query).await > 0).then_some(())
    })
    .await;

    reconciles_until(&world, "run_reports_problems", "reported").await;
    let cases = world.cases("open").await;
    assert_eq!(cases.len(), 1, "{cases:?}");
    assert_eq!(cases[0]["subject"], "of-tomorrow");

    world.temporal.succeed(&["workflow", "terminate", "--workflow-id", "of-tomorrow"]).await;
    let after = world.reconciles().await;
    assert_eq!((&after["outcome"], &after["resolved"]), (&json!("clean"), &json!(1)), "{after}");
}

#[tokio::test]
async fn a_step_that_keeps_failing_is_a_case_until_it_succeeds() {
    let world = World::start().await;
    world.process("voucher-api").stop().await.expect("stopped");
    let order = world.place_order().costing_minor(120_50).await;
    world.mark_sent(&order).await;
    let input = json!({ "patience_s": 1, "failing_attempts": 2 });
    eventually("the step has failed twice", || async {
        let run = world.temporal.describe(&order.workflow_id()).await?;
        (run.pointer("/pendingActivities/0/attempt")?.as_u64()? > 3).then_some(())
    })
    .await;

    // voucher-api's books cannot be read meanwhile: the run says so, and tells of the step all the same.
    let outcome = eventually("the step is told", || async {
        let outcome = world.reconciles_with(&input).await;
        (count(&outcome, "step_keeps_failing", "reported") > 0).then_some(outcome)
    })
    .await;
    assert_eq!(outcome["outcome"], "incomplete", "{outcome}");
    let cases = world.cases("open").await;
    assert_eq!(cases.len(), 1, "{cases:?}");
    assert_eq!(cases[0]["workflow_id"], order.workflow_id());
    assert_eq!(cases[0]["activity_id"], "issue");

    world.bring_up("voucher-api").await;
    world.earns_exactly_one_voucher(&order).await;
    let after = world.reconciles().await;
    assert_eq!((&after["outcome"], &after["resolved"]), (&json!("clean"), &json!(1)), "{after}");
}

#[tokio::test]
async fn while_nothing_is_wrong_a_run_reads_and_says_so() {
    let world = World::start().await;
    let ada = world.customer_with_credit("cus_ada", 500_00).await;
    for (key, amount_minor) in [("sent", 120_50), ("cancelled", 20_00), ("live", 30_00)] {
        let order_id = ada.places(key, amount_minor).await.order_id();
        assert_eq!(world.placement_ends(order_id).await, "approved");
        let order = Order { id: order_id, customer_id: ada.id.clone() };
        match key {
            "sent" => drop(world.mark_sent(&order).await),
            "cancelled" => drop(world.cancel(&order).await),
            _ => {}
        }
    }
    world.outbox_is_empty().await;

    let outcome = eventually("all of it is old enough", || async {
        let outcome = world.reconciles().await;
        (outcome["outcome"] == "clean" && outcome["read"].as_u64()? >= 5).then_some(outcome)
    })
    .await;

    assert_eq!(outcome["named"], json!([]));
}

#[tokio::test]
async fn two_workers_make_one_schedule_of_each_and_a_run_comes_of_it() {
    let world = World::start_with(|options| options.with_workers(2).reconciling_every_s(1)).await;

    let ids = schedules(&world).await;
    assert_eq!(ids, ["reconcile", "reconcile-nightly"]);
    eventually("a run of the schedule", || async {
        let query = "WorkflowType = 'Reconcile' AND ExecutionStatus = 'Completed'";
        (world.temporal.count(query).await > 0).then_some(())
    })
    .await;
    eventually("a worker has measured it", || async {
        let mut said = String::new();
        for name in ["worker", "worker-2"] {
            let url = format!("{}/metrics", world.process(name).address());
            said += &tests::http_client().get(url).send().await.ok()?.text().await.ok()?;
        }
        said.contains("reconcile_runs_total{outcome=\"clean\"}").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_paused_schedule_stays_paused_over_a_restart_and_a_lost_one_comes_back() {
    let world = World::start_with(|options| options.reconciling_every_s(3600)).await;
    assert_eq!(schedules(&world).await.len(), 2);
    let toggle =
        ["schedule", "toggle", "--schedule-id", "reconcile", "--pause", "--reason", "campaign"];
    world.temporal.succeed(&toggle).await;

    let worker = world.process("worker");
    worker.stop().await.expect("stopped");
    world.bring_up("worker").await;
    let paused = |schedule: Value| schedule.pointer("/schedule/state/paused").cloned();
    let described = ["schedule", "describe", "--schedule-id", "reconcile"];
    assert_eq!(paused(world.temporal.json(&described).await), Some(json!(true)));

    world.temporal_forgets_everything().await;
    assert_eq!(schedules(&world).await.len(), 2);
}

#[tokio::test]
async fn without_a_pace_no_schedule_is_made() {
    let world = World::start().await;
    let order = world.place_order().costing_minor(120_50).await;
    world.mark_sent(&order).await;
    world.earns_exactly_one_voucher(&order).await;

    let list = world.temporal.run(&["schedule", "list", "-o", "json"]).await;
    let said = String::from_utf8_lossy(&list.stdout);
    assert!(!said.contains("reconcile"), "{said}");
}

/// The ids of the schedules, once both are there.
async fn schedules(world: &World) -> Vec<String> {
    eventually("both schedules", || async {
        let list = world.temporal.run(&["schedule", "list", "-o", "json"]).await;
        let list: Vec<Value> = serde_json::from_slice(&list.stdout).ok()?;
        let ids = list.iter().filter_map(|one| one["scheduleId"].as_str().map(str::to_owned));
        let mut ids: Vec<String> = ids.collect();
        ids.sort();
        (ids.len() >= 2).then_some(ids)
    })
    .await
}
