//! Who may know whom: the table of `ARCHITECTURE.md`, held against what cargo resolves.
//!
//! Widening a row takes an architecture decision record. A crate without a row fails.
#![expect(clippy::expect_used, reason = "a test fails by panicking, also in what it calls")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// One crate, or all crates whose name ends with what follows the star.
struct Row {
    who: &'static str,
    /// Crates of ours that it may depend on.
    may: &'static [&'static str],
    /// Crates that it must not depend on directly. A star at the end stands for any rest.
    never: &'static [&'static str],
    /// Crates that must not be anywhere below it, as resolved for it alone.
    never_below: &'static [&'static str],
}

const TEMPORAL: &str = "temporal*";
const TABLE: &[Row] = &[
    Row {
        who: "contracts",
        may: &[],
        never: &[],
        never_below: &[TEMPORAL, "reqwest", "hyper", "axum", "sqlx*", "tokio"],
    },
    Row {
        who: "capabilities",
        may: &["contracts"],
        never: &["tokio"],
        never_below: &["temporalio-sdk", "reqwest", "hyper", "axum", "sqlx*"],
    },
    Row {
        who: "workflows",
        may: &["contracts", "capabilities"],
        never: &["tokio", "axum"],
        never_below: &[
            "temporalio-sdk",
            "temporalio-client",
            "mio",
            "socket2",
            "hyper",
            "reqwest",
            "sqlx*",
        ],
    },
    Row { who: "connections", may: &["contracts"], never: &[], never_below: &["sqlx*", "axum"] },
    Row {
        who: "activities",
        may: &["contracts", "capabilities", "connections", "crash-points"],
        never: &[],
        never_below: &["sqlx*"],
    },
    Row {
        who: "*-api",
        may: &["contracts", "chassis", "chassis-store", "crash-points"],
        never: &["reqwest"],
        never_below: &[TEMPORAL],
    },
    Row {
        who: "gateway",
        may: &["contracts", "workflows", "connections", "chassis", "crash-points"],
        never: &[],
        never_below: &["sqlx*"],
    },
    Row { who: "chassis", may: &[], never: &[], never_below: &[TEMPORAL, "sqlx*"] },
    Row {
        who: "chassis-store",
        may: &["chassis", "crash-points"],
        never: &[],
        never_below: &[TEMPORAL],
    },
    Row {
        who: "service-tests",
        may: &["chassis", "chassis-store"],
        never: &[],
        never_below: &[TEMPORAL],
    },
    Row {
        who: "worker",
        may: &[
            "contracts",
            "capabilities",
            "workflows",
            "activities",
            "connections",
            "chassis",
            "crash-points",
        ],
        never: &[],
        never_below: &["sqlx*"],
    },
    Row {
        who: "crash-points",
        may: &[],
        never: &[],
        never_below: &[TEMPORAL, "reqwest", "hyper", "axum", "sqlx*", "tokio"],
    },
    Row {
        who: "models",
        may: &[],
        never: &[],
        never_below: &[TEMPORAL, "reqwest", "axum", "sqlx*"],
    },
    Row {
        who: "launch",
        may: &[],
        never: &[],
        never_below: &[TEMPORAL, "reqwest", "hyper", "axum", "sqlx*", "tokio"],
    },
];

/// Known in tests only, and only to these: no row above allows it.
const TESTS_OF_SERVICES: (&str, [&str; 2]) = ("service-tests", ["*-api", "chassis-store"]);

/// These may depend on anything, and nobody on them but each other.
const ANYTHING_GOES: [&str; 4] = ["lacadon", "tests", "benches", "fuzz"];

/// What each crate names in its manifest.
type Dependencies = BTreeMap<String, BTreeSet<String>>;

#[test]
fn every_crate_knows_only_what_the_table_allows() {
    assert_eq!(complaints(&dependencies_of_our_crates()), Vec::<String>::new());
}

#[test]
fn nothing_that_a_crate_must_not_reach_is_anywhere_below_it() {
    let ours = dependencies_of_our_crates();

    let reached: Vec<String> = ours
        .keys()
        .filter_map(|name| Some((name, row_of(name)?)))
        .flat_map(|(name, row)| found_below(name, row, &tree(name)))
        .collect();

    assert_eq!(reached, Vec::<String>::new());
}

#[test]
fn an_edge_that_the_table_does_not_allow_is_noticed() {
    let edges = [
        ("workflows", "activities", "workflows must not know activities"),
        ("order-api", "voucher-api", "order-api must not know voucher-api"),
        ("order-api", "activities", "order-api must not know activities"),
        ("chassis", "contracts", "chassis must not know contracts"),
        ("worker", "order-api", "worker must not know order-api"),
        ("worker", "lacadon", "worker must not know lacadon"),
        ("workflows", "tokio", "workflows must not use tokio"),
        ("order-api", "reqwest", "order-api must not use reqwest"),
        ("order-api", "service-tests", "order-api must not know service-tests"),
        ("service-tests", "contracts", "service-tests must not know contracts"),
        ("new-crate", "contracts", "new-crate has no row in the table"),
    ];
    for (from, to, complaint) in edges {
        let crates = [
            "contracts",
            "activities",
            "order-api",
            "voucher-api",
            "chassis",
            "service-tests",
            "worker",
            "workflows",
        ];
        let mut dependencies: Dependencies =
            crates.map(|name| (name.to_owned(), BTreeSet::new())).into();
        dependencies.entry(from.to_owned()).or_default().insert(to.to_owned());

        assert_eq!(complaints(&dependencies), [complaint], "{from} -> {to}");
    }
}

#[test]
fn a_forbidden_crate_deep_in_a_tree_is_noticed() {
    let workflows = row_of("workflows").expect("a row");
    let found = BTreeSet::from([
        "serde".to_owned(),
        "mio".to_owned(),
        "sqlx-core".to_owned(),
        "futures".to_owned(),
    ]);

    assert_eq!(
        found_below("workflows", workflows, &found),
        ["workflows reaches mio", "workflows reaches sqlx-core"]
    );
    assert!(tree("worker").contains("mio"), "the reader of cargo's trees sees nothing");
}

#[test]
fn a_rows_star_matches_names_and_no_more() {
    assert!(matches("temporal*", "temporalio-client") && matches("sqlx*", "sqlx"));
    assert!(matches("*-api", "order-api") && matches("mio", "mio"));
    assert!(
        !matches("mio", "mio-extras") && !matches("*-api", "api") && !matches("sqlx*", "rusqlx")
    );
}

/// What in these dependencies the table does not allow.
fn complaints(dependencies: &Dependencies) -> Vec<String> {
    let is_ours = |name: &str| dependencies.contains_key(name) || ANYTHING_GOES.contains(&name);
    let mut complaints = Vec::new();
    for (name, known) in dependencies {
        if ANYTHING_GOES.contains(&name.as_str()) {
            continue;
        }
        let Some(row) = row_of(name) else {
            complaints.push(format!("{name} has no row in the table"));
            continue;
        };
        for other in known {
            if is_ours(other) && !row.may.contains(&other.as_str()) {
                complaints.push(format!("{name} must not know {other}"));
            }
            if row.never.iter().chain(row.never_below).any(|pattern| matches(pattern, other))
                && !is_ours(other)
            {
                complaints.push(format!("{name} must not use {other}"));
            }
        }
    }
    complaints
}

fn found_below(name: &str, row: &Row, tree: &BTreeSet<String>) -> Vec<String> {
    let is_forbidden =
        |other: &&String| row.never_below.iter().any(|pattern| matches(pattern, other));
    tree.iter().filter(is_forbidden).map(|other| format!("{name} reaches {other}")).collect()
}

fn row_of(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| matches(row.who, name))
}

fn matches(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => name.len() > end.len() && name.ends_with(end),
        (_, Some(beginning)) => name.starts_with(beginning),
        _ => name == pattern,
    }
}

/// Normal and build dependencies by their package names: what ships. A crate of ours counts in tests too,
/// unless it is there for these very tests.
fn dependencies_of_our_crates() -> Dependencies {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(launch::build::workspace().join("Cargo.toml"))
        .other_options(["--locked".to_owned(), "--offline".to_owned(), "--no-deps".to_owned()])
        .exec()
        .expect("cargo knows the workspace");
    let ours: BTreeSet<String> =
        metadata.packages.iter().map(|package| package.name.to_string()).collect();
    let (for_tests, users) = TESTS_OF_SERVICES;
    let names = |package: &cargo_metadata::Package| {
        let is_user = users.iter().any(|pattern| matches(pattern, &package.name));
        let counts = |dependency: &&cargo_metadata::Dependency| {
            dependency.kind != cargo_metadata::DependencyKind::Development
                || ours.contains(&dependency.name) && !(is_user && dependency.name == for_tests)
        };
        package.dependencies.iter().filter(counts).map(|d| d.name.clone()).collect()
    };
    metadata.packages.iter().map(|package| (package.name.to_string(), names(package))).collect()
}

/// Everything below one crate with the features that it alone asks for: the workspace's union would hide what is missing
/// and show what is not its own.
fn tree(name: &str) -> BTreeSet<String> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "tree",
            "--package",
            name,
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--locked",
            "--offline",
        ])
        .current_dir(launch::build::workspace())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8_lossy(&output.stdout);
    let below = tree.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned);
    below.filter(|other| other != name).collect()
}
