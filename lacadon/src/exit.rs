//! How a command ends, for scripts: the exit codes, and what is said of a failure.
//!
//! 0 done · 1 something is wrong with what was looked at (findings, bad rows, a verdict that does not hold) or failed ·
//! 2 the command line is wrong · 3 a service refused, and will refuse again · 4 nobody answers, or not now, or an order is
//! not decided yet · 5 an order was rejected or called off: nothing is ordered.

use crate::api::{CallError, Problem};
use crate::out::Out;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

/// The paragraph on exit codes that every help text ends with.
pub const EXIT_CODES: &str = "Exit codes: 0 done, 1 something is wrong or failed, 2 wrong command line, \
                              3 a service refused, 4 nobody answers or not decided yet, 5 an order was rejected";

/// Something is wrong, and what it is has been said already.
#[derive(Debug)]
pub struct Wrong;

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("something is wrong, see above")
    }
}

impl std::error::Error for Wrong {}

/// An order is not placed, or not yet, and why has been said already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotPlaced {
    /// Nothing is ordered.
    Rejected,
    /// It is still worked on.
    Undecided,
}

impl fmt::Display for NotPlaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rejected => "the order was rejected, see above",
            Self::Undecided => "the order is not decided yet, see above",
        })
    }
}

impl std::error::Error for NotPlaced {}

/// Says what failed and chooses the exit code.
#[must_use]
pub fn of(result: anyhow::Result<()>, out: Out) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    let is_broken_pipe = |e: &io::Error| e.kind() == io::ErrorKind::BrokenPipe;
    if error.chain().any(|e| e.downcast_ref::<io::Error>().is_some_and(is_broken_pipe)) {
        // `| head` has seen enough.
        return ExitCode::SUCCESS;
    }
    if error.is::<Wrong>() {
        return ExitCode::from(1);
    }
    if let Some(not_placed) = error.downcast_ref::<NotPlaced>() {
        return ExitCode::from(match not_placed {
            NotPlaced::Undecided => 4,
            NotPlaced::Rejected => 5,
        });
    }
    let call = error.chain().find_map(|e| e.downcast_ref::<CallError>());
    if let (Some(CallError::Refused { problem, .. }), true) = (call, out.is_json) {
        // Whoever asked for JSON gets the problem as the service wrote it; the exit code says that it is one.
        let _ = out.json(problem);
    }
    // With standard error gone there is nobody left to tell.
    let _ = writeln!(io::stderr(), "lacadon: {error:#}");
    if let Some(CallError::Unreachable { .. }) = call {
        let _ = writeln!(io::stderr(), "`cargo lacadon doctor` looks for the reason");
    }
    match call {
        Some(CallError::Refused { problem: Problem { status, .. }, .. }) if *status < 500 => {
            ExitCode::from(3)
        }
        Some(_) => ExitCode::from(4),
        None => ExitCode::from(1),
    }
}
