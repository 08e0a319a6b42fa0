//! What must hold of everything that reads what others wrote, whatever the bytes: a target per reader.
//!
//! A plain `cargo test` holds every target against its corpus (`corpus/<target>/`); `tools/fuzz/run` lets libFuzzer look
//! for bytes that break one, guided by the branches that they take in our code.
#![expect(
    clippy::expect_used,
    reason = "a property that does not hold is said by panicking, as in a test"
)]

mod code;
mod history;
mod id;
mod import;
mod money;

/// A reader and what must hold of it.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// As in `corpus/<name>/`.
    pub name: &'static str,
    /// Reads the bytes.
    ///
    /// # Panics
    /// When something does not hold; the message says what.
    pub holds: fn(&[u8]),
}

/// Every target.
pub const TARGETS: [Target; 5] = [
    Target { name: "code", holds: code::holds },
    Target { name: "history", holds: history::holds },
    Target { name: "id", holds: id::holds },
    Target { name: "import", holds: import::holds },
    Target { name: "money", holds: money::holds },
];

/// A refusal is a sentence that a person can read in a log: it says something, is short, and carries nothing that would
/// forge another line.
fn says_why(refusal: &str) {
    assert!(!refusal.trim().is_empty(), "refused without a reason");
    assert!(refusal.len() <= LONGEST_REFUSAL, "a reason of {} bytes", refusal.len());
    assert!(!refusal.contains(char::is_control), "control characters in {refusal:?}");
}

/// What was given is shown cut to 80 characters, each of at most 12 bytes when escaped; the rest is our own words.
const LONGEST_REFUSAL: usize = 80 * 12 + 200;
