//! The voice of the story: a chapter's heading, then a numbered line for each step with what was seen.

use std::fmt::Display;

use crate::listen::flush;

/// Why a step did not hold: what was expected and what was seen.
pub(crate) type Held<T = ()> = Result<T, String>;

/// Prints the story and counts its steps.
#[derive(Debug, Default)]
pub(crate) struct Narrator {
    steps: usize,
}

impl Narrator {
    /// Begins a chapter.
    #[expect(
        clippy::unused_self,
        reason = "the narrator is the one who prints; a chapter may get a number some day"
    )]
    pub(crate) fn chapter(&self, title: &str) {
        println!("\n{title}");
        flush();
    }

    /// Tells one step that held, with what was seen.
    pub(crate) fn held(&mut self, step: &str, seen: impl Display) {
        self.steps += 1;
        println!("{:>4}  held  {step}: {seen}", self.steps);
        flush();
    }

    /// How many steps held.
    pub(crate) fn steps(&self) -> usize {
        self.steps
    }
}

/// Holds if `seen` equals `expected`.
#[expect(
    clippy::needless_pass_by_value,
    reason = "reads like an assertion; most values are made on the spot"
)]
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(what: &str, seen: T, expected: T) -> Held {
    if seen == expected {
        Ok(())
    } else {
        Err(format!("{what}: expected {expected:?}, saw {seen:?}"))
    }
}

/// Holds if `condition` does; `seen` is told otherwise.
pub(crate) fn ensure(condition: bool, seen: impl FnOnce() -> String) -> Held {
    if condition { Ok(()) } else { Err(seen()) }
}
