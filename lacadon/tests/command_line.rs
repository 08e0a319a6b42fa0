//! What the command says, and with which exit code it ends, where there is no running system to ask.

#![expect(clippy::expect_used, reason = "a test says what it expects")]

use std::process::{Command, Output};
use tempfile::TempDir;

/// A shell of its own: no setting of the caller's reaches it.
struct Shell {
    folder: TempDir,
}

impl Shell {
    fn open() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn lacadon(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_lacadon"))
            .args(arguments)
            .env_clear()
            .current_dir(self.folder.path())
            .output()
            .expect("lacadon")
    }
}

fn told(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8(both).expect("text")
}

#[test]
fn where_nothing_runs_every_verb_says_how_to_start_it() {
    let shell = Shell::open();
    std::fs::write(
        shell.folder.path().join("orders.csv"),
        "Name,Email,Currency,Total,Created at\n",
    )
    .expect("written");

    for verb in [
        "order list",
        "order show ord_1",
        "order place --customer cus_ada --line DUCK:1:120.50",
        "order place --back-office --customer cus_ada --line DUCK:1:120.50",
        "voucher list",
        "credit set --customer cus_ada --limit 500.00",
        "credit show --customer cus_ada",
        "credit reservations",
        "outbox list",
        "import orders.csv",
    ] {
        let output = shell.lacadon(&verb.split(' ').collect::<Vec<_>>());

        assert!(told(&output).contains("cargo dev"), "{}", told(&output));
        assert_eq!(output.status.code(), Some(4), "{verb:?}");
    }
}

#[test]
fn the_doctor_says_that_nothing_runs_and_names_the_command_that_mends_it() {
    let output = Shell::open().lacadon(&["doctor"]);

    assert!(told(&output).contains("nothing runs on .lacadon"), "{}", told(&output));
    assert!(told(&output).contains("mend it: cargo dev"), "{}", told(&output));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_wrong_command_line_is_told_from_everything_else() {
    for wrong in [
        ["order", "place", "--customer", "ada", "--line", "LMP-1:2:50.01"].as_slice(),
        ["order", "place", "--customer", "cus_ada", "--line", "LMP-1:50.01"].as_slice(),
        ["order", "place", "--line", "LMP-1:2:50.01"].as_slice(),
        ["order", "fetch"].as_slice(),
    ] {
        assert_eq!(Shell::open().lacadon(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn without_the_key_that_tokens_are_signed_with_nobody_is_let_in() {
    let output = Shell::open().lacadon(&["customer", "token", "--customer", "cus_ada"]);

    assert!(told(&output).contains("customer-token.key"), "{}", told(&output));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_file_that_is_no_export_is_refused_before_anything_is_asked() {
    let shell = Shell::open();
    std::fs::write(shell.folder.path().join("list.csv"), "a,b\n1,2\n").expect("written");

    let output = shell.lacadon(&["import", "list.csv"]);

    assert!(told(&output).contains("no column \"Name\""), "{}", told(&output));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_help_lists_the_verbs_and_the_exit_codes_but_not_the_guard() {
    let help = told(&Shell::open().lacadon(&["--help"]));

    for part in [
        "demo",
        "dev",
        "import",
        "order",
        "voucher",
        "credit",
        "customer",
        "outbox",
        "doctor",
        "Exit codes",
    ] {
        assert!(help.contains(part), "{part} is missing in: {help}");
    }
    assert!(!help.contains("guard"), "{help}");
}
