//! How each operation of the description is answered: what `cargo xtask coverage` prints.

use std::fmt;

use tollway_spec::OperationEntry;

use crate::engine::Engine;
use crate::generic::{Action, plan_of};

/// How an operation is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HandledBy {
    /// By a handler of its own.
    Handler,
    /// By a row of the transition table.
    Transition,
    /// By the generic state: kept, changed, listed, searched or deleted as the description says.
    Stateful,
    /// Worked out from the parameters and the description; nothing is kept, as nothing has to be.
    Computed,
}

impl fmt::Display for HandledBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Handler => "behaviour",
            Self::Transition => "transition",
            Self::Stateful => "stateful",
            Self::Computed => "computed",
        })
    }
}

/// Every operation of the description: how it is answered, then its method and path, then its name.
#[must_use]
pub fn coverage(engine: &Engine) -> Vec<(HandledBy, String, String)> {
    let operations = engine.description().catalog().operations().iter();
    let line = |(index, entry): (usize, &OperationEntry)| {
        let plan = plan_of(engine.services(), index)?;
        // OAuth has routes of its own, outside of the generic state.
        let own_route = entry.path.starts_with("/oauth/");
        let handled_by = match plan.action {
            _ if plan.handler.is_some() || own_route => HandledBy::Handler,
            Action::Transition(_) => HandledBy::Transition,
            Action::Compute | Action::Stream => HandledBy::Computed,
            _ => HandledBy::Stateful,
        };
        let url = format!("{} {}", entry.verb, entry.path);
        Some((handled_by, url, plan.name.clone()))
    };
    let mut lines: Vec<_> = operations.enumerate().filter_map(line).collect();
    lines.sort();
    lines
}
