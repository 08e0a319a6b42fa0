//! The table of the demo: every order with what became of it and why, grouped by what the rule makes of it.

use crate::ledger::OrderOnFile;
use crate::out::{Out, Tone, plain};
use crate::temporal::Ended;
use crate::verdict::{Owed, VoucherOnFile, owed};
use activities::voucher_rule::VERSIONS;
use contracts::OrderId;
use contracts::orders::OrderStatus;
use std::collections::BTreeMap;

/// What the rule makes of an order; the groups of the table, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    Earned,
    NotQualified,
    NotSent,
    Cancelled,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) group: Group,
    pub(super) name: String,
    pub(super) total: String,
    pub(super) is_sent: bool,
    pub(super) voucher: String,
    pub(super) why: String,
}

/// What is on file beside what the processes said. `why` is the process's own answer where there was a process.
pub(super) fn lines(
    orders: &[OrderOnFile],
    vouchers: &[VoucherOnFile],
    ends: &BTreeMap<OrderId, Ended>,
) -> Vec<Line> {
    let mut lines: Vec<Line> = orders
        .iter()
        .map(|order| {
            let facts = &order.facts;
            let its: Vec<String> = vouchers
                .iter()
                .filter(|voucher| voucher.order_id == facts.id)
                .map(|voucher| voucher.value.to_string())
                .collect();
            let (group, rule_says) = group_of(order);
            let name = order.external_ref.as_deref().map_or_else(
                || facts.id.to_string(),
                |name| name.trim_start_matches("shopify:").to_owned(),
            );
            Line {
                group,
                name,
                total: facts.total.to_string(),
                is_sent: facts.sent_at.is_some(),
                voucher: if its.is_empty() { "-".to_owned() } else { its.join(" + ") },
                why: match ends.get(&facts.id) {
                    Some(end) => said(end, &rule_says),
                    None if facts.sent_at.is_some() => "no process".to_owned(),
                    None => rule_says,
                },
            }
        })
        .collect();
    lines.sort_by(|a, b| (a.group, &a.name).cmp(&(b.group, &b.name)));
    lines
}

fn group_of(order: &OrderOnFile) -> (Group, String) {
    let facts = &order.facts;
    match owed(facts) {
        Ok(Owed::One { decision, .. }) => {
            let version = VERSIONS.iter().find(|rule| rule.version == decision.rule_version);
            let limit = version.map_or_else(String::new, |rule| rule.limit.to_string());
            (Group::Earned, format!("{} is more than {limit}", facts.total))
        }
        Ok(Owed::Nothing { is_sent: true, reason }) => (Group::NotQualified, reason),
        Ok(Owed::Nothing { .. }) if facts.status == OrderStatus::Cancelled => {
            (Group::Cancelled, "cancelled".to_owned())
        }
        Ok(Owed::Nothing { .. }) => (Group::NotSent, "not sent".to_owned()),
        Err(unreadable) => (Group::NotQualified, unreadable.to_string()),
    }
}

/// What the process answered. A grant needs no reason; the rule's is told.
fn said(end: &Ended, rule_says: &str) -> String {
    match end {
        Ended::Otherwise(how) => how.clone(),
        Ended::Completed(result) => {
            let field = |name: &str| result.get(name).and_then(serde_json::Value::as_str);
            match (field("outcome"), field("reason")) {
                (Some("granted"), _) => rule_says.to_owned(),
                (_, Some(reason)) => reason.to_owned(),
                _ => result.to_string(),
            }
        }
    }
}

pub(super) fn show(lines: &[Line], out: Out) -> std::io::Result<()> {
    let header = ["order", "total", "sent", "voucher", "why"];
    for (group, title, tone) in [
        (Group::Cancelled, "Cancelled", Tone::Quiet),
        (Group::NotSent, "Not sent", Tone::Quiet),
        (Group::NotQualified, "Sent, no voucher earned", Tone::Notable),
        (Group::Earned, "Sent, one voucher earned", Tone::Good),
    ] {
        let its: Vec<&Line> = lines.iter().filter(|line| line.group == group).collect();
        if its.is_empty() {
            continue;
        }
        out.line("")?;
        out.line(&out.tone(tone, &format!("{title}: {} orders", its.len())))?;
        let rows = its.into_iter().map(|line| {
            vec![
                plain(&line.name),
                plain(format!("{:>14}", line.total)),
                plain(if line.is_sent { "yes" } else { "no" }),
                (line.voucher.clone(), (line.voucher != "-").then_some(Tone::Good)),
                plain(&line.why),
            ]
        });
        out.table(&header, rows.collect())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::Money;
    use contracts::orders::OrderFacts;
    use serde_json::json;
    use uuid::Uuid;

    fn order(number: u128, cents: i64, status: OrderStatus) -> OrderOnFile {
        let is_sent = status == OrderStatus::Sent;
        OrderOnFile {
            external_ref: Some(format!("shopify:#{number}")),
            is_from_the_shop: false,
            facts: OrderFacts {
                id: OrderId::from_uuid(Uuid::from_u128(number)),
                status,
                customer_id: "cus_ada".parse().expect("a customer id"),
                total: Money::eur_cents(cents),
                sent_at: is_sent.then(|| "2026-11-20T10:00:00.000Z".into()),
            },
        }
    }

    #[test]
    fn every_order_is_in_the_group_that_the_rule_puts_it_in() {
        let orders = [
            order(1, 99_99, OrderStatus::Sent),
            order(2, 100_01, OrderStatus::Sent),
            order(3, 250_00, OrderStatus::Cancelled),
            order(4, 250_00, OrderStatus::Approved),
        ];

        let lines = lines(&orders, &[], &BTreeMap::new());

        let groups: Vec<(Group, &str)> = lines.iter().map(|l| (l.group, l.name.as_str())).collect();
        let expected = vec![
            (Group::Earned, "#2"),
            (Group::NotQualified, "#1"),
            (Group::NotSent, "#4"),
            (Group::Cancelled, "#3"),
        ];
        assert_eq!(groups, expected);
    }

    #[test]
    fn why_is_what_the_process_answered() {
        let orders = [order(1, 99_99, OrderStatus::Sent)];
        let answer = json!({"outcome": "not_qualified", "reason": "too little"});
        let ends = BTreeMap::from([(orders[0].facts.id, Ended::Completed(answer))]);

        assert_eq!(lines(&orders, &[], &ends)[0].why, "too little");
    }
}
