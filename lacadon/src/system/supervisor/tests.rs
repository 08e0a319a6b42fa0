//! The supervisor, run with small programs of the system in place of ours.

use super::super::readiness::Readiness;
use super::super::run_file::{Running as RunningFile, RunningProcess, RunningTemporal};
use super::*;
use rustix::process::test_kill_process;
use tempfile::TempDir;

/// Much longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// One process, a shell script, under a supervisor.
struct World {
    folder: TempDir,
    process: Process,
    supervisor: Supervisor,
    events: broadcast::Receiver<ProcessEvent>,
}

impl World {
    fn running(script: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let shared = Shared::new(
            "a-process",
            String::new(),
            folder.path().join("a-process.log"),
            Readiness::Http(String::new()),
        );
        let (orders, received) = mpsc::unbounded_channel();
        let process = Process { shared: Arc::new(shared), orders };
        let part = Part {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            env: BTreeMap::from([("FOLDER".into(), folder.path().display().to_string())]),
        };
        let file = RunningFile {
            temporal: RunningTemporal { address: String::new(), ui: None },
            processes: vec![RunningProcess {
                name: "a-process".into(),
                pid: None,
                address: String::new(),
                restarts: 0,
            }],
            keys: BTreeMap::new(),
        };
        let run_file = Arc::new(RunFile::new(folder.path(), file));
        let (events_in, events) = broadcast::channel(64);
        let parts = vec![(process.clone(), part, received, true)];
        let supervisor = Supervisor::start(parts, run_file, events_in).expect("a supervisor");
        Self { folder, process, supervisor, events }
    }

    async fn next_start(&mut self) -> (u32, u32) {
        loop {
            let event = tokio::time::timeout(PATIENCE, self.events.recv());
            match event.await.expect("in time").expect("an event").what {
                Happened::Started { pid, restarts } => return (pid, restarts),
                Happened::Died { .. } => {}
                Happened::Failed { why } => panic!("{why}"),
            }
        }
    }

    /// The log, once this is in it.
    async fn log_with(&self, part: &str) -> String {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let log = std::fs::read_to_string(self.process.log_path()).unwrap_or_default();
            if log.contains(&format!("{part}\n")) {
                return log;
            }
            assert!(Instant::now() < give_up, "{part} is not in the log: {log}");
            tokio::task::yield_now().await;
        }
    }

    fn in_run_file(&self) -> (Option<u32>, u32) {
        let running = RunningFile::read(self.folder.path()).expect("readable").expect("there");
        let process = running.processes.into_iter().next().expect("a process");
        (process.pid, process.restarts)
    }
}

fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a pid");
    test_kill_process(pid).is_ok()
}

#[tokio::test]
async fn a_process_that_is_killed_is_up_again_within_a_second() {
    let mut world = World::running("exec cat");
    let (first, _) = world.next_start().await;
    let killed_at = Instant::now();

    let killed = world.process.kill9().await.expect("killed");
    let (second, restarts) = world.next_start().await;

    assert!(killed_at.elapsed() < Duration::from_secs(1), "{:?}", killed_at.elapsed());
    assert_eq!((killed, restarts), (first, 1));
    assert!(!is_alive(first) && is_alive(second));
    assert_eq!(world.in_run_file(), (Some(second), 1));
}

#[tokio::test]
async fn a_process_that_dies_at_once_again_and_again_is_started_ever_more_slowly() {
    let mut world = World::running("exit 3");
    let begun = Instant::now();

    for expected in 0..4 {
        assert_eq!(world.next_start().await.1, expected);
    }

    assert!(begun.elapsed() >= Duration::from_millis(400), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_process_whose_restarts_are_paused_stays_dead_until_they_are_resumed() {
    let mut world = World::running("exec cat");
    world.next_start().await;
    world.process.pause_restarts().await.expect("paused");

    world.process.kill9().await.expect("killed");

    assert!(world.process.kill9().await.is_err(), "it was started again");
    world.process.resume_restarts().await.expect("resumed");
    assert_eq!(world.next_start().await.1, 1);
}

#[tokio::test]
async fn a_process_that_was_stopped_stays_down_until_it_is_started() {
    let mut world = World::running("exec cat");
    let (first, _) = world.next_start().await;

    world.process.stop().await.expect("stopped");

    assert!(!is_alive(first));
    assert_eq!((world.process.pid(), world.in_run_file()), (None, (None, 0)));
    world.process.start().await.expect("started");
    assert_eq!(world.next_start().await.1, 1);
}

#[tokio::test]
async fn a_changed_setting_counts_from_the_next_start() {
    let world = World::running("echo \"greeting: $GREETING\"; exec cat");
    world.log_with("greeting: ").await;
    world.process.set_env("GREETING", "good evening").await.expect("set");

    world.process.kill9().await.expect("killed");
    let log = world.log_with("greeting: good evening").await;

    assert!(log.starts_with("greeting: \n"), "{log}");
}

#[tokio::test]
async fn what_the_callers_shell_says_of_our_settings_does_not_reach_a_process() {
    let mut world = World::running("env; echo that is all; exec cat");
    world.next_start().await;

    let log = world.log_with("that is all").await;

    for family in NOT_INHERITED {
        assert!(!log.lines().any(|line| line.starts_with(family)), "{log}");
    }
}

#[tokio::test]
async fn a_launcher_that_goes_leaves_no_process_behind() {
    let mut world = World::running("trap '' TERM; while true; do sleep 1; done");
    let (pid, _) = world.next_start().await;

    let World { supervisor, folder: _folder, .. } = world;
    drop(supervisor);

    assert!(!is_alive(pid));
}
