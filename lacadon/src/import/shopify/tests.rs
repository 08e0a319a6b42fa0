//! Reading a shop's export, row by row: what is taken, and what is refused with its line and reason.

use super::*;
use proptest::prelude::*;

const HEADER: &str = "Name,Email,Fulfillment Status,Fulfilled at,Currency,Total,Created at,\
                      Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Cancelled at";

/// Two orders, the first of two rows.
const GOOD: &str = "\
#1001,ada@shop.example,fulfilled,2026-10-02 09:00:00 +0200,EUR,100.01,2026-10-01 12:34:56 +0200,2,Lamp,40.00,LMP-1,
#1001,ada@shop.example,,,,,,1,Cup,20.01,CUP-1,
#1002,bob@shop.example,unfulfilled,,JPY,9900,2026-10-01 12:40:00 +0200,1,Kettle,9900,,";

fn export(rows: &str) -> Export {
    read(format!("{HEADER}\n{rows}\n").as_bytes()).expect("an export")
}

fn names(export: &Export) -> Vec<&str> {
    export.orders.iter().map(|order| order.name.as_str()).collect()
}

#[test]
fn rows_of_one_name_are_one_order() {
    let export = export(GOOD);

    assert_eq!((names(&export), export.bad_rows.len()), (vec!["#1001", "#1002"], 0));
    let first = &export.orders[0];
    assert_eq!(
        (first.line, first.total, first.fate),
        (2, Money::eur_cents(100_01), Fate::Fulfilled)
    );
    assert_eq!(first.placed_at.to_string(), "2026-10-01T10:34:56Z");
    assert_eq!(first.lines.len(), 2);
    assert_eq!(first.lines[0].unit_price, Money::eur_cents(40_00));
    assert_eq!(export.orders[1].lines[0].sku, None);
}

#[test]
fn rows_of_one_order_need_not_stand_together() {
    let mut rows: Vec<&str> = GOOD.lines().collect();
    rows.swap(1, 2);

    let export = export(&rows.join("\n"));

    assert_eq!(names(&export), vec!["#1001", "#1002"]);
    assert_eq!(export.orders[0].lines.len(), 2);
}

#[test]
fn the_total_is_taken_as_given_and_not_from_the_lines() {
    let export = export(&GOOD.replace("EUR,100.01", "EUR,99.99"));

    assert_eq!(export.orders[0].total, Money::eur_cents(99_99));
}

#[test]
fn a_cancelled_order_is_cancelled_whatever_else_it_is() {
    let export = export(&GOOD.replace("LMP-1,", "LMP-1,2026-10-03 08:00:00 +0200"));

    assert_eq!(export.orders[0].fate, Fate::Cancelled);
}

#[test]
fn a_partly_fulfilled_order_is_open() {
    let export = export(&GOOD.replace(",fulfilled,", ",partial,"));

    assert_eq!(export.orders[0].fate, Fate::Open);
}

#[test]
fn a_file_that_says_nothing_of_the_fulfillment_but_its_moment_is_understood() {
    let file = "Name,Email,Fulfilled at,Currency,Total,Created at\n\
                #1,a@b.example,2026-10-02 09:00:00 +0200,EUR,5,2026-10-01 12:34:56 +0200\n\
                #2,a@b.example,,EUR,5,2026-10-01 12:34:56 +0200\n";

    let export = read(file.as_bytes()).expect("an export");

    let fates: Vec<Fate> = export.orders.iter().map(|order| order.fate).collect();
    assert_eq!(fates, vec![Fate::Fulfilled, Fate::Open]);
}

#[test]
fn a_bad_row_drops_its_whole_order_and_no_other() {
    for (good, bad, expected_line, expected_reason) in [
        (",100.01,", ",100.015,", 2, "Total"),
        (",100.01,", ",-100.01,", 2, "Total is negative"),
        (",100.01,", ",,", 2, "Total is empty"),
        (",EUR,", ",EURO,", 2, "Currency"),
        ("2026-10-01 12:34:56 +0200", "yesterday", 2, "Created at"),
        ("2026-10-02 09:00:00 +0200", "soon", 2, "Fulfilled at"),
        ("#1001,ada@shop.example,fulfilled", "#1001,nobody,fulfilled", 2, "Email"),
        (",1,Cup,20.01,", ",0,Cup,20.01,", 3, "Lineitem quantity"),
        (",1,Cup,20.01,", ",1,Cup,20.0.1,", 3, "Lineitem price"),
        (",1,Cup,20.01,CUP-1,", ",,,,,", 3, "line item"),
        (",,,,,,1,Cup", ",,,USD,,,1,Cup", 3, "Currency is not that of line 2"),
        (",,,,,,1,Cup", ",,,EUR,7.00,,1,Cup", 3, "Total is not that of line 2"),
        ("#1001,ada@shop.example,,", "#1001,eve@shop.example,,", 3, "Email is not that of line 2"),
        (",CUP-1,", ",CUP-1", 3, "fields"),
        (",Cup,", ",\"Cup,", 3, "quotation marks"),
        (",Cup,", ",Cup\",", 3, "quotation marks"),
        (",CUP-1,", ",CUP-1,\"", 3, "quotation marks"),
    ] {
        let rows = GOOD.replacen(good, bad, 1);
        assert_ne!(rows, GOOD, "{good} is not in the file");

        let export = export(&rows);

        assert_eq!(names(&export), vec!["#1002"], "{bad}");
        let row = &export.bad_rows[0];
        assert_eq!(
            (row.line, row.name.as_deref()),
            (expected_line, Some("#1001")),
            "{bad}: {row:?}"
        );
        assert!(row.reason.contains(expected_reason), "{bad}: {row:?}");
    }
}

#[test]
fn a_row_without_a_name_is_reported_and_drops_nothing() {
    let export = export(&format!("{GOOD}\n,ada@shop.example,,,,,,1,Cup,20.01,CUP-1,"));

    assert_eq!(names(&export).len(), 2);
    assert_eq!((export.bad_rows[0].line, &export.bad_rows[0].name), (5, &None));
}

#[test]
fn later_rows_of_a_dropped_order_do_not_bring_it_back() {
    let export = export(&GOOD.replace("EUR,100.01", "EUR,"));

    assert_eq!(names(&export), vec!["#1002"]);
    assert_eq!(export.bad_rows.len(), 1);
}

#[test]
fn all_bad_rows_of_an_order_are_reported_in_one_pass() {
    let export = export(&GOOD.replace("EUR,100.01", "EUR,").replace(",1,Cup", ",no,Cup"));

    let lines: Vec<u64> = export.bad_rows.iter().map(|row| row.line).collect();
    assert_eq!(lines, vec![2, 3]);
}

#[test]
fn a_quoted_field_may_hold_commas_and_quotes() {
    let export = export(&GOOD.replace("Lamp", "\"Lamp, \"\"warm\"\"\""));

    assert_eq!(export.orders[0].lines[0].name.as_deref(), Some("Lamp, \"warm\""));
}

#[test]
fn the_mark_that_spreadsheets_put_before_the_header_does_not_matter() {
    let file = format!("\u{feff}{HEADER}\r\n{}\r\n", GOOD.replace('\n', "\r\n"));

    assert_eq!(read(file.as_bytes()).expect("an export"), export(GOOD));
}

#[test]
fn a_note_of_several_lines_is_one_field_and_lines_are_counted_on() {
    let rows = GOOD.replace("Lamp", "\"Lamp\"").replace("#1002,bob@shop.example", "#1002,bob");
    let file = format!("Notes,{HEADER}\n\"one\n\ntwo\",{}\n", rows.replace('\n', "\n,"));

    let export = read(file.as_bytes()).expect("an export");

    assert_eq!(names(&export), vec!["#1001"]);
    assert_eq!(export.bad_rows[0].line, 6);
}

#[test]
fn a_file_that_is_no_export_is_refused_as_a_whole() {
    for (file, expected) in [("", "Name"), ("a,b\n1,2\n", "Name"), ("Name,Email,Name\n", "two")] {
        let refused = read(file.as_bytes()).expect_err("no export").to_string();

        assert!(refused.contains(expected), "{refused}");
    }
}

#[test]
fn a_file_whose_lines_end_with_a_carriage_return_alone_loses_no_row() {
    let file = format!("{HEADER}\n{}\n", GOOD.replace("100.01", "much"));

    let old = read(file.replace('\n', "\r").as_bytes()).expect("an export");

    assert_eq!(old, read(file.as_bytes()).expect("an export"));
    assert_eq!((names(&old), old.bad_rows[0].line), (vec!["#1002"], 2));
}

#[test]
fn a_message_about_a_row_never_holds_the_address() {
    for (good, slipped) in [
        ("ada@shop.example", "not an address"),
        ("100.01", "ada@shop.example"),
        ("EUR", "ada@shop.example"),
        ("40.00", "ada@shop.example"),
    ] {
        let export = export(&GOOD.replace(good, slipped));

        assert!(!export.bad_rows.is_empty(), "{slipped} in place of {good} was taken");
        assert!(!format!("{export:?}").contains(slipped), "{export:?}");
    }
}

#[test]
fn the_example_plays_around_the_limit_of_the_rule_and_has_no_bad_row() {
    let file = include_bytes!("../../../../examples/orders.csv");

    let export = read(file.as_slice()).expect("an export");

    assert_eq!(export.bad_rows, vec![]);
    assert!(export.orders.len() >= 200, "{}", export.orders.len());
    for cents in [99_99, 100_00, 100_01] {
        let its = |order: &&ExportedOrder| order.total == Money::eur_cents(cents);
        let fates: Vec<Fate> = export.orders.iter().filter(its).map(|order| order.fate).collect();
        assert!(fates.iter().filter(|fate| **fate == Fate::Fulfilled).count() >= 5, "{cents}");
        assert!(fates.contains(&Fate::Open) && fates.contains(&Fate::Cancelled), "{cents}");
    }
    let currencies: HashSet<&str> =
        export.orders.iter().map(|order| order.total.currency.code()).collect();
    assert!(currencies.len() >= 4, "{currencies:?}");
    assert!(export.orders.iter().any(|order| order.lines.len() > 2));
    let address = |order: &ExportedOrder| order.email.0.to_lowercase();
    let is_reserved = |host: &str| host.ends_with(".example") || host.starts_with("example.");
    assert!(export.orders.iter().all(|o| address(o).split('@').nth(1).is_some_and(is_reserved)));
}

prop_compose! {
    /// A file of rows, some of which are good.
    fn some_file()(rows in prop::collection::vec(
        prop_oneof![
            3 => prop::sample::select(GOOD.lines().map(str::to_owned).collect::<Vec<_>>()),
            1 => "[#a-z0-9,\"\\n\\r @.\u{0}é-]{0,80}",
        ],
        0..12,
    )) -> Vec<u8> {
        format!("{HEADER}\n{}", rows.join("\n")).into_bytes()
    }
}

proptest! {
    #[test]
    fn whatever_a_file_holds_reading_it_never_panics(file in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(file.as_slice());
    }

    #[test]
    fn whatever_rows_hold_reading_them_never_panics(rows in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut file = format!("{HEADER}\n").into_bytes();
        file.extend(rows);
        let _ = read(file.as_slice());
    }

    #[test]
    fn reading_twice_says_the_same(file in some_file()) {
        prop_assert_eq!(read(file.as_slice()).ok(), read(file.as_slice()).ok());
    }

    #[test]
    fn no_order_of_a_bad_row_is_among_the_orders(file in some_file()) {
        let Ok(export) = read(file.as_slice()) else { return Ok(()) };
        for row in &export.bad_rows {
            prop_assert!(export.orders.iter().all(|order| Some(&order.name) != row.name.as_ref()));
        }
    }

    #[test]
    fn every_bad_row_is_reported_and_every_other_order_is_there(
        bad in prop::collection::btree_set(0_usize..20, 0..20),
        wrong in "much|1[.]001|-1|\"|\"12[.]00|12[.]00,|12[.]00\"",
    ) {
        let row = |n: usize| {
            let total = if bad.contains(&n) { wrong.as_str() } else { "12.00" };
            format!("#{n},c{n}@shop.example,,,EUR,{total},2026-10-01 12:34:56 +0200,1,Cup,12.00,CUP-1,")
        };
        let rows: Vec<String> = (0..20).map(row).collect();

        let export = export(&rows.join("\n"));

        let reported: Vec<u64> = export.bad_rows.iter().map(|row| row.line).collect();
        let expected: Vec<u64> = bad.iter().map(|n| u64::try_from(n + 2).expect("a line")).collect();
        prop_assert_eq!(reported, expected);
        prop_assert_eq!(export.orders.len(), 20 - bad.len());
    }
}
