//! Reads what PromQL expressions name: metrics, and labels of them. Prometheus' own checker is not everywhere where the
//! tests run; this reader knows the part of the language that the rules use, and refuses a word that it does not know.

use std::collections::BTreeSet;

/// What an expression names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) metrics: BTreeSet<String>,
    pub(crate) labels: BTreeSet<String>,
}

/// Of an expression in parentheses.
const FUNCTIONS: [&str; 12] = [
    "absent",
    "avg",
    "count",
    "histogram_quantile",
    "increase",
    "max",
    "max_over_time",
    "min",
    "min_over_time",
    "rate",
    "sum",
    "time",
];

/// Followed by labels in parentheses.
const GROUPINGS: [&str; 4] = ["by", "ignoring", "on", "without"];

/// Between two expressions, or behind one.
const OPERATORS: [&str; 4] = ["and", "offset", "or", "unless"];

/// What is open, innermost last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Parentheses,
    Labels,
    Matchers,
    Range,
}

/// Reads an expression.
pub(crate) fn read(expression: &str) -> Result<Named, String> {
    let mut named = Named::default();
    let mut within: Vec<Within> = Vec::new();
    let mut is_grouping = false;
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string(rest)?,
            _ if is_in_word(first) => rest.find(|c| !is_in_word(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (token, behind) = rest.split_at(length);
        rest = behind;
        match first {
            '(' if is_grouping => within.push(Within::Labels),
            '(' => within.push(Within::Parentheses),
            '{' => within.push(Within::Matchers),
            '[' => within.push(Within::Range),
            ')' | '}' | ']' => close(&mut within, first)?,
            'a'..='z' | 'A'..='Z' | '_' => {
                let innermost = within.last().copied();
                let is_called = behind.trim_start().starts_with('(');
                is_grouping = name(token, innermost, is_called, &mut named)?;
                continue;
            }
            '0'..='9' | '"' | ' ' | '\n' | ',' | '.' | '$' => {}
            '+' | '-' | '*' | '/' | '<' | '>' | '=' | '!' | '~' => {}
            other => return Err(format!("{other:?} means nothing here")),
        }
        is_grouping = is_grouping && first == ' ';
    }
    if within.is_empty() { Ok(named) } else { Err("something is not closed".to_owned()) }
}

/// Notes a word; whether labels in parentheses come next.
fn name(
    word: &str,
    innermost: Option<Within>,
    is_called: bool,
    named: &mut Named,
) -> Result<bool, String> {
    match innermost {
        // `$__rate_interval`, which Grafana fills in.
        Some(Within::Range) => {}
        Some(Within::Labels | Within::Matchers) => drop(named.labels.insert(word.to_owned())),
        Some(Within::Parentheses) | None if GROUPINGS.contains(&word) => return Ok(true),
        Some(Within::Parentheses) | None if OPERATORS.contains(&word) => {}
        // An aggregation may say what it groups by before what it is of.
        Some(Within::Parentheses) | None if FUNCTIONS.contains(&word) => {}
        Some(Within::Parentheses) | None if is_called => {
            return Err(format!("{word} is no function that is known here"));
        }
        Some(Within::Parentheses) | None => drop(named.metrics.insert(word.to_owned())),
    }
    Ok(false)
}

fn close(within: &mut Vec<Within>, closing: char) -> Result<(), String> {
    let opened = within.pop().ok_or_else(|| format!("{closing} closes nothing"))?;
    let fits = match opened {
        Within::Parentheses | Within::Labels => ')',
        Within::Matchers => '}',
        Within::Range => ']',
    };
    if fits == closing { Ok(()) } else { Err(format!("{closing} where {fits} should be")) }
}

fn string(rest: &str) -> Result<usize, String> {
    let text = rest.get(1..).unwrap_or_default();
    let end = text.find('"').ok_or("a quotation mark is not closed")?;
    Ok(end + 2)
}

fn is_in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

/// The labels that a text for people shows: `{{ $labels.kind }}` of a rule, `{{kind}}` of a legend.
pub(crate) fn shown_labels(text: &str) -> BTreeSet<String> {
    let inner = text.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0.trim()));
    let labels = inner.filter(|inner| *inner != "$value");
    labels.map(|inner| inner.trim_start_matches("$labels.").to_owned()).collect()
}

#[test]
fn an_expression_is_read_with_its_metrics_and_labels() {
    let read = read(
        "histogram_quantile(0.99, sum by (le, route) (rate(http_seconds_bucket{status=~\"5..\"}[5m]))) > 1 \
         or (a_total unless a_total offset 15m) and time() - max(b) > 4 * 3600 or c[$__rate_interval]",
    );

    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let metrics = names(&["http_seconds_bucket", "a_total", "b", "c"]);
    assert_eq!(read, Ok(Named { metrics, labels: names(&["le", "route", "status"]) }));
}

#[test]
fn an_expression_that_is_not_well_formed_is_refused() {
    for bad in ["sum(a", "a)", "a{b=\"c}", "a[5m)", "increased(a[5m])", "a & b", "a{b=\"c\""] {
        assert!(read(bad).is_err(), "{bad} was read");
    }
}

#[test]
fn the_labels_that_people_are_shown_are_found() {
    let shown = shown_labels("{{ $value }} of {{ $labels.kind }}, {{process}}");

    assert_eq!(shown, ["kind".to_owned(), "process".to_owned()].into());
}
