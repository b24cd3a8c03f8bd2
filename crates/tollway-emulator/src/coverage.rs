//! How each operation of the description is answered: what `cargo xtask coverage` prints.

use std::fmt;

use crate::Engine;
use crate::api::Action;

/// How an operation is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answered {
    /// By a module that knows how it works.
    Behaviour,
    /// By a row of the transition table.
    Transition,
    /// By the generic state: kept, changed, listed, searched or deleted as the description says.
    Stateful,
    /// Worked out from the parameters and the description; nothing is kept, as nothing has to be.
    Computed,
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Behaviour => "behaviour",
            Self::Transition => "transition",
            Self::Stateful => "stateful",
            Self::Computed => "computed",
        })
    }
}

impl Engine {
    /// Every operation of the description: how it is answered, then its method and path, then its name.
    #[must_use]
    pub fn coverage(&self) -> Vec<(Answered, String, String)> {
        let operations = self.api().catalog().operations().iter().enumerate();
        let line = |index: usize| {
            let plan = self.api().plan(index, self.registry());
            let entry = &self.api().catalog().operations()[index];
            // OAuth has routes of its own, outside of the generic state.
            let own_route = entry.path.starts_with("/oauth/");
            let answered = match plan.action {
                _ if plan.behaviour.is_some() || own_route => Answered::Behaviour,
                Action::Transition(_) => Answered::Transition,
                Action::Compute | Action::Stream => Answered::Computed,
                _ => Answered::Stateful,
            };
            let url = format!("{} {}", entry.verb, entry.path);
            (answered, url, plan.name.clone())
        };
        let mut lines: Vec<_> = operations.map(|(index, _)| line(index)).collect();
        lines.sort();
        lines
    }
}
