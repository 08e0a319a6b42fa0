//! Progress that suits who is looking: a line that moves on a terminal, a plain line every few seconds in a pipe or CI.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A pipe hears from a long stage this often: often enough to see it live, seldom enough to read the log afterwards.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// Where progress goes. Clones show on the same screen.
#[derive(Clone)]
pub struct Display {
    screen: Option<MultiProgress>,
}

impl Display {
    /// Moving lines when standard error is a terminal, and neither `CI` nor `TERM=dumb` says otherwise.
    #[must_use]
    pub fn on_stderr() -> Self {
        let is_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let has_screen = std::io::stderr().is_terminal() && !is_ci && !is_dumb;
        Self { screen: has_screen.then(MultiProgress::new) }
    }

    /// Plain lines, whatever standard error is.
    #[must_use]
    pub fn plain() -> Self {
        Self { screen: None }
    }

    /// One line that stays.
    pub fn say(&self, line: &str) {
        match &self.screen {
            Some(screen) => {
                // A terminal that went away is no reason to stop building.
                let _ = screen.println(line);
            }
            None => plain_line(line),
        }
    }

    /// Begins a stage that may take long; several may run side by side.
    #[must_use]
    pub fn stage(&self, label: &str) -> Stage {
        let progress = Arc::new(Shared {
            state: Mutex::new(State { label: label.to_owned(), ..State::default() }),
            ended: Condvar::new(),
        });
        let show = match &self.screen {
            Some(screen) => Show::Bar(screen.add(moving_line(label))),
            None => Show::Plain(Some(speak_now_and_then(Arc::clone(&progress)))),
        };
        Stage { progress, show }
    }
}

/// A stage under way. Dropping it takes its line away.
pub struct Stage {
    progress: Arc<Shared>,
    show: Show,
}

enum Show {
    Bar(ProgressBar),
    Plain(Option<JoinHandle<()>>),
}

struct Shared {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    label: String,
    done: u64,
    total: Option<u64>,
    now: String,
    has_ended: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stage {
    /// So many pieces are expected in all.
    pub fn expect_in_all(&self, total: u64) {
        self.progress.lock().total = Some(total);
        self.redraw();
    }

    /// So many pieces are done.
    pub fn set_done(&self, done: u64) {
        self.progress.lock().done = done;
        self.redraw();
    }

    /// What it is busy with now.
    pub fn set_now(&self, now: &str) {
        now.clone_into(&mut self.progress.lock().now);
        self.redraw();
    }

    /// Ends the stage without a word.
    pub fn finish(self) {
        drop(self);
    }

    fn redraw(&self) {
        if let Show::Bar(bar) = &self.show {
            let state = self.progress.lock();
            bar.set_message(format!("{}{}", counted(&state), state.now));
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.progress.lock().has_ended = true;
        self.progress.ended.notify_all();
        match &mut self.show {
            Show::Bar(bar) => bar.finish_and_clear(),
            Show::Plain(speaker) => {
                if let Some(speaker) = speaker.take() {
                    // A speaker that panicked has nothing more to say.
                    let _ = speaker.join();
                }
            }
        }
    }
}

fn moving_line(label: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner:.cyan} {prefix} [{elapsed}] {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    let bar = ProgressBar::new_spinner().with_style(style).with_prefix(label.to_owned());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn speak_now_and_then(progress: Arc<Shared>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let begun = Instant::now();
        let mut state = progress.lock();
        loop {
            let waited = progress.ended.wait_timeout_while(state, PLAIN_EVERY, |s| !s.has_ended);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            if state.has_ended {
                return;
            }
            let seconds = begun.elapsed().as_secs();
            plain_line(&format!("{}: {}{seconds} s", state.label, busy_with(&state)));
        }
    })
}

/// `123 of 412, `; the total is an estimate, so never less than what is done.
fn counted(state: &State) -> String {
    match (state.done, state.total) {
        (0, None) => String::new(),
        (done, None) => format!("{done} done, "),
        (done, Some(total)) => format!("{done} of {}, ", total.max(done)),
    }
}

/// How much is done and what it is busy with, each with the comma that follows it.
fn busy_with(state: &State) -> String {
    let now = if state.now.is_empty() { String::new() } else { format!("{}, ", state.now) };
    format!("{}{now}", counted(state))
}

fn plain_line(line: &str) {
    // Nobody reads standard error any more: go on all the same.
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_that_was_too_low_grows_with_what_is_done() {
        let state = State { done: 12, total: Some(10), ..State::default() };

        assert_eq!(counted(&state), "12 of 12, ");
    }

    #[test]
    fn a_stage_that_is_busy_with_nothing_in_particular_says_only_how_much_is_done() {
        let state = State { done: 2, total: Some(10), ..State::default() };
        let busy = State { now: "risk-api".to_owned(), ..State::default() };

        assert_eq!(busy_with(&state), "2 of 10, ");
        assert_eq!(busy_with(&busy), "risk-api, ");
    }

    #[test]
    fn a_stage_that_ends_soon_does_not_keep_anybody_waiting() {
        let begun = Instant::now();

        Display::plain().stage("soon over").finish();

        assert!(begun.elapsed() < PLAIN_EVERY);
    }
}
