//! A foreign program never outlives whoever started it, and its pid is the one that the launcher got.

#![cfg(target_os = "linux")]
#![expect(clippy::expect_used, reason = "a test says what it expects")]

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Much longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Both ways in which a guard hears of its launcher's death.
const WAYS: [&str; 2] = ["", "--by-pipe"];

/// A shell that stands for the launcher: it starts a program under the guard, holds the pipe to it, and tells its pid.
struct Launcher {
    shell: Child,
    program: u32,
}

impl Launcher {
    fn running(how: &str) -> Self {
        let script = format!(
            "coproc exec {} guard --parent $$ {how} -- sleep 300; echo $COPROC_PID; wait",
            env!("CARGO_BIN_EXE_lacadon")
        );
        let mut shell = Command::new("bash")
            .args(["-c", &script])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash");
        let mut lines = BufReader::new(shell.stdout.take().expect("its output")).lines();
        let program = lines.next().expect("a line").expect("text").parse().expect("a pid");
        let launcher = Self { shell, program };
        wait_until("the guard became the program", || command_of(program).starts_with("sleep"));
        launcher
    }

    fn dies(&mut self) {
        self.shell.kill().expect("killed");
        self.shell.wait().expect("waited for");
    }
}

fn pid(number: u32) -> Pid {
    i32::try_from(number).ok().and_then(Pid::from_raw).expect("a pid")
}

/// Gone, or dead and only not yet waited for by whoever inherited it.
fn is_gone(number: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
    let is_zombie = stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" Z"));
    test_kill_process(pid(number)).is_err() || is_zombie
}

fn command_of(number: u32) -> String {
    std::fs::read_to_string(format!("/proc/{number}/cmdline")).unwrap_or_default()
}

fn watcher_of(program: u32) -> Option<u32> {
    let wanted = format!("--watch\0{program}\0");
    let numbers = std::fs::read_dir("/proc").expect("/proc").flatten();
    let mut numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.find(|number| command_of(*number).contains(&wanted))
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < give_up, "not in time: {what}");
        std::thread::yield_now();
    }
}

#[test]
fn a_program_is_gone_when_its_launcher_is_killed() {
    for how in WAYS {
        let mut launcher = Launcher::running(how);

        launcher.dies();

        wait_until("the program is gone", || is_gone(launcher.program));
    }
}

#[test]
fn a_program_that_is_killed_leaves_no_watcher_once_its_launcher_goes() {
    let mut launcher = Launcher::running("--by-pipe");
    let watcher = watcher_of(launcher.program).expect("a watcher");

    kill_process(pid(launcher.program), Signal::KILL).expect("killed");
    launcher.dies();

    wait_until("the watcher is gone", || is_gone(watcher));
}

#[test]
fn a_guard_whose_launcher_died_before_it_was_up_runs_nothing() {
    let not_its_parent = "1";

    let output = Command::new(env!("CARGO_BIN_EXE_lacadon"))
        .args(["guard", "--parent", not_its_parent, "--", "echo", "it runs"])
        .output()
        .expect("lacadon");

    assert!(!output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
}
