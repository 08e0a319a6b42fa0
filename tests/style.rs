//! The rules of house style that a machine can hold. The compiler's and clippy's own rules are not repeated here.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, also in what it calls"
)]

use std::path::{Path, PathBuf};

/// Lines of a file without its tests: more is more than one business sentence.
const LONGEST_FILE: usize = 400;

/// Lines of a function.
const LONGEST_FUNCTION: usize = 70;

/// Lines of code of the plumbing, both crates together: it is a closed list, and this is the lock
/// (`docs/adr/0005-the-chassis-may-have-2500-lines-of-code.md`).
const LARGEST_CHASSIS: usize = 2_500;

/// Files of tests that may let time pass: the bounded wait for a condition, and faults that consist of slowness.
const MAY_LET_TIME_PASS: [&str; 3] = ["wait.rs", "proxy.rs", "fakes.rs"];

/// So does a function whose name begins with this, if it gives up after a while.
const WAIT: &str = "wait_";

/// A source file of ours.
struct Source {
    path: PathBuf,
    text: String,
}

/// A rule: what is wrong with a file, sentence by sentence.
type Rule = fn(&Source) -> Vec<String>;

const RULES: [Rule; 6] = [
    says_what_it_is_for,
    is_one_sentence_long,
    has_short_functions,
    skips_no_test,
    waits_for_conditions,
    silences_no_lint,
];

#[test]
fn every_source_file_keeps_the_house_style() {
    let sources = sources();
    assert!(sources.len() > 30, "the sources were not found");

    let complaints: Vec<String> =
        sources.iter().flat_map(|source| RULES.iter().flat_map(|rule| rule(source))).collect();

    assert_eq!(complaints, Vec::<String>::new(), "{} complaints", complaints.len());
}

#[test]
fn the_chassis_stays_small() {
    let lines: usize = sources()
        .iter()
        .filter(|source| {
            ["chassis/src", "chassis-store/src"]
                .iter()
                .any(|folder| source.path.starts_with(folder))
        })
        .filter(|source| !source.is_test_file())
        .map(|source| source.without_tests().filter(|line| is_code(line)).count())
        .sum();

    assert!(lines > 100 && lines <= LARGEST_CHASSIS, "{lines} lines");
}

#[test]
fn each_rule_notices_its_breach() {
    let long_function =
        format!("//! A file.\nfn long() {{\n{}}}\n", "    step();\n".repeat(LONGEST_FUNCTION));
    let long_file = format!("//! A file.\n{}", "const X: u8 = 1;\n".repeat(LONGEST_FILE));
    let long_tests = format!(
        "//! A file.\n\n#[cfg(test)]\nmod tests {{\n{}}}\n",
        "    use a::b;\n".repeat(LONGEST_FILE)
    );
    let ignored = concat!("//! A file.\n#[te", "st]\n#[ign", "ore = \"slow\"]\nfn t() {}\n");
    let sleeping = concat!("//! A file.\nfn t() {\n    std::thread::sle", "ep(SECOND);\n}\n");
    let sleeping_inside = concat!(
        "//! A file.\n\n#[cfg(test)]\nmod tests {\n    fn t() {\n        sle",
        "ep(X);\n    }\n}\n"
    );
    let waiting =
        concat!("//! A file.\nfn wait_for_it() {\n    assert!(in_time());\n    sle", "ep(X);\n}\n");
    let silenced = concat!("//! A file.\n#[al", "low(dead_code)]\nfn t() {}\n");
    let breaches: [(&str, &str, Rule); 8] = [
        ("order-api/src/a.rs", "fn main() {}\n", says_what_it_is_for),
        ("order-api/src/a.rs", &long_file, is_one_sentence_long),
        ("order-api/src/a.rs", &long_function, has_short_functions),
        ("order-api/tests/a.rs", ignored, skips_no_test),
        ("order-api/tests/a.rs", sleeping, waits_for_conditions),
        ("order-api/src/a.rs", sleeping_inside, waits_for_conditions),
        ("order-api/src/a.rs", silenced, silences_no_lint),
        ("build.rs", silenced, silences_no_lint),
    ];

    for (path, text, rule) in breaches {
        assert_eq!(rule(&source(path, text)).len(), 1, "{path}:\n{text}");
    }
    assert!(
        is_one_sentence_long(&source("order-api/src/a.rs", &long_tests)).is_empty(),
        "tests count as length"
    );
    assert!(
        waits_for_conditions(&source("worker/src/relay.rs", sleeping)).is_empty(),
        "production code may pace itself"
    );
    assert!(
        waits_for_conditions(&source("tests/harness/wait.rs", sleeping)).is_empty(),
        "somebody has to wait"
    );
    assert!(
        waits_for_conditions(&source("order-api/tests/a.rs", waiting)).is_empty(),
        "a bounded wait is none"
    );
}

fn says_what_it_is_for(source: &Source) -> Vec<String> {
    source
        .complain_if(!source.text.starts_with("//!"), "does not begin with //! and what it is for")
}

fn is_one_sentence_long(source: &Source) -> Vec<String> {
    let lines = source.without_tests().count();
    let is_too_long = !source.is_test_file() && lines > LONGEST_FILE;
    source.complain_if(is_too_long, &format!("has {lines} lines without its tests"))
}

/// Formatted code ends a function with a brace as far to the right as its first line; a declaration without a body ends
/// with a semicolon on a line before that.
fn has_short_functions(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().collect();
    let mut complaints = Vec::new();
    for (first, line) in lines.iter().enumerate() {
        let Some(name) = name_of_function(line) else { continue };
        let margin = &line[..line.len() - line.trim_start().len()];
        let has_body = lines[first..].iter().find_map(|line| match line.chars().last() {
            Some('{') => Some(true),
            Some(';') => Some(false),
            _ => None,
        });
        let end = lines[first..].iter().position(|line| line.strip_prefix(margin) == Some("}"));
        let length = if has_body == Some(true) { end.map_or(0, |end| end + 1) } else { 1 };
        if length > LONGEST_FUNCTION {
            complaints.push(format!(
                "{}:{}: {name} has {length} lines",
                source.path.display(),
                first + 1
            ));
        }
    }
    complaints
}

fn skips_no_test(source: &Source) -> Vec<String> {
    let attribute = concat!("#[ign", "ore");
    source.complain_at(|line| line.trim_start().starts_with(attribute), "skips a test")
}

fn waits_for_conditions(source: &Source) -> Vec<String> {
    let name = source.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if MAY_LET_TIME_PASS.contains(&name) {
        return Vec::new();
    }
    let lines: Vec<&str> = source.text.lines().collect();
    let first_test_line = if source.is_test_file() { 0 } else { source.without_tests().count() };
    let call = concat!("sle", "ep(");
    let sleeps = (first_test_line..lines.len())
        .filter(|at| lines[*at].contains(call) && is_code(lines[*at]));
    let unbounded = sleeps.filter(|at| !is_bounded_wait(&lines[..*at]));
    unbounded.map(|at| format!("{}:{}: a test sleeps", source.path.display(), at + 1)).collect()
}

/// Whether the function that these lines end in is named as a wait and has asserted that it is not too late.
fn is_bounded_wait(before: &[&str]) -> bool {
    let Some(first) = before.iter().rposition(|line| name_of_function(line).is_some()) else {
        return false;
    };
    let is_wait = name_of_function(before[first]).is_some_and(|name| name.starts_with(WAIT));
    is_wait && before[first..].iter().any(|line| line.trim_start().starts_with("assert!("))
}

fn silences_no_lint(source: &Source) -> Vec<String> {
    let is_attribute = |line: &str| {
        let line = line.trim_start();
        line.starts_with(concat!("#[al", "low(")) || line.starts_with(concat!("#![al", "low("))
    };
    source.complain_at(is_attribute, "silences a lint for ever: expect it, with the reason")
}

/// Neither blank nor a comment.
fn is_code(line: &str) -> bool {
    let line = line.trim_start();
    !line.is_empty() && !line.starts_with("//")
}

fn name_of_function(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    if let Some(after) = rest.strip_prefix("pub(") {
        rest = after.split_once(") ")?.1;
    }
    for word in ["pub ", "const ", "async ", "extern \"C\" "] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    rest.strip_prefix("fn ")?.split(['(', '<']).next()
}

impl Source {
    /// In a folder of tests, or the tests of a module in a file of their own.
    fn is_test_file(&self) -> bool {
        self.path.components().any(|part| part.as_os_str() == "tests")
            || self.path.ends_with("tests.rs")
    }

    /// The lines before the module of tests, which is the last thing in a file.
    fn without_tests(&self) -> impl Iterator<Item = &str> {
        let lines: Vec<&str> = self.text.lines().collect();
        let opens_tests = |at: usize| {
            lines[at] == "#[cfg(test)]"
                && lines[at..]
                    .iter()
                    .take(3)
                    .any(|line| line.starts_with("mod ") && line.ends_with('{'))
        };
        let end = (0..lines.len()).find(|at| opens_tests(*at)).unwrap_or(lines.len());
        lines.into_iter().take(end)
    }

    fn complain_if(&self, is_wrong: bool, what: &str) -> Vec<String> {
        if is_wrong { vec![format!("{}: {what}", self.path.display())] } else { Vec::new() }
    }

    fn complain_at(&self, is_wrong: impl Fn(&str) -> bool, what: &str) -> Vec<String> {
        let wrong = self.text.lines().enumerate().filter(|(_, line)| is_wrong(line));
        wrong.map(|(number, _)| format!("{}:{}: {what}", self.path.display(), number + 1)).collect()
    }
}

fn source(path: &str, text: &str) -> Source {
    Source { path: path.into(), text: text.to_owned() }
}

/// Every Rust file of the workspace, by its path from the top.
fn sources() -> Vec<Source> {
    let top = launch::build::workspace();
    let mut paths = Vec::new();
    collect(&top, &mut paths);
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a text");
        Source { path: path.strip_prefix(&top).expect("below the top").to_owned(), text }
    };
    paths.into_iter().map(read).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}
