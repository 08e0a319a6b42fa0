//! The business: events that wait too long, and vouchers that are not as the rule demands.

use super::{Check, Finding};
use crate::api::text;
use crate::system::{NAMESPACE, Role, Running};
use crate::target::Target;
use crate::verdict::{Deviation, Verdict, VoucherOnFile, compare};
use anyhow::Context;
use contracts::OrderId;
use contracts::orders::OrderFacts;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::HashSet;
use workflows::TASK_QUEUE;
use workflows::grant_voucher::GRANT_VOUCHER;

/// Events and vouchers follow within milliseconds, after a crash within 15 s. Older than this is worth a word.
const USUAL: SignedDuration = SignedDuration::from_secs(20);

/// An event is postponed while a run of its id is open; one that lasts longer than this stands in the way.
const POSTPONED_LONG: SignedDuration = SignedDuration::from_secs(60);

/// What is said at most of one kind: the first ones name the cause.
const AT_MOST: usize = 10;

/// Nothing can be said of the business while a service is silent.
const AFTER_THE_SERVICES: &str = "first mend what is said above, then: cargo lacadon doctor";

/// The `temporal` program and the server's address, as the commands that we print need them.
struct At {
    program: String,
    server: String,
}

impl At {
    fn of(running: Option<&Running>) -> Self {
        let address = running.map(|running| running.temporal.address.clone());
        let address = address.or_else(|| std::env::var("TEMPORAL_ADDRESS").ok());
        let namespace =
            std::env::var("TEMPORAL_NAMESPACE").unwrap_or_else(|_| NAMESPACE.to_owned());
        let address = address.map(|address| format!(" --address {address}")).unwrap_or_default();
        Self {
            program: crate::temporal::word_for_the_cli(),
            server: format!("{address} --namespace {namespace}"),
        }
    }

    fn terminate(&self, workflow_id: &str) -> String {
        let reason = "--reason \"stands in the way of its event\"";
        let Self { program, server } = self;
        format!("{program} workflow terminate --workflow-id {workflow_id} {reason}{server}")
    }

    fn start(&self, order_id: OrderId) -> String {
        format!(
            "{} workflow start --type {GRANT_VOUCHER} --task-queue {TASK_QUEUE} \
             --workflow-id {} --input '{{\"order_id\":\"{order_id}\"}}'{}",
            self.program,
            workflows::grant_voucher::workflow_id(order_id),
            self.server
        )
    }
}

/// Both checks: an order whose event still waits has no voucher yet, and that is said once.
pub(super) async fn checks(target: &Target, running: Option<&Running>) -> [Check; 2] {
    let at = At::of(running);
    let events = events(target).await;
    let waiting: HashSet<String> =
        events.iter().flatten().map(|event| text(event, "subject")).collect();
    [outbox(events, &at), vouchers(target, &waiting, &at).await]
}

fn outbox(events: anyhow::Result<Vec<Value>>, at: &At) -> Check {
    let name = "outbox";
    match events {
        Err(e) => Check::wrong(name, format!("{e:#}"), AFTER_THE_SERVICES),
        Ok(events) => {
            let findings = look_at_events(&events, Timestamp::now(), at);
            let oldest = events.first().map(|event| text(event, "occurred_at"));
            let seen = oldest.map_or_else(
                || "every event is settled".to_owned(),
                |oldest| format!("{} events wait, the oldest since {oldest}", events.len()),
            );
            Check::of(name, findings, seen)
        }
    }
}

/// All that are not settled, oldest first.
async fn events(target: &Target) -> anyhow::Result<Vec<Value>> {
    let api = target.order_api(Role::Auditor)?;
    let mut events = Vec::new();
    for state in ["waiting", "leased", "postponed", "quarantined"] {
        events.extend(api.all("/outbox/events", &[("state", state.to_owned())]).await?);
    }
    events.sort_by_key(|event| text(event, "occurred_at"));
    // An event that changed its state between two lists is in both.
    events.dedup_by_key(|event| text(event, "event_id"));
    Ok(events)
}

fn look_at_events(events: &[Value], now: Timestamp, at: &At) -> Vec<Finding> {
    let age = |event: &Value| {
        let occurred: Option<Timestamp> = text(event, "occurred_at").parse().ok();
        occurred.map_or(SignedDuration::ZERO, |occurred| now.duration_since(occurred))
    };
    let mut findings = Vec::new();
    for event in events {
        let (id, subject) = (text(event, "event_id"), text(event, "subject"));
        let seconds = age(event).as_secs();
        match text(event, "state").as_str() {
            "quarantined" => findings.push(Finding {
                what: format!(
                    "event {id} of {subject} is in quarantine: {}",
                    text(event, "last_failure")
                ),
                mend: format!("mend that, then: cargo lacadon outbox release {id}"),
            }),
            "postponed" if age(event) > POSTPONED_LONG => findings.push(Finding {
                what: format!(
                    "event {id} of {subject} is put off for {seconds} s: a run of its id is open"
                ),
                mend: at.terminate(&format!("voucher-{subject}")),
            }),
            "waiting" | "leased" if age(event) > USUAL => findings.push(Finding {
                what: format!("event {id} of {subject} waits for {seconds} s"),
                mend: "a worker must run and reach Temporal: cargo dev; its log says more"
                    .to_owned(),
            }),
            _ => {}
        }
    }
    shorten(findings)
}

async fn vouchers(target: &Target, waiting: &HashSet<String>, at: &At) -> Check {
    let name = "vouchers";
    match read_books(target, waiting).await {
        Err(e) => Check::wrong(name, format!("{e:#}"), AFTER_THE_SERVICES),
        Ok(verdict) => {
            let findings = verdict.deviations.iter().map(|deviation| finding(deviation, at));
            let Verdict { owed, given, sent, .. } = verdict;
            let seen = format!("{sent} orders sent, {owed} vouchers owed, {given} given");
            Check::of(name, shorten(findings.collect()), seen)
        }
    }
}

/// Vouchers first: whatever voucher is seen, its order was sent before, and is seen as well.
async fn read_books(target: &Target, waiting: &HashSet<String>) -> anyhow::Result<Verdict> {
    let looked_at = Timestamp::now();
    let vouchers = target.voucher_api(Role::Auditor)?.all("/vouchers", &[]).await?;
    let vouchers: Vec<VoucherOnFile> =
        vouchers.iter().map(voucher_on_file).collect::<anyhow::Result<_>>()?;
    let sent = [("status", "sent".to_owned())];
    let orders = target.order_api(Role::Auditor)?.all("/orders", &sent).await?;
    let orders: Vec<OrderFacts> = orders
        .into_iter()
        .map(serde_json::from_value)
        .collect::<Result<_, _>>()
        .context("order-api answers with something that is no order")?;
    let mut verdict = compare(&orders, &vouchers);
    let is_due = |order_id: &OrderId| {
        let order = orders.iter().find(|order| order.id == *order_id);
        let sent_at = order.and_then(|order| order.sent_at.as_ref()?.parse::<Timestamp>().ok());
        sent_at.is_none_or(|sent_at| looked_at.duration_since(sent_at) > USUAL)
    };
    verdict.deviations.retain(|deviation| match deviation {
        Deviation::Missing { order_id, .. } => {
            is_due(order_id) && !waiting.contains(&order_id.to_string())
        }
        _ => true,
    });
    Ok(verdict)
}

fn voucher_on_file(voucher: &Value) -> anyhow::Result<VoucherOnFile> {
    let field = |name: &str| {
        let value = voucher.get(name).cloned();
        value.with_context(|| format!("voucher-api answers with a voucher without {name}"))
    };
    Ok(VoucherOnFile {
        voucher_id: text(voucher, "id"),
        order_id: serde_json::from_value(field("order_id")?)?,
        customer_id: serde_json::from_value(field("customer_id")?)?,
        rule: serde_json::from_value(field("rule")?)?,
        rule_version: serde_json::from_value(field("rule_version")?)?,
        value: serde_json::from_value(field("value")?)?,
    })
}

fn finding(deviation: &Deviation, at: &At) -> Finding {
    let mend = match deviation {
        Deviation::Missing { order_id, .. } => at.start(*order_id),
        Deviation::NotOwed { .. }
        | Deviation::WithoutOrder { .. }
        | Deviation::Doubled { .. }
        | Deviation::WrongCustomer { .. }
        | Deviation::WrongValue { .. }
        | Deviation::Unreadable { .. } => {
            "no command mends this: a person must look at both databases".to_owned()
        }
    };
    Finding { what: deviation.to_string(), mend }
}

/// The first ones, and how many more.
fn shorten(mut findings: Vec<Finding>) -> Vec<Finding> {
    let more = findings.len().saturating_sub(AT_MOST);
    findings.truncate(AT_MOST);
    if more > 0 {
        findings.push(Finding {
            what: format!("and {more} more of this kind"),
            mend: "mend the first ones, then: cargo lacadon doctor".to_owned(),
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ORDER: &str = "ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01";

    fn at() -> At {
        At {
            program: "temporal".into(),
            server: " --address 127.0.0.1:7233 --namespace default".into(),
        }
    }

    fn event(state: &str) -> Value {
        json!({
            "event_id": "evt_1",
            "type": "order.sent",
            "subject": ORDER,
            "state": state,
            "occurred_at": "2026-11-20T10:00:00.000Z",
            "last_failure": "no such thing",
        })
    }

    fn findings_after(state: &str, seconds: i64) -> Vec<Finding> {
        let begun: Timestamp = "2026-11-20T10:00:00Z".parse().expect("a moment");
        let now = begun + SignedDuration::from_secs(seconds);
        look_at_events(&[event(state)], now, &at())
    }

    #[test]
    fn an_event_of_a_moment_ago_is_no_finding() {
        for state in ["waiting", "leased", "postponed"] {
            assert_eq!(findings_after(state, 5), vec![], "{state}");
        }
    }

    #[test]
    fn an_event_in_quarantine_is_found_with_its_reason_and_its_release() {
        let findings = findings_after("quarantined", 1);

        assert!(findings[0].what.contains("no such thing"));
        assert!(findings[0].mend.ends_with("cargo lacadon outbox release evt_1"));
    }

    #[test]
    fn an_event_that_is_put_off_for_long_names_the_command_that_ends_the_run_in_its_way() {
        let findings = findings_after("postponed", 61);

        assert_eq!(
            findings[0].mend,
            format!(
                "temporal workflow terminate --workflow-id voucher-{ORDER} \
                 --reason \"stands in the way of its event\" --address 127.0.0.1:7233 --namespace default"
            )
        );
    }

    #[test]
    fn a_missing_voucher_names_the_command_that_starts_its_process() {
        let order_id = ORDER.parse().expect("an order id");
        let missing = Deviation::Missing { order_id, total: contracts::Money::eur_cents(100_01) };

        let mend = finding(&missing, &at()).mend;

        assert!(mend.contains(&format!("--workflow-id voucher-{ORDER} ")), "{mend}");
        assert!(mend.contains(&format!("--input '{{\"order_id\":\"{ORDER}\"}}'")), "{mend}");
    }

    #[test]
    fn of_many_findings_of_a_kind_the_first_ones_are_told() {
        let finding = Finding { what: "x".into(), mend: "y".into() };

        let told = shorten(vec![finding; 25]);

        assert_eq!(told.len(), AT_MOST + 1);
        assert!(told[AT_MOST].what.contains("15 more"));
    }
}
