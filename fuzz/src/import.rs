//! The import: whatever a file holds, every row of it is in an order or is reported with its line and the reason, and
//! never both.

use crate::says_why;
use contracts::Money;
use lacadon::import::shopify::{self, Export, ExportedOrder, Fate};
use std::collections::HashSet;

/// As many lines as an order may have, and pieces as a line may have, at order-api.
const MOST_LINES: usize = 200;
const MOST_PIECES: i64 = 1_000_000;

const COLUMNS: [&str; 11] = [
    "Name",
    "Email",
    "Currency",
    "Total",
    "Created at",
    "Fulfillment Status",
    "Cancelled at",
    "Lineitem quantity",
    "Lineitem name",
    "Lineitem price",
    "Lineitem sku",
];

pub(crate) fn holds(bytes: &[u8]) {
    let export = match shopify::read(bytes) {
        Ok(export) => export,
        Err(refused) => {
            // It names a column, which is as long as the file likes.
            return assert!(refused.to_string().contains("column"), "{refused}");
        }
    };
    no_row_is_taken_and_refused(&export);
    for row in &export.bad_rows {
        says_why(&row.reason);
        assert!(!row.reason.contains('@'), "line {} shows an address: {}", row.line, row.reason);
    }
    for order in &export.orders {
        is_within_bounds(order);
    }
    nothing_is_lost(bytes, &export);
    is_read_again_from_what_it_prints(&export);
}

fn no_row_is_taken_and_refused(export: &Export) {
    let names: HashSet<&str> = export.orders.iter().map(|order| order.name.as_str()).collect();
    assert_eq!(names.len(), export.orders.len(), "two orders of one name");
    let mut last = 1;
    for row in &export.bad_rows {
        assert!(row.line > last, "line {} is reported behind line {last}", row.line);
        last = row.line;
        let is_taken = row.name.as_deref().is_some_and(|name| names.contains(name));
        assert!(!is_taken, "{:?} is taken although line {} is bad", row.name, row.line);
    }
    let refused: HashSet<u64> = export.bad_rows.iter().map(|row| row.line).collect();
    let mut last = 1;
    for order in &export.orders {
        assert!(
            order.line > last,
            "{} of line {} stands behind line {last}",
            order.name,
            order.line
        );
        last = order.line;
        assert!(!refused.contains(&order.line), "line {} is taken and refused", order.line);
    }
}

fn is_within_bounds(order: &ExportedOrder) {
    assert!(!order.name.is_empty() && !order.name.contains(char::is_control), "{order:?}");
    assert!(order.total.amount_minor >= 0, "{order:?}");
    assert!(order.lines.len() <= MOST_LINES, "{order:?}");
    for line in &order.lines {
        assert!(line.sku.is_some() || line.name.is_some(), "{order:?}");
        assert!((1..=MOST_PIECES).contains(&line.quantity), "{order:?}");
        assert!(line.unit_price.amount_minor >= 0, "{order:?}");
        assert_eq!(line.unit_price.currency, order.total.currency, "{order:?}");
        let exact = i128::from(line.unit_price.amount_minor) * i128::from(line.quantity);
        let reckoned = line.unit_price.checked_times(line.quantity);
        assert_eq!(
            reckoned.ok().map(|m| i128::from(m.amount_minor)),
            i64::try_from(exact).ok().map(i128::from)
        );
    }
}

/// Read another way, where no quotation mark makes that hard: each line behind the header names an order that is taken or
/// reported, or is reported itself.
fn nothing_is_lost(bytes: &[u8], export: &Export) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if text.contains('"') {
        return;
    }
    let text =
        text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").replace('\r', "\n");
    let mut lines = (1_u64..).zip(text.split('\n')).filter(|(_, line)| !line.is_empty());
    let (_, header) = lines.next().expect("it has the columns of an export");
    let is_name =
        |column: &str| column.trim_start_matches('\u{feff}').trim().to_lowercase() == "name";
    let place = header.split(',').position(is_name).expect("a column of names");

    let reported: HashSet<u64> = export.bad_rows.iter().map(|row| row.line).collect();
    let named = export.bad_rows.iter().filter_map(|row| row.name.as_deref());
    let known: HashSet<&str> =
        named.chain(export.orders.iter().map(|order| order.name.as_str())).collect();
    for (number, line) in lines {
        let name = line.split(',').nth(place).unwrap_or_default().trim();
        let is_there = reported.contains(&number) || known.contains(name);
        assert!(is_there, "line {number}, {line:?}, is neither taken nor reported");
    }
}

/// The orders written as a file of their own are the same orders.
fn is_read_again_from_what_it_prints(export: &Export) {
    let mut written = csv::Writer::from_writer(Vec::new());
    written.write_record(COLUMNS).expect("in memory");
    for order in &export.orders {
        for row in rows_of(order) {
            written.write_record(row).expect("in memory");
        }
    }
    let file = written.into_inner().expect("in memory");
    let mut again = shopify::read(file.as_slice()).expect("an export");

    assert_eq!(again.bad_rows, [], "{}", String::from_utf8_lossy(&file));
    for (order, read) in export.orders.iter().zip(&mut again.orders) {
        read.line = order.line;
    }
    assert!(again.orders == export.orders, "{}", String::from_utf8_lossy(&file));
}

fn rows_of(order: &ExportedOrder) -> Vec<[String; 11]> {
    let amount =
        |money: Money| money.to_string().trim_end_matches(char::is_alphabetic).trim().to_owned();
    let mut rows: Vec<[String; 11]> = Vec::new();
    for place in 0..order.lines.len().max(1) {
        let moment = order.placed_at.to_string();
        let cancelled = if order.fate == Fate::Cancelled { moment.clone() } else { String::new() };
        let status = if order.fate == Fate::Fulfilled { "fulfilled" } else { "open" };
        let [quantity, name, price, sku] =
            order.lines.get(place).map_or_else(Default::default, |line| {
                [
                    line.quantity.to_string(),
                    line.name.clone().unwrap_or_default(),
                    amount(line.unit_price),
                    line.sku.clone().unwrap_or_default(),
                ]
            });
        rows.push([
            order.name.clone(),
            order.email.0.clone(),
            order.total.currency.to_string(),
            amount(order.total),
            moment,
            status.to_owned(),
            cancelled,
            quantity,
            name,
            price,
            sku,
        ]);
    }
    rows
}
