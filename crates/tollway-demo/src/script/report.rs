//! What the script prints: a heading for each part, then a numbered line for each step with what was observed.

use std::fmt::Display;

use crate::output::flush;

/// The result of a step. The error says what was expected and what was observed.
pub(crate) type StepResult<T = ()> = Result<T, String>;

/// Prints the steps and counts them.
#[derive(Debug, Default)]
pub(crate) struct Report {
    steps: usize,
}

impl Report {
    /// Prints a heading.
    #[expect(
        clippy::unused_self,
        reason = "all output of the script goes through the report"
    )]
    pub(crate) fn heading(&self, title: &str) {
        println!("\n{title}");
        flush();
    }

    /// Prints one step that passed, with what was observed.
    pub(crate) fn step(&mut self, step: &str, seen: impl Display) {
        self.steps += 1;
        println!("{:>4}  held  {step}: {seen}", self.steps);
        flush();
    }

    /// The number of steps so far.
    pub(crate) fn steps(&self) -> usize {
        self.steps
    }
}

/// Fails unless `seen` equals `expected`.
#[expect(
    clippy::needless_pass_by_value,
    reason = "reads like an assertion; most values are made on the spot"
)]
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(what: &str, seen: T, expected: T) -> StepResult {
    if seen == expected {
        Ok(())
    } else {
        Err(format!("{what}: expected {expected:?}, saw {seen:?}"))
    }
}

/// Fails with the text of `seen` unless `condition` is true.
pub(crate) fn ensure(condition: bool, seen: impl FnOnce() -> String) -> StepResult {
    if condition { Ok(()) } else { Err(seen()) }
}
