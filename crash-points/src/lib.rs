//! Where a program can be made to die, or be told that what it did has failed: beside every step that changes something.
//!
//! A step has three points: `<program>.<step>.before`, `.after` and `.done_but_told_failed`; [`STEPS`] is the one list. A
//! point is armed from outside, while the program runs, and fires once: see [`arm`]. The program that starts again finds
//! it spent.
//!
//! Compiled into builds with debug assertions only: elsewhere nothing can be armed, and every function here is an inlined
//! nothing.

pub mod arm;
mod steps;

pub use steps::*;

use std::fmt::{self, Display, Formatter};

/// The folder in which points are armed; without it nothing is looked for.
pub const CRASH_DIR: &str = "LACADON_CRASH_DIR";

/// Whether this build can crash at a point.
pub const IS_COMPILED_IN: bool = cfg!(debug_assertions);

/// Something that a program does to the world.
#[derive(Debug)]
pub struct Step {
    /// As in `order-api.mark_order_sent`.
    pub name: &'static str,
    /// The process that runs it.
    pub process: &'static str,
    /// What is durable right before it is done.
    pub before: &'static str,
    /// What is durable once it is done.
    pub after: &'static str,
}

/// When, beside a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// The process dies as late as possible before the effect: in a service, the transaction is written and not committed.
    Before,
    /// The effect is durable; the process dies before anybody hears of it.
    After,
    /// The effect is durable; whoever asked for it is told that it failed. Nobody dies.
    DoneButToldFailed,
}

/// Where a fault can be had.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    /// Beside this step.
    pub step: &'static Step,
    /// At this moment.
    pub moment: Moment,
}

/// Every point, in the order of the list.
pub fn points() -> impl Iterator<Item = Point> {
    let moments = [Moment::Before, Moment::After, Moment::DoneButToldFailed];
    STEPS.iter().flat_map(move |step| moments.map(|moment| Point { step, moment }))
}

/// The point of this name.
#[must_use]
pub fn point(name: &str) -> Option<Point> {
    points().find(|point| point.to_string() == name)
}

/// The step that the activity of this name is, as in `voucher.issue`. `None` in a build that cannot crash.
#[must_use]
pub fn of_activity(name: &str) -> Option<&'static Step> {
    if !IS_COMPILED_IN {
        return None;
    }
    let name = format!("activity.{}", name.replace('.', "_"));
    STEPS.iter().copied().find(|step| step.name == name)
}

impl Step {
    /// Dies here if it is armed: nothing is done yet.
    #[inline]
    pub fn before(&self) {
        if arm::is_hit(self, Moment::Before) {
            std::process::abort();
        }
    }

    /// Dies here if it is armed, or answers `Err` if whoever asked is to be told so: the effect is durable.
    ///
    /// # Errors
    /// With `failed`, once, when that was armed.
    #[inline]
    pub fn after<E>(&self, failed: impl FnOnce() -> E) -> Result<(), E> {
        if arm::is_hit(self, Moment::After) {
            std::process::abort();
        }
        if arm::is_hit(self, Moment::DoneButToldFailed) { Err(failed()) } else { Ok(()) }
    }

    /// Does the step, its points before and behind it. One that failed by itself has no effect to be behind of.
    ///
    /// # Errors
    /// As the step; or with `failed`, once, when that was armed.
    #[inline]
    pub async fn around<T, E>(
        &self,
        work: impl Future<Output = Result<T, E>>,
        failed: impl FnOnce() -> E,
    ) -> Result<T, E> {
        self.before();
        let done = work.await?;
        self.after(failed)?;
        Ok(done)
    }
}

impl Point {
    /// What is durable at this moment.
    #[must_use]
    pub fn durable(&self) -> &'static str {
        match self.moment {
            Moment::Before => self.step.before,
            Moment::After | Moment::DoneButToldFailed => self.step.after,
        }
    }

    /// Whether the process dies there.
    #[must_use]
    pub fn is_deadly(&self) -> bool {
        self.moment != Moment::DoneButToldFailed
    }
}

impl Display for Moment {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before => "before",
            Self::After => "after",
            Self::DoneButToldFailed => "done_but_told_failed",
        })
    }
}

impl Display for Point {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.step.name, self.moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_point_has_a_name_of_its_own_and_is_found_by_it() {
        let names: BTreeSet<String> = points().map(|point| point.to_string()).collect();

        assert_eq!(names.len(), STEPS.len() * 3);
        for name in &names {
            assert_eq!(point(name).map(|point| point.to_string()).as_ref(), Some(name));
        }
        assert!(point("order-api.mark_order_sent").is_none());
    }

    #[test]
    fn a_step_is_named_after_its_program_and_says_what_is_durable() {
        for step in STEPS {
            let (program, rest) = step.name.split_once('.').expect("a program and a step");
            assert!(!rest.is_empty() && !rest.contains('.'), "{}", step.name);
            let runs_it = match program {
                "relay" | "activity" => "worker",
                program => program,
            };
            assert_eq!(step.process, runs_it, "{}", step.name);
            assert_ne!(step.before, step.after, "{}", step.name);
        }
    }

    #[test]
    fn an_activity_is_found_by_the_name_that_temporal_knows() {
        let step = of_activity("voucher.issue").map(|step| step.name);

        assert_eq!(step, IS_COMPILED_IN.then_some("activity.voucher_issue"));
        assert!(of_activity("voucher.bake").is_none());
    }

    #[tokio::test]
    async fn a_step_that_is_not_armed_is_simply_done() {
        let step = &ORDER_API_MARK_ORDER_SENT;

        let done = step.around(async { Ok::<_, &str>(1) }, || "told so").await;
        let failed = step.around(async { Err::<u8, _>("it failed") }, || "told so").await;

        assert_eq!((done, failed), (Ok(1), Err("it failed")));
    }
}
