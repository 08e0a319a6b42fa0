//! The one way in which a test waits: for a condition, with a bound, and a sentence for when it does not come.

use std::fmt::Debug;
use std::future::Future;
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine before it counts as broken.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks. Short, so that tests are quick; not nothing, so that they leave the machine to what they test.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Looks until `look` gives something, at most [`PATIENCE`].
///
/// # Panics
/// When nothing came in time: the message is `what`.
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    look: impl FnMut() -> F,
) -> T {
    eventually_within(PATIENCE, what, look).await
}

/// Looks until `look` gives something, at most `bound`.
///
/// # Panics
/// When nothing came in time: the message is `what`.
pub async fn eventually_within<T, F: Future<Output = Option<T>>>(
    bound: Duration,
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < bound, "did not come within {bound:?}: {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Watches that `look` keeps giving `expected` for the whole of `period`: for what must *not* happen.
///
/// # Panics
/// When it gives something else.
pub async fn stays<T: PartialEq + Debug, F: Future<Output = T>>(
    period: Duration,
    what: &str,
    expected: T,
    mut look: impl FnMut() -> F,
) {
    let began = Instant::now();
    while began.elapsed() < period {
        assert_eq!(look().await, expected, "did not stay: {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
