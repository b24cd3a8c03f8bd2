//! Reading a list of layers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::module::ModulePath;

/// The word for what a folder's own `mod.rs` (or the crate's root file) defines.
pub(super) const SELF: &str = "self";

/// The layers of one folder, from the top down.
#[derive(Debug, Default)]
pub(super) struct Layers {
    pub(super) lines: Vec<Vec<String>>,
    /// The line of the list that each layer stands on, from 1.
    pub(super) line_numbers: Vec<usize>,
}

impl Layers {
    /// The position of a module's layer, counted from the top. `self` is above all when the list does not name it.
    pub(super) fn rank(&self, name: &str) -> Option<usize> {
        let listed = self
            .lines
            .iter()
            .position(|layer| layer.iter().any(|module| module == name))
            .map(|index| index + 1);
        listed.or((name == SELF).then_some(0))
    }
}

/// A crate's list: the order of the root's modules, and of the folders that have one.
#[derive(Debug)]
pub(super) struct Order {
    sections: BTreeMap<ModulePath, Layers>,
}

impl Order {
    /// Reads a list. `file` is only for messages.
    pub(super) fn parse(text: &str, file: &Path) -> Result<Self, String> {
        let failed =
            |line: usize, reason: String| format!("{}:{}: {reason}", file.display(), line + 1);
        let mut sections = BTreeMap::from([(ModulePath::new(), Layers::default())]);
        let mut section = ModulePath::new();
        let mut seen = BTreeSet::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            if let Some(folder) = line.strip_prefix('[') {
                let folder = folder
                    .strip_suffix(']')
                    .ok_or_else(|| failed(index, format!("`{line}` lacks its `]`")))?;
                section = folder
                    .split("::")
                    .map(|part| part.trim().to_owned())
                    .collect();
                if sections
                    .insert(section.clone(), Layers::default())
                    .is_some()
                {
                    return Err(failed(index, format!("a second section [{folder}]")));
                }
                continue;
            }
            let layer: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            for module in &layer {
                if !seen.insert((section.clone(), module.clone())) {
                    return Err(failed(index, format!("`{module}` is listed twice")));
                }
            }
            let layers = sections.entry(section.clone()).or_default();
            layers.lines.push(layer);
            layers.line_numbers.push(index + 1);
        }
        Ok(Self { sections })
    }

    /// The layers inside a folder; the crate's root is the empty path.
    pub(super) fn layers(&self, folder: &[String]) -> Option<&Layers> {
        self.sections.get(folder)
    }

    /// All folders that have layers, the root first.
    pub(super) fn sections(&self) -> impl Iterator<Item = (&ModulePath, &Layers)> {
        self.sections.iter()
    }
}
