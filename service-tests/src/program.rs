//! A service's program as a process of its own: its settings, its end, its death.

use crate::caller::install_tls;
use crate::service::Service;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long a test waits for what a process must do at once, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program under test.
pub struct Program {
    /// Where it was built: `env!("CARGO_BIN_EXE_…")`.
    pub path: &'static str,
    /// What its settings begin with, as in `RISK`.
    pub family: &'static str,
    /// What it serves.
    pub service: &'static Service,
}

/// A process that is killed with the test.
pub struct Process {
    child: Child,
    address: String,
    _keys: TempDir,
}

impl Program {
    /// Starts it on this database and waits until it says where it listens.
    pub async fn start(&self, url: &str) -> Process {
        let keys = tempfile::tempdir().expect("a folder");
        let keys_file = keys.path().join("keys");
        std::fs::write(&keys_file, self.service.keys_text()).expect("a keys file");
        let mut child = self
            .command()
            .env(self.setting("DATABASE_URL"), url)
            .env(self.setting("LISTEN"), "127.0.0.1:0")
            .env(self.setting("KEYS_FILE"), keys_file)
            .env("EXIT_WITH_STDIN", "1")
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let listening = async {
            loop {
                let line = lines.next_line().await.expect("a line").expect("it is alive");
                let line: Value = serde_json::from_str(&line).expect("a line of JSON");
                if let Some(address) = line["address"].as_str() {
                    return address.to_owned();
                }
            }
        };
        let address = tokio::time::timeout(PATIENCE, listening).await.expect("it listens");
        // Nobody may fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Process { child, address, _keys: keys }
    }

    /// Fails unless it refuses to start without its settings and names each of them.
    pub async fn names_the_settings_that_it_misses(&self) {
        let output = self.command().output().await.expect("it ends");

        let said = String::from_utf8(output.stderr).expect("text");
        assert!(!output.status.success());
        for setting in ["DATABASE_URL", "LISTEN", "KEYS_FILE"] {
            let setting = self.setting(setting);
            assert!(said.contains(&setting), "{setting} is not named in {said}");
        }
    }

    /// Fails unless it ends well when its launcher's pipe closes, and when it is asked to.
    pub async fn ends_with_its_launcher_and_when_it_is_asked_to(&self) {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}/store.sqlite", folder.path().display());

        let mut process = self.start(&url).await;
        drop(process.child.stdin.take());
        assert!(process.ended().await.success());

        let process = self.start(&url).await;
        let id = process.child.id().expect("it is alive").to_string();
        assert!(Command::new("kill").arg(&id).status().await.expect("kill").success());
        assert!(process.ended().await.success());
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.path);
        command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        command
    }

    fn setting(&self, name: &str) -> String {
        format!("{}_{name}", self.family)
    }
}

impl Process {
    /// A request without a key.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        install_tls();
        reqwest::Client::new().request(method, format!("http://{}{path}", self.address))
    }

    /// Kills it without warning.
    pub async fn kill9(mut self) {
        self.child.kill().await.expect("killed");
    }

    async fn ended(mut self) -> ExitStatus {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        ended.expect("it ends in time").expect("it ended")
    }
}
