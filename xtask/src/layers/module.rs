//! A module as the check sees it: what it declares, and the paths that lead out of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The names that lead from the crate's root to a module; the root's is empty.
pub(super) type ModulePath = Vec<String>;

/// One module: what it declares and what it refers to.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// Below the root of the repository.
    pub(super) file: PathBuf,
    /// The names of its items, macros included.
    pub(super) items: BTreeSet<String>,
    /// The modules that it declares.
    pub(super) children: BTreeSet<String>,
    /// The paths that each imported or re-exported name stands for. A name may be a type and a function at once.
    pub(super) imports: BTreeMap<String, Vec<Vec<String>>>,
    /// The paths before `::*`.
    pub(super) globs: Vec<Vec<String>>,
    pub(super) references: Vec<Reference>,
    /// The names of its `macro_rules!`.
    pub(super) macros: BTreeSet<String>,
    /// Macros called by name alone, and the lines.
    pub(super) macro_calls: Vec<(String, usize)>,
    /// First names of paths, which a glob import may have brought.
    pub(super) bare_names: Vec<(String, usize)>,
}

/// A path in the code that leads to something in the same crate.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    /// From the crate's root.
    pub(super) path: Vec<String>,
    pub(super) line: usize,
    /// Whether it is a `pub use`, of any visibility.
    pub(super) reexport: bool,
    /// Whether it is the path before `::*`.
    pub(super) glob: bool,
}
