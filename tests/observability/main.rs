//! Alarms, their runbooks and the dashboard, held against what a whole running system says of itself: an alarm on a
//! metric that nobody emits never rings.
#![expect(clippy::expect_used, reason = "a test fails by panicking, also in what it calls")]
#![expect(clippy::indexing_slicing, reason = "a field that is not there reads as null")]

mod expression;

use contracts::OrderId;
use expression::{read, shown_labels};
use lacadon::system::Role;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;
use tests::metrics::scrape;
use tests::{World, eventually_within};

/// Its schedule is made once the worker is up.
const UNTIL_THE_RECONCILER_HAS_LOOKED: Duration = Duration::from_secs(120);

/// Prometheus' own.
const UP: &str = "up";

/// Metrics and the labels that they were seen with.
type Emitted = BTreeMap<String, BTreeSet<String>>;

/// An expression and where it stands, with the texts that show its labels.
#[derive(Clone)]
struct Asked {
    place: String,
    expression: String,
    shown: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_an_alarm_or_the_dashboard_asks_for_is_emitted() {
    let world = World::start_with(|options| options.reconciling_every_s(1)).await;
    a_day_in_the_shop(&world).await;
    let targets = scrape_targets();
    let asked = [alarms_ask(), dashboard_asks()].concat();
    assert!(asked.len() > 40, "the expressions were not found");

    let last = "reconcile_last_run_timestamp_seconds";
    eventually_within(UNTIL_THE_RECONCILER_HAS_LOOKED, "the reconciler has looked", async || {
        emitted_by(&world).await.contains_key(last).then_some(())
    })
    .await;
    let emitted = emitted_by(&world).await;

    let complaints: Vec<String> =
        asked.iter().flat_map(|asked| complaints(asked, &emitted, &targets.labels)).collect();
    assert_eq!(complaints, Vec::<String>::new());
    let running: BTreeSet<String> =
        world.system.processes().iter().map(|process| process.name().to_owned()).collect();
    assert_eq!(targets.processes, running, "the example scrapes another system");
}

#[test]
fn every_alarm_has_its_runbook_and_every_runbook_its_alarm() {
    let mut alarms_of_pages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for rule in rules() {
        let name = text(&rule["alert"]);
        let runbook = text(&rule["annotations"]["runbook"]);
        assert!(!text(&rule["annotations"]["summary"]).is_empty(), "{name} says nothing");
        assert!(["page", "ticket"].contains(&text(&rule["labels"]["severity"]).as_str()), "{name}");
        alarms_of_pages.entry(runbook).or_default().push(name);
    }

    let folder = root().join("docs/runbooks");
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("one"));
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let pages: BTreeSet<String> = names
        .filter(|name| name != "README.md")
        .map(|name| format!("docs/runbooks/{name}"))
        .collect();
    assert_eq!(alarms_of_pages.keys().cloned().collect::<BTreeSet<_>>(), pages);
    let index = file("docs/runbooks/README.md");
    for (page, alarms) in alarms_of_pages {
        let runbook = file(&page);
        let name = page.rsplit('/').next().expect("a name");
        assert!(index.contains(&format!("({name})")), "the index does not name {name}");
        for alarm in alarms {
            assert!(runbook.contains(&format!("`{alarm}`")), "{page} does not name {alarm}");
        }
        for section in ["## First", "## Causes", "## Over"] {
            assert!(runbook.contains(section), "{page} has no section {section}");
        }
    }
}

#[test]
fn every_rule_is_of_the_shape_that_prometheus_reads() {
    let alerts: Value =
        serde_yaml_ng::from_str(&file("deploy/observability/alerts.yml")).expect("YAML");
    let of = |value: &Value| -> BTreeSet<String> {
        value.as_object().expect("a map").keys().cloned().collect()
    };
    let may = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(of(&alerts), may(&["groups"]));
    for group in alerts["groups"].as_array().expect("groups") {
        assert_eq!(of(group), may(&["name", "rules"]));
    }
    let mut seen = BTreeSet::new();
    for rule in rules() {
        let known = may(&["alert", "expr", "for", "labels", "annotations"]);
        assert!(of(&rule).is_subset(&known), "{rule}");
        assert!(seen.insert(text(&rule["alert"])), "two alarms of one name: {rule}");
        if let Some(wait) = rule.get("for") {
            let wait = text(wait);
            let number = wait.trim_end_matches(['s', 'm', 'h']);
            assert!(number.parse::<u32>().is_ok() && wait.len() == number.len() + 1, "{wait}");
        }
    }
}

/// What an expression asks for and nobody emits.
fn complaints(asked: &Asked, emitted: &Emitted, of_targets: &BTreeSet<String>) -> Vec<String> {
    let named = match read(&asked.expression) {
        Ok(named) => named,
        Err(error) => return vec![format!("{}: {error}", asked.place)],
    };
    let missing = |metric: &&String| *metric != UP && !emitted.contains_key(*metric);
    let mut complaints: Vec<String> = named
        .metrics
        .iter()
        .filter(missing)
        .map(|metric| format!("{}: nobody emits {metric}", asked.place))
        .collect();
    let known: BTreeSet<&String> =
        named.metrics.iter().filter_map(|metric| emitted.get(metric)).flatten().collect();
    for label in named.labels.union(&shown_labels(&asked.shown)) {
        if !known.contains(label) && !of_targets.contains(label) && complaints.is_empty() {
            complaints.push(format!("{}: no label {label}", asked.place));
        }
    }
    complaints
}

fn rules() -> Vec<Value> {
    let alerts: Value =
        serde_yaml_ng::from_str(&file("deploy/observability/alerts.yml")).expect("YAML");
    let groups = alerts["groups"].as_array().expect("groups").clone();
    let rules = groups.iter().flat_map(|group| group["rules"].as_array().expect("rules").clone());
    rules.collect()
}

fn alarms_ask() -> Vec<Asked> {
    let asked = |rule: Value| Asked {
        place: text(&rule["alert"]),
        expression: text(&rule["expr"]),
        shown: text(&rule["annotations"]["summary"]),
    };
    rules().into_iter().map(asked).collect()
}

fn dashboard_asks() -> Vec<Asked> {
    let dashboard: Value =
        serde_json::from_str(&file("deploy/observability/dashboard.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels").clone();
    let mut asked = Vec::new();
    for panel in panels {
        for target in panel["targets"].as_array().into_iter().flatten() {
            asked.push(Asked {
                place: text(&panel["title"]),
                expression: text(&target["expr"]),
                shown: text(&target["legendFormat"]),
            });
        }
    }
    asked
}

/// What the example of a scrape configuration looks at, and the labels that it adds.
struct Targets {
    processes: BTreeSet<String>,
    labels: BTreeSet<String>,
}

fn scrape_targets() -> Targets {
    let config: Value =
        serde_yaml_ng::from_str(&file("deploy/observability/prometheus.yml")).expect("YAML");
    assert_eq!(config["rule_files"], json!(["alerts.yml"]));
    let jobs = config["scrape_configs"].as_array().expect("jobs").iter();
    let targets = jobs.flat_map(|job| job["static_configs"].as_array().expect("targets"));
    let processes = targets.map(|target| text(&target["labels"]["process"])).collect();
    let labels = ["job", "instance", "process"].map(str::to_owned).into();
    Targets { processes, labels }
}

async fn emitted_by(world: &World) -> Emitted {
    let mut emitted = Emitted::new();
    for process in world.system.processes() {
        let url = match process.name() {
            "temporal" => world.system.temporal_metrics_url().expect("our own server").to_owned(),
            _ => format!("{}/metrics", process.address()),
        };
        let body = scrape(&url).await;
        assert!(body.len() > 100, "{} says nothing: {body}", process.name());
        for line in body.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (metric, labels) = series(line);
            emitted.entry(metric).or_default().extend(labels);
        }
    }
    emitted
}

/// `name{label="value",…} 1`: its name and labels.
fn series(line: &str) -> (String, Vec<String>) {
    let end = line.find(['{', ' ']).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let mut labels = Vec::new();
    let mut rest = rest.strip_prefix('{').unwrap_or_default();
    while let Some((label, behind)) = rest.split_once("=\"") {
        labels.push(label.trim_start_matches(',').to_owned());
        let mut before = ' ';
        let end = behind.find(|c| {
            let is_end = c == '"' && before != '\\';
            before = c;
            is_end
        });
        rest = end.and_then(|end| behind.get(end + 1..)).unwrap_or_default();
    }
    (name.to_owned(), labels)
}

/// Everything that is counted happens once.
async fn a_day_in_the_shop(world: &World) {
    let ada = world.customer_with_credit("cus_ada", 1_000_00).await;
    let placed = ada.places("approved", 120_50).await.order_id();
    ada.places("beyond-her-limit", 9_000_00).await;
    let called_off = ada.places("called-off", 10_00).await.order_id();
    ada.calls_off(called_off).await;
    let order = tests::Order { id: placed, customer_id: "cus_ada".to_owned() };
    world.mark_sent(&order).await;
    world.earns_exactly_one_voucher(&order).await;
    let url = format!("{}/vouchers?order_id={placed}", world.system.voucher_api_url());
    let (_, vouchers) = world.call(Method::GET, &url, Role::BackOffice, None).await;
    let code = text(&vouchers["data"][0]["code"]);
    let url = format!("{}/vouchers/{code}/redeem", world.system.voucher_api_url());
    let body = json!({"order_id": OrderId::make(), "customer_id": "cus_ada"});
    let (status, body) = world.call(Method::POST, &url, Role::BackOffice, Some(&body)).await;
    assert!(status.is_success(), "{body}");
    // Nobody knows this order: the run fails.
    let unknown = OrderId::make();
    let workflow_id = format!("voucher-{unknown}");
    world.temporal.start(&workflow_id, &json!({ "order_id": unknown }).to_string()).await;
    world.ending_of(&workflow_id).await;
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn root() -> PathBuf {
    launch::build::workspace()
}

fn file(path: &str) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn a_series_is_read_with_its_labels() {
    let line = r#"http_requests_total{method="GET",route="/a,b=\"c\"",status="200"} 7"#;

    let (name, labels) = series(line);

    assert_eq!(
        (name.as_str(), labels),
        ("http_requests_total", vec!["method".to_owned(), "route".to_owned(), "status".to_owned()])
    );
    assert_eq!(series("outbox_settled_total 3"), ("outbox_settled_total".to_owned(), vec![]));
}

#[test]
fn a_metric_or_label_that_nobody_emits_is_noticed() {
    let emitted = Emitted::from([("a".to_owned(), BTreeSet::from(["b".to_owned()]))]);
    let targets = BTreeSet::from(["instance".to_owned()]);
    let ask = |expression: &str, shown: &str| {
        let place = "here".to_owned();
        let asked = Asked { place, expression: expression.to_owned(), shown: shown.to_owned() };
        complaints(&asked, &emitted, &targets)
    };

    assert_eq!(ask("sum by (b, instance) (a)", "{{b}}"), Vec::<String>::new());
    assert_eq!(ask("x", ""), ["here: nobody emits x"]);
    assert_eq!(ask("a{c=\"1\"}", ""), ["here: no label c"]);
    assert_eq!(ask("a", "{{ $labels.d }}"), ["here: no label d"]);
    assert_eq!(ask("a)", ""), ["here: ) closes nothing"]);
}
