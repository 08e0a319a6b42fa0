//! A run is called after the order that it is about.
//!
//! A run under another order's id would complete there, and block that order's own until the retention ends.

use crate::arg::Arg;
use crate::failure::{Failed, FailureKind};

/// What a run was started with, if it can be read and belongs under the run's id. `shape` says how the input is written.
///
/// # Errors
/// [`FailureKind::InvalidInput`], in words for whoever started it.
pub fn input_of<T>(
    input: Arg<T>,
    shape: &str,
    run_id: &str,
    id_of: impl FnOnce(&T) -> String,
) -> Result<T, Failed> {
    let invalid = |why| FailureKind::InvalidInput.because(why);
    let input = input.0.map_err(|error| invalid(format!("the input is not {shape}: {error}")))?;
    let expected = id_of(&input);
    if expected == run_id {
        Ok(input)
    } else {
        Err(invalid(format!(
            "this run is called {run_id}; for the order it names, start {expected}"
        )))
    }
}
