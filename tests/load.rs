//! Load runs: whoever asks how many orders a machine takes is told, of a system whose every order was audited.
#![expect(clippy::expect_used, reason = "a test fails by panicking, also in what it calls")]

use lacadon::crash::lab::{LabOptions, On};
use lacadon::load::{Load, LoadReport};
use launch::progress::Display;
use std::collections::BTreeSet;
use tests::programs;

const ORDERS: u32 = 100;

/// What uses the machine, whatever else is counted.
const PROCESSES: [&str; 4] = ["order-api", "temporal", "voucher-api", "worker"];

#[tokio::test(flavor = "multi_thread")]
async fn a_load_run_sends_and_audits_every_order_and_says_what_each_process_used() {
    let report = measured(Load { rate: Some(20), ..load() }).await;

    assert!(report.holds(), "{report:?}");
    assert_eq!(u64::from(ORDERS), report.audit.sent);
    assert_eq!((90, 90), (report.audit.owed, report.audit.given), "one in ten earns nothing");
    let used: BTreeSet<&str> = report.cpu_s_per_1000_orders.keys().map(String::as_str).collect();
    for process in PROCESSES {
        assert!(used.contains(process), "{process} is missing among {used:?}");
        assert!(report.cpu_s_per_1000_orders.get(process).is_some_and(|cpu| *cpu > 0.0));
        assert!(report.rss_mib.get(process).is_some_and(|memory| *memory > 1.0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_order_waits_counts_from_when_it_was_to_be_sent_and_ends_with_its_voucher() {
    let report = measured(Load { concurrency: 4, ..load() }).await;

    let waits = report.sent_to_voucher;
    assert!(waits.p50_ms <= waits.p95_ms && waits.p95_ms <= waits.p99_ms);
    assert!(waits.p99_ms <= waits.max_ms);
    assert!(waits.max_ms <= report.seconds * 1000.0, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_a_run_in_which_not_every_order_was_sent_are_void() {
    let mut report = measured(Load { orders: 10, ..load() }).await;
    assert!(report.holds());

    report.orders += 1;

    assert!(!report.holds());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_services_may_be_on_postgresql_beside_a_development_server() {
    if programs::postgres().is_none() {
        return;
    }
    let report = measured(Load { on: On::Postgres, ..load() }).await;

    assert!(report.holds(), "{report:?}");
    assert!(report.cpu_s_per_1000_orders.contains_key("postgresql"), "{report:?}");
}

fn load() -> Load {
    Load {
        orders: ORDERS,
        rate: None,
        concurrency: 8,
        on: On::Files,
        workers: 1,
        temporal_cli: None,
    }
}

async fn measured(load: Load) -> LoadReport {
    let options = LabOptions::of_this_workspace().await.expect("everything builds");
    load.measure(options, &Display::on_stderr()).await.expect("the system works")
}
