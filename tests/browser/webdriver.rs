//! A real browser, steered as the W3C's WebDriver says: JSON over HTTP, for which the tests' own client is enough.
//!
//! It is gone when the test is, however the test ends.

use reqwest::Client;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use tempfile::TempDir;
use tests::programs::{self, text};

/// The driver ends with whoever holds its standard input, and takes along the browser, which would outlive it: both are in
/// one process group, that of this script alone.
const UNTIL_INPUT_ENDS: &str = r#""$0" --port=0 & cat > /dev/null; kill -s KILL 0"#;

/// What the driver says before its port.
const STARTED: &str = "started successfully on port ";

/// The key under which the protocol names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window.
pub(crate) struct Browser {
    session: String,
    http: Client,
    runner: Child,
    _said: BufReader<ChildStdout>,
    // Dropped last: the browser writes into it.
    profile: TempDir,
}

impl Browser {
    /// Opens a browser with a new profile; none where there is none ([`programs`] says what that means).
    ///
    /// It finds every host named `*.example` on this machine.
    pub(crate) async fn open() -> Option<Self> {
        let found = programs::browser()?;
        let mut runner = Command::new("sh")
            .args(["-c", UNTIL_INPUT_ENDS, text(&found.driver)])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the driver starts");
        let mut said = BufReader::new(runner.stdout.take().expect("piped"));
        let profile =
            tempfile::Builder::new().prefix("lacadon-browser-").tempdir().expect("a folder");
        let driver = format!("http://127.0.0.1:{}", port_of(&mut said));
        let mut browser = Self {
            session: String::new(),
            http: tests::http_client(),
            runner,
            _said: said,
            profile,
        };
        let wanted = capabilities(&found.chromium, browser.profile.path());
        let opened = browser.ask(&format!("{driver}/session"), &wanted).await;
        let opened = opened.unwrap_or_else(|error| panic!("no browser: {error}"));
        let id = opened["sessionId"].as_str().expect("a session");
        browser.session = format!("{driver}/session/{id}");
        Some(browser)
    }

    /// Goes to an address and waits until the page is there.
    pub(crate) async fn go_to(&self, url: &str) {
        self.must("/url", &json!({ "url": url })).await;
    }

    /// Loads the page anew.
    pub(crate) async fn reload(&self) {
        self.must("/refresh", &json!({})).await;
    }

    /// Clicks on the middle of an element, as a mouse does.
    ///
    /// # Errors
    /// When it is not there, not visible, or covered.
    pub(crate) async fn click(&self, css: &str) -> Result<(), String> {
        let element = self.element(css).await?;
        self.post(&format!("/element/{element}/click"), &json!({})).await.map(drop)
    }

    /// Empties a field and types into it.
    ///
    /// # Errors
    /// When it is not there or takes no text.
    pub(crate) async fn fill(&self, css: &str, typed: &str) -> Result<(), String> {
        let element = self.element(css).await?;
        self.post(&format!("/element/{element}/clear"), &json!({})).await?;
        self.post(&format!("/element/{element}/value"), &json!({ "text": typed })).await.map(drop)
    }

    /// What a script returns that sees `arguments`.
    ///
    /// # Errors
    /// When it throws, or the page goes away meanwhile.
    pub(crate) async fn run(&self, script: &str, arguments: &Value) -> Result<Value, String> {
        self.post("/execute/sync", &json!({ "script": script, "args": arguments })).await
    }

    /// What the browser complained about since it was asked last: scripts that failed, addresses that were not there, what
    /// the page's own policy forbids.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.must("/se/log", &json!({ "type": "browser" })).await;
        let entries = log.as_array().expect("a list");
        entries.iter().map(|entry| entry["message"].to_string()).collect()
    }

    async fn element(&self, css: &str) -> Result<String, String> {
        let wanted = json!({ "using": "css selector", "value": css });
        let found = self.post("/element", &wanted).await?;
        Ok(found[ELEMENT].as_str().expect("an element's id").to_owned())
    }

    async fn must(&self, command: &str, body: &Value) -> Value {
        self.post(command, body).await.unwrap_or_else(|error| panic!("{command} {body}: {error}"))
    }

    async fn post(&self, command: &str, body: &Value) -> Result<Value, String> {
        self.ask(&format!("{}{command}", self.session), body).await
    }

    async fn ask(&self, url: &str, body: &Value) -> Result<Value, String> {
        let answer = self.http.post(url).json(body).send().await;
        let answer = answer.map_err(|error| error.to_string())?;
        let is_done = answer.status().is_success();
        let mut answer: Value = answer.json().await.map_err(|error| error.to_string())?;
        let value = answer["value"].take();
        if is_done { Ok(value) } else { Err(value["message"].to_string()) }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.runner.stdin.take());
        // Nothing can be done about a failure here, and the test has its verdict.
        let _ = self.runner.wait();
    }
}

fn port_of(said: &mut impl BufRead) -> u16 {
    let lines = said.lines().map_while(Result::ok);
    let port = lines.filter_map(|line| Some(line.split_once(STARTED)?.1.to_owned())).next();
    let port = port.expect("the driver says its port before it ends");
    port.trim_end_matches('.').parse().expect("a port")
}

fn capabilities(chromium: &Path, profile: &Path) -> Value {
    let arguments = [
        "--headless".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-quic".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--window-size=1400,900".to_owned(),
        // Containers give little of the memory that it would use otherwise.
        "--disable-dev-shm-usage".to_owned(),
        "--host-resolver-rules=MAP *.example 127.0.0.1".to_owned(),
        format!("--user-data-dir={}", text(profile)),
    ];
    json!({ "capabilities": { "alwaysMatch": {
        "browserName": "chrome",
        "goog:loggingPrefs": { "browser": "ALL" },
        "goog:chromeOptions": { "binary": text(chromium), "args": arguments },
    }}})
}
