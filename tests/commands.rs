//! The commands that people type, run as they type them.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, also in what it calls"
)]

use lacadon::system::Role;
use serde_json::Value;
use std::net::TcpListener;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use tests::{World, eventually, eventually_within};
use tokio::process::{Child, Command};

/// Children of a launcher that was killed drain before they end.
const LEFT_BEHIND_LIMIT: Duration = Duration::from_secs(20);

/// Four services, the gateway and a worker.
const HTTP_PROCESSES: usize = 6;

/// The `lacadon` binary with the Temporal server that the tests found.
fn lacadon(data_dir: &Path) -> Command {
    let binaries = launch::build::binaries().expect("the binaries build");
    let cli = launch::temporal::locate().expect("a Temporal server");
    let mut command = Command::new(&binaries.lacadon);
    command
        .env("LACADON_TEMPORAL_CLI", &cli.path)
        .env_remove("TEMPORAL_ADDRESS")
        .arg("--data-dir")
        .arg(data_dir)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

async fn run(data_dir: &Path, words: &[&str]) -> Output {
    lacadon(data_dir).args(words).output().await.expect("it runs")
}

async fn json(data_dir: &Path, words: &[&str]) -> Value {
    let output = run(data_dir, words).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{words:?}: {said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_str(&said)
        .unwrap_or_else(|e| panic!("{words:?} printed no JSON ({e}): {said}"))
}

/// A base with free ports above it, that no other test here uses, below the blocks that systems take by themselves.
fn port_base() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = 10_000 + u16::try_from(std::process::id() % 90).expect("small") * 100;
    loop {
        let base = start + NEXT.fetch_add(32, Ordering::Relaxed);
        if (0..32).all(|offset| TcpListener::bind(("127.0.0.1", base + offset)).is_ok()) {
            return base;
        }
    }
}

struct Dev {
    child: Child,
    run: Value,
}

async fn dev(data_dir: &Path, port_base: u16) -> Dev {
    let mut child = lacadon(data_dir);
    child
        .args(["dev", "--port-base", &port_base.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let child = child.spawn().expect("it starts");
    let run = eventually("run.json and every process ready", || async {
        let run = read_run(data_dir)?;
        for address in addresses(&run) {
            reqwest::get(format!("{address}/readyz")).await.ok()?.error_for_status().ok()?;
        }
        (addresses(&run).len() == HTTP_PROCESSES).then_some(run)
    })
    .await;
    Dev { child, run }
}

fn read_run(data_dir: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(data_dir.join("run.json")).ok()?).ok()
}

/// The URLs of the HTTP processes; Temporal's address is none.
fn addresses(run: &Value) -> Vec<String> {
    let processes = run["processes"].as_array().expect("processes");
    let urls = processes.iter().filter_map(|process| process["address"].as_str());
    urls.filter(|address| address.starts_with("http://")).map(str::to_owned).collect()
}

fn pids(run: &Value) -> Vec<String> {
    let processes = run["processes"].as_array().expect("processes");
    processes.iter().map(|process| process["pid"].to_string()).collect()
}

fn pid_of(run: &Value, name: &str) -> String {
    let processes = run["processes"].as_array().expect("processes");
    processes.iter().find(|process| process["name"] == name).expect("the process")["pid"]
        .to_string()
}

async fn signal(pid: &str, name: &str) {
    let sent = Command::new("kill").args(["-s", name, pid]).status().await.expect("kill runs");
    assert!(sent.success(), "no signal to {pid}");
}

fn is_alive(pid: &str) -> bool {
    // A zombie that nobody has waited for is dead.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}

async fn stopped(dev: &mut Dev) -> ExitStatus {
    tokio::time::timeout(LEFT_BEHIND_LIMIT, dev.child.wait())
        .await
        .expect("it stops")
        .expect("a status")
}

async fn nothing_is_left(pids: &[String]) {
    eventually_within(LEFT_BEHIND_LIMIT, "every process has ended", || async {
        pids.iter().all(|pid| !is_alive(pid)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn dev_keeps_its_data_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = port_base();
    let mut first = dev(folder.path(), base).await;
    let words = [
        "order",
        "place",
        "--back-office",
        "--customer",
        "cus_ada",
        "--line",
        "DUCK:1:120.50",
        "--json",
    ];
    let order = json(folder.path(), &words).await;

    let names: Vec<_> = first.run["processes"]
        .as_array()
        .expect("processes")
        .iter()
        .map(|p| p["name"].clone())
        .collect();
    assert!(names.contains(&"temporal".into()), "{names:?}");
    assert!(
        first.run["temporal"]["address"].is_string() && first.run["temporal"]["ui"].is_string()
    );
    for (role, file) in first.run["keys"].as_object().expect("keys") {
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &std::fs::metadata(file.as_str().expect("a path")).expect("a file").permissions(),
        );
        assert_eq!(mode & 0o777, 0o600, "{role}");
    }
    signal(&first.child.id().expect("a pid").to_string(), "INT").await;
    assert!(stopped(&mut first).await.success());
    nothing_is_left(&pids(&first.run)).await;
    assert!(read_run(folder.path()).is_none(), "run.json is removed");

    let mut second = dev(folder.path(), base).await;
    let shown =
        json(folder.path(), &["order", "show", order["id"].as_str().expect("an id"), "--json"])
            .await;
    assert_eq!(shown["id"], order["id"]);
    signal(&second.child.id().expect("a pid").to_string(), "TERM").await;
    stopped(&mut second).await;
    nothing_is_left(&pids(&second.run)).await;
}

#[tokio::test]
async fn a_process_of_dev_that_dies_is_up_again_and_a_second_dev_on_the_same_data_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut dev = dev(folder.path(), port_base()).await;

    for name in ["order-api", "temporal", "worker"] {
        let before = pid_of(&read_run(folder.path()).expect("run.json"), name);
        signal(&before, "KILL").await;
        eventually_within(LEFT_BEHIND_LIMIT, "it is up again", || async {
            let run = read_run(folder.path())?;
            let process = run["processes"]
                .as_array()?
                .iter()
                .find(|process| process["name"] == name)?
                .clone();
            let now = process["pid"].to_string();
            (now != before && process["restarts"] == 1).then_some(())
        })
        .await;
    }

    let second = run(folder.path(), &["dev", "--port-base", &port_base().to_string()]).await;
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(
        said.contains(&dev.child.id().expect("a pid").to_string()),
        "it names who holds the data: {said}"
    );

    let run = read_run(folder.path()).expect("run.json");
    signal(&dev.child.id().expect("a pid").to_string(), "INT").await;
    stopped(&mut dev).await;
    nothing_is_left(&pids(&run)).await;
}

#[tokio::test]
async fn a_launcher_that_is_killed_leaves_nothing_running() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut dev = dev(folder.path(), port_base()).await;

    signal(&dev.child.id().expect("a pid").to_string(), "KILL").await;
    stopped(&mut dev).await;

    nothing_is_left(&pids(&dev.run)).await;
}

#[tokio::test]
async fn the_demo_hands_out_exactly_the_right_vouchers_and_every_order_has_its_credit_or_neither_is_there()
 {
    let folder = tempfile::tempdir().expect("a folder");

    let output = run(folder.path(), &["demo"]).await;

    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for proved in [
        "100.01 EUR",
        "VERDICT: the rule holds: ",
        "100 orders placed at once",
        "VERDICT: both or neither: ",
        "naive: cus_demo_naive has no active order, and is denied: risk_too_high",
        "VERDICT: denied for a low score without an active order: naive 1, ours 0.",
    ] {
        assert!(said.contains(proved), "no {proved:?} in {said}");
    }
}

#[tokio::test]
async fn importing_the_same_file_twice_changes_nothing() {
    let world = World::start().await;
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace")
        .join("examples/orders.csv");
    let import = ["import", file.to_str().expect("a path"), "--send-fulfilled", "--json"];

    let first = json(world.system.data_dir(), &import).await;
    world.outbox_is_empty().await;
    let orders = all_orders(&world).await;
    let second = json(world.system.data_dir(), &import).await;
    world.outbox_is_empty().await;

    assert!(orders.len() >= 200, "{first}");
    assert_eq!(all_orders(&world).await, orders, "{second}");
    let csv = std::fs::read_to_string(&file).expect("the file");
    let addresses: Vec<_> = csv.split(',').filter(|field| field.contains('@')).collect();
    assert!(addresses.len() >= 200, "the file has addresses: {addresses:?}");
    for kept in [
        "order.sqlite",
        "order.sqlite-wal",
        "voucher.sqlite",
        "logs/order-api.log",
        "logs/worker.log",
    ] {
        let kept = std::fs::read(world.system.data_dir().join(kept)).unwrap_or_default();
        let kept = String::from_utf8_lossy(&kept);
        assert!(addresses.iter().all(|address| !kept.contains(address)), "an address was stored");
    }
}

#[tokio::test]
async fn a_bad_row_drops_its_order_and_stops_nothing_else() {
    let world = World::start().await;
    let file = world.system.data_dir().join("some.csv");
    std::fs::write(
        &file,
        "Name,Email,Financial Status,Fulfilled at,Currency,Total,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Created at,Cancelled at\n\
         #1,ada@shop.example,paid,2026-11-01 10:00:00 +0100,EUR,120.50,1,Duck,120.50,DUCK,2026-11-01 09:00:00 +0100,\n\
         #2,eve@shop.example,paid,,EUR,not a number,1,Duck,10.00,DUCK,2026-11-01 09:00:00 +0100,\n\
         #3,bob@shop.example,paid,,EUR,10.00,1,Duck,10.00,DUCK,2026-11-01 09:00:00 +0100,\n\
         #3,,,,,,many,Bone,1.00,BONE,2026-11-01 09:00:00 +0100,\n",
    )
    .expect("written");

    let output = run(world.system.data_dir(), &["import", file.to_str().expect("a path")]).await;

    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(!output.status.success(), "the exit code says that something was dropped: {said}");
    assert!(said.contains("#2") && said.contains("line 3"), "{said}");
    assert!(said.contains("#3") && said.contains("line 5"), "{said}");
    assert_eq!(all_orders(&world).await.len(), 1, "{said}");
}

#[tokio::test]
async fn the_doctor_finds_what_is_wrong_and_names_the_command_that_mends_it() {
    let world = World::start().await;
    let healthy = run(world.system.data_dir(), &["doctor"]).await;
    assert!(healthy.status.success(), "{}", String::from_utf8_lossy(&healthy.stdout));

    world.process("worker").stop().await.expect("stopped");
    let order = world.place_order().costing_minor(250_00).await;
    world.mark_sent(&order).await;

    eventually("the doctor sees the order without its voucher", || async {
        let ill = run(world.system.data_dir(), &["doctor"]).await;
        let said = String::from_utf8_lossy(&ill.stdout).into_owned();
        (!ill.status.success() && said.contains(&order.id.to_string()) && said.contains("worker"))
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn orders_and_vouchers_are_shown_and_listed_and_a_voucher_is_redeemed_once() {
    let world = World::start().await;
    let data = world.system.data_dir();

    json(data, &["credit", "set", "--customer", "cus_ada", "--limit", "500.00", "--json"]).await;
    let placed = json(
        data,
        &["order", "place", "--customer", "cus_ada", "--line", "DUCK:2:60.25", "--json"],
    )
    .await;
    let id = placed["order_id"].as_str().expect("an id");
    json(data, &["order", "send", id, "--json"]).await;
    let order = tests::Order { id: id.parse().expect("an id"), customer_id: "cus_ada".to_owned() };
    world.earns_exactly_one_voucher(&order).await;
    let vouchers = json(data, &["voucher", "list", "--customer", "cus_ada", "--json"]).await;
    let listed = json(data, &["order", "list", "--status", "sent", "--json"]).await;
    let cancelled = run(data, &["order", "cancel", id]).await;

    assert_eq!(vouchers["data"][0]["order_id"], id);
    assert_eq!(listed["data"][0]["id"], id);
    assert!(!cancelled.status.success(), "a sent order is not cancelled");
    let code = vouchers["data"][0]["code"].as_str().expect("the shop sees the code");
    let other = contracts::OrderId::make().to_string();
    json(data, &["voucher", "redeem", code, "--order", &other, "--customer", "cus_ada", "--json"])
        .await;
    json(data, &["voucher", "redeem", code, "--order", &other, "--customer", "cus_ada", "--json"])
        .await;
    let again =
        run(data, &["voucher", "redeem", code, "--order", id, "--customer", "cus_ada"]).await;
    assert!(!again.status.success(), "a voucher is redeemed once");
}

#[tokio::test]
async fn an_order_is_placed_once_per_key_and_a_rejected_one_says_why_and_has_an_exit_code_of_its_own()
 {
    let world = World::start().await;
    let data = world.system.data_dir();
    let place = |key, line| {
        ["order", "place", "--customer", "cus_ada", "--key", key, "--line", line, "--json"]
    };

    let stranger = run(data, &place("key-1", "DUCK:1:60.00")).await;
    let set = ["credit", "set", "--customer", "cus_ada", "--limit", "100.00", "--json"];
    json(data, &set).await;
    let first = json(data, &place("key-2", "DUCK:1:60.00")).await;
    let again = json(data, &place("key-2", "DUCK:1:60.00")).await;
    let other = run(data, &place("key-2", "BONE:1:60.00")).await;
    let too_much = run(data, &place("key-3", "DUCK:1:60.00")).await;

    assert_eq!((stranger.status.code(), too_much.status.code()), (Some(5), Some(5)));
    assert!(String::from_utf8_lossy(&stranger.stdout).contains("unknown_customer"), "{stranger:?}");
    assert!(String::from_utf8_lossy(&too_much.stdout).contains("insufficient_credit"));
    assert_eq!(first["order_id"], again["order_id"]);
    assert_eq!(other.status.code(), Some(3), "a key is for one cart");
    let account = json(data, &["credit", "show", "--customer", "cus_ada", "--json"]).await;
    assert_eq!(account["available"]["amount"], 40_00);
    assert_eq!(account["live_reservation_count"], 1);
}

async fn all_orders(world: &World) -> Vec<Value> {
    let mut orders = Vec::new();
    let mut after = String::new();
    loop {
        let url = format!("{}/orders?limit=100{after}", world.system.order_api_url());
        let (_, page) = world.call(reqwest::Method::GET, &url, Role::Auditor, None).await;
        orders.extend(page["data"].as_array().expect("a list").iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) if page["has_more"] == true => after = format!("&starting_after={next}"),
            _ => return orders,
        }
    }
}
