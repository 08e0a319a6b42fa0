//! The crash points: none is missing, none is dead, all of them are in the matrix, a build for release has none, and a fifth
//! of them is run, another one every day.
//!
//! `LACADON_SEED=<number>` runs the fifth of that number instead of the day's, `LACADON_CRASH_ALL=1` runs them all.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, also in what it calls"
)]

use crash_points::{Moment, Point, STEPS, Step, points};
use lacadon::crash::lab::LabOptions;
use lacadon::crash::points::{Seen, see};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The sample is a fifth of the points: about twenty, which take about a minute.
const PARTS: u64 = 5;

/// Longer than the sample may take on a busy machine; all of them take five times as long.
const SAMPLE_LIMIT: Duration = Duration::from_secs(300);

const DAY_S: u64 = 86_400;

/// What changes nothing that could be lost, and why: an operation as in `gateway.begin_session`, a capability as in
/// `activity.voucher_issue`.
const WITHOUT_POINTS: [(&str, &str); 6] = [
    ("gateway.begin_session", "a session is a signed cookie: the gateway keeps nothing"),
    ("gateway.end_session", "a session is a signed cookie: the gateway keeps nothing"),
    ("activity.books_look", BOOKS_ARE_SHUT),
    ("activity.books_look_again", BOOKS_ARE_SHUT),
    ("activity.books_attend", BOOKS_ARE_SHUT),
    ("activity.books_conclude", BOOKS_ARE_SHUT),
];
const BOOKS_ARE_SHUT: &str =
    "the reconciler never runs in the lab: it would mend what has to hold without it";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// The folders of the workspace.
fn folders() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root()).expect("the workspace");
    entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()).collect()
}

/// Everything but GET in the committed documents, as in `order-api.mark_order_sent`.
fn write_operations() -> BTreeSet<String> {
    let mut operations = BTreeSet::new();
    for folder in folders() {
        let Ok(text) = std::fs::read_to_string(folder.join("openapi.json")) else { continue };
        let document: serde_json::Value = serde_json::from_str(&text).expect("a document");
        let name = folder.file_name().expect("a name").to_string_lossy();
        for (_, path) in document["paths"].as_object().expect("paths") {
            for (method, operation) in path.as_object().expect("operations") {
                let Some(id) = operation["operationId"].as_str() else { continue };
                if method != "get" {
                    operations.insert(format!("{name}.{id}"));
                }
            }
        }
    }
    operations
}

/// What the processes may ask for, as it is declared: `voucher.issue`, …
fn capabilities() -> BTreeSet<String> {
    let sources = std::fs::read_dir(root().join("capabilities/src")).expect("the capabilities");
    let mut names = BTreeSet::new();
    for source in sources {
        let text = std::fs::read_to_string(source.expect("an entry").path()).expect("a source");
        let declared = text.split("#[activity(name = \"").skip(1);
        names.extend(declared.filter_map(|rest| Some(rest.split('"').next()?.to_owned())));
    }
    names
}

/// Every source that ships, but the list itself and the lab.
fn sources() -> Vec<(PathBuf, String)> {
    let outside = ["crash-points", "tests", "lacadon", "target"];
    let mut folders: Vec<PathBuf> = folders();
    folders.retain(|path| path.file_name().is_some_and(|name| outside.iter().all(|o| name != *o)));
    folders.retain_mut(|path| {
        path.push("src");
        path.is_dir()
    });
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source");
                sources.push((path, text));
            }
        }
    }
    sources
}

fn constant_of(step: &Step) -> String {
    format!("crash_points::{}", step.name.to_uppercase().replace(['-', '.'], "_"))
}

/// How often a text names it, and not one that begins like it.
fn count(text: &str, constant: &str) -> usize {
    let goes_on = |rest: &str| rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    text.split(constant).skip(1).filter(|rest| !goes_on(rest)).count()
}

#[test]
fn every_endpoint_that_changes_something_and_every_capability_has_its_points() {
    let (operations, capabilities) = (write_operations(), capabilities());
    assert!(operations.len() > 15 && capabilities.len() > 10, "they were not found");
    let activities = capabilities.iter().map(|name| format!("activity.{}", name.replace('.', "_")));
    let mut expected: BTreeSet<String> = operations.into_iter().chain(activities).collect();
    for (name, _) in WITHOUT_POINTS {
        assert!(expected.remove(name), "{name} is excepted, and there is no such thing");
    }

    let steps = STEPS.iter().map(|step| step.name.to_owned());
    let found: BTreeSet<String> = steps.filter(|name| !name.starts_with("relay.")).collect();

    assert_eq!(found, expected);
}

#[test]
fn every_activity_is_made_where_its_points_are() {
    let sources = sources();
    let made: usize = sources.iter().map(|(_, text)| text.matches("attempt.make(").count()).sum();

    assert_eq!(made, capabilities().len());
    for name in capabilities() {
        let step = format!("activity.{}", name.replace('.', "_"));
        let is_excepted = WITHOUT_POINTS.iter().any(|(excepted, _)| *excepted == step);
        assert_eq!(crash_points::of_activity(&name).is_none(), is_excepted, "{name}");
    }
}

#[test]
fn every_step_of_the_list_is_somewhere_and_no_step_is_twice() {
    let sources = sources();
    assert!(sources.len() > 100, "the sources were not found");
    for step in STEPS.iter().filter(|step| !step.name.starts_with("activity.")) {
        let constant = constant_of(step);
        let users: Vec<_> = sources.iter().filter(|(_, text)| count(text, &constant) > 0).collect();

        let [(path, text)] = users.as_slice() else {
            panic!("{} is used in {} files, not in one", step.name, users.len());
        };
        let is_whole = text.contains(&format!(".at(&{constant})")) || text.contains(".around(");
        let is_in_parts = text.contains(".before()") && text.contains(".after(");
        assert!(is_whole || is_in_parts, "{}: {} lacks a point", path.display(), step.name);
    }
}

#[test]
fn a_build_for_release_passes_an_armed_point_by() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    assert!(!manifest.contains("debug-assertions"), "a profile decides otherwise than usual");
    let armed = tempfile::tempdir().expect("a folder");
    let step = &crash_points::VOUCHER_API_ISSUE_VOUCHER;
    for moment in [Moment::Before, Moment::After, Moment::DoneButToldFailed] {
        crash_points::arm::arm(armed.path(), &Point { step, moment }).expect("armed");
    }
    let run = |program: &Path| {
        let running = Command::new(program).env(crash_points::CRASH_DIR, armed.path()).output();
        running.expect("the program runs")
    };

    let (released, debugged) = (Example::compile(&["-O"]), Example::compile(&[]));

    let said = run(&released.program);
    assert_eq!(String::from_utf8_lossy(&said.stdout), "done\n", "{said:?}");
    let binary = std::fs::read(&released.program).expect("the program");
    let holds = |word: &str| binary.windows(word.len()).any(|some| some == word.as_bytes());
    assert!(holds("done") && !holds(step.name), "the name of a point is shipped");
    let said = run(&debugged.program);
    assert!(!said.status.success(), "a build for debugging dies there: {said:?}");
}

/// A program that takes one step. It needs nothing but the crate, and the crate needs nothing: the compiler is enough.
struct Example {
    program: PathBuf,
    _folder: tempfile::TempDir,
}

impl Example {
    fn compile(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (library, program) =
            (folder.path().join("libcrash_points.rlib"), folder.path().join("step"));
        let rustc = |source: &str, output: &Path, arguments: &[&str]| {
            let compiled = Command::new("rustc")
                .args(["--edition", "2024", "-o"])
                .arg(output)
                .args(flags)
                .args(arguments)
                .arg(root().join("crash-points").join(source))
                .current_dir(root())
                .output()
                .expect("rustc runs");
            assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        };
        rustc("src/lib.rs", &library, &["--crate-type", "rlib", "--crate-name", "crash_points"]);
        let known = format!("crash_points={}", library.display());
        rustc("examples/step.rs", &program, &["--extern", &known]);
        Self { program, _folder: folder }
    }
}

#[test]
fn every_point_is_in_the_matrix() {
    let page = root().join("docs/explanation/crash-matrix.md");
    let text = std::fs::read_to_string(&page).expect("the matrix");

    let missing: Vec<String> = points()
        .map(|point| point.to_string())
        .filter(|name| !text.contains(&format!("| `{name}` |")))
        .collect();

    assert_eq!(missing, Vec::<String>::new(), "run `cargo lacadon crash --every-point` again");
}

#[test]
fn five_days_in_a_row_run_every_point_and_none_twice() {
    let all: Vec<String> =
        (20_000..20_005).flat_map(sample).map(|point| point.to_string()).collect();

    assert_eq!(all.len(), points().count());
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), points().count());
}

/// Every fifth point, beginning with another one every day: each program and each moment is among them.
fn sample(day: u64) -> Vec<Point> {
    let is_due = |number: u64| number % PARTS == day % PARTS;
    (0..).zip(points()).filter(|(number, _)| is_due(*number)).map(|(_, point)| point).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_a_program_dies_both_rules_hold() {
    let is_all = std::env::var("LACADON_CRASH_ALL").is_ok_and(|value| value == "1");
    let seed = std::env::var("LACADON_SEED").ok().map(|seed| seed.parse().expect("a number"));
    let today = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() / DAY_S;
    let part = seed.unwrap_or(today);
    let chosen = if is_all { points().collect() } else { sample(part) };
    println!("{} crash points; LACADON_SEED={part} repeats them", chosen.len());

    let limit = if is_all { SAMPLE_LIMIT * 5 } else { SAMPLE_LIMIT };
    let options = LabOptions::of_this_workspace().await.expect("everything builds");
    let running = see(options, &chosen, |line| println!("{line}"));
    let seen = tokio::time::timeout(limit, running).await.expect("in time").expect("a laboratory");

    let broken: Vec<&Seen> = seen.iter().filter(|one| !one.holds()).collect();
    assert!(broken.is_empty(), "{broken:#?}");
    assert_eq!(seen.len(), chosen.len());
}
