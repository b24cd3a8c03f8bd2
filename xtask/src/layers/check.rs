//! Comparing what the modules of a crate use with the crate's list.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::Violation;
use super::module::{Module, ModulePath, Reference};
use super::order::{Layers, Order, SELF};
use super::resolve::{declares, targets};
use super::tree::Tree;

/// Checks the crate in `folder` with the list at `list` (below `root`).
pub(super) fn check_crate(
    root: &Path,
    folder: &Path,
    list: &Path,
) -> Result<Vec<Violation>, String> {
    let text = fs::read_to_string(root.join(list))
        .map_err(|error| format!("{}: {error}", list.display()))?;
    let order = Order::parse(&text, list)?;
    let tree = Tree::read(root, folder)?;
    let mut checker = Checker {
        tree: &tree,
        order: &order,
        list,
        violations: Vec::new(),
        inner_uses: BTreeMap::new(),
    };
    checker.check_lists();
    for (path, module) in &tree.modules {
        for reference in uses(&tree, path, module) {
            checker.check_reference(path, module, &reference);
        }
    }
    checker.check_circles();
    let mut violations = checker.violations;
    violations.sort();
    violations.dedup();
    Ok(violations)
}

/// The references of a module, with those that only a glob import of a module around it makes possible.
fn uses(tree: &Tree, path: &[String], module: &Module) -> Vec<Reference> {
    let mut found: Vec<Reference> = Vec::new();
    let around = |glob: &[String]| path.starts_with(glob) && path != glob;
    for reference in &module.references {
        if !(reference.glob && around(&reference.path)) {
            found.push(reference.clone());
        }
    }
    for glob in module.globs.iter().filter(|glob| around(glob)) {
        let names = module.bare_names.iter().filter(|(name, _)| {
            !module.items.contains(name)
                && !module.imports.contains_key(name)
                && declares(tree, glob, name, 4)
        });
        found.extend(names.map(|(name, line)| Reference {
            path: [glob.as_slice(), std::slice::from_ref(name)].concat(),
            line: *line,
            reexport: false,
            glob: false,
        }));
    }
    // `macro_rules!` are called by name alone, below their definition.
    for (name, line) in &module.macro_calls {
        let mut definitions = tree
            .modules
            .iter()
            .filter(|(_, other)| other.macros.contains(name));
        if let (Some((definition, _)), None) = (definitions.next(), definitions.next())
            && !module.imports.contains_key(name)
        {
            found.push(Reference {
                path: [definition.as_slice(), std::slice::from_ref(name)].concat(),
                line: *line,
                reexport: false,
                glob: false,
            });
        }
    }
    found
}

/// Where one module of a folder uses another one.
struct Use {
    file: std::path::PathBuf,
    line: usize,
}

struct Checker<'c> {
    tree: &'c Tree,
    order: &'c Order,
    list: &'c Path,
    violations: Vec<Violation>,
    /// For each folder without layers: which of its modules uses which, and where first.
    inner_uses: BTreeMap<ModulePath, BTreeMap<(String, String), Use>>,
}

impl Checker<'_> {
    /// Every listed module exists, every module of a folder that has layers is listed.
    fn check_lists(&mut self) {
        for (folder, layers) in self.order.sections() {
            let Some(module) = self.tree.modules.get(folder) else {
                self.violations.push(Violation {
                    file: self.list.to_owned(),
                    line: 1,
                    reason: format!(
                        "there is no module `{}`, which the list has a section for",
                        folder.join("::")
                    ),
                });
                continue;
            };
            for (layer, line) in layers.lines.iter().zip(&layers.line_numbers) {
                let missing = layer
                    .iter()
                    .filter(|name| *name != SELF && !module.children.contains(*name));
                self.violations.extend(missing.map(|name| Violation {
                    file: self.list.to_owned(),
                    line: *line,
                    reason: format!("there is no module `{}`", joined(folder, name)),
                }));
            }
            for name in module
                .children
                .iter()
                .filter(|name| layers.rank(name).is_none())
            {
                let path = [folder.as_slice(), std::slice::from_ref(name)].concat();
                let file = self
                    .tree
                    .modules
                    .get(&path)
                    .map_or(&module.file, |inner| &inner.file);
                self.violations.push(Violation {
                    file: file.clone(),
                    line: 1,
                    reason: format!(
                        "module `{}` is in no layer: add it to {}",
                        path.join("::"),
                        self.list.display()
                    ),
                });
            }
        }
    }

    fn check_reference(&mut self, from: &[String], module: &Module, reference: &Reference) {
        for target in targets(self.tree, from, &reference.path) {
            if target == from {
                continue;
            }
            let common = from
                .iter()
                .zip(&target)
                .take_while(|(left, right)| left == right)
                .count();
            let folder = &from[..common];
            let from_name = from.get(common).map_or(SELF, String::as_str);
            let to_name = target.get(common).map_or(SELF, String::as_str);
            // A folder's root shows the items of its modules to the outside: that is no use of them.
            if from_name == SELF && reference.reexport {
                continue;
            }
            match self.order.layers(folder) {
                Some(layers) => {
                    if let Some(reason) = refusal(layers, from_name, to_name) {
                        self.violations.push(Violation {
                            file: module.file.clone(),
                            line: reference.line,
                            reason: format!(
                                "`{}` uses `{}` by `crate::{}`, but {reason} ({})",
                                described(folder, from_name),
                                described(folder, to_name),
                                reference.path.join("::"),
                                self.list.display(),
                            ),
                        });
                    }
                }
                None if from_name != SELF && to_name != SELF => {
                    let uses = self.inner_uses.entry(folder.to_vec()).or_default();
                    uses.entry((from_name.to_owned(), to_name.to_owned()))
                        .or_insert_with(|| Use {
                            file: module.file.clone(),
                            line: reference.line,
                        });
                }
                None => {}
            }
        }
    }

    /// A folder without layers has no circle among its modules.
    fn check_circles(&mut self) {
        for (folder, uses) in &self.inner_uses {
            for ((user, used), place) in uses {
                if reaches(uses, used, user) {
                    self.violations.push(Violation {
                        file: place.file.clone(),
                        line: place.line,
                        reason: format!(
                            "`{}` uses `{}`, which leads back to it: no modules of a folder use each other in a circle",
                            joined(folder, user),
                            joined(folder, used),
                        ),
                    });
                }
            }
        }
    }
}

/// Why `from_name` may not use `to_name`, if so. Modules that no list names are reported elsewhere.
fn refusal(layers: &Layers, from_name: &str, to_name: &str) -> Option<&'static str> {
    let (above, below) = (layers.rank(from_name)?, layers.rank(to_name)?);
    match above.cmp(&below) {
        std::cmp::Ordering::Less => None,
        std::cmp::Ordering::Equal => Some("both are in one layer"),
        std::cmp::Ordering::Greater => Some("that is a higher layer"),
    }
}

fn reaches(uses: &BTreeMap<(String, String), Use>, from: &str, to: &str) -> bool {
    let mut open = vec![from];
    let mut seen = BTreeSet::new();
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        if seen.insert(at) {
            open.extend(
                uses.keys()
                    .filter(|(user, _)| user == at)
                    .map(|(_, used)| used.as_str()),
            );
        }
    }
    false
}

fn joined(folder: &[String], name: &str) -> String {
    [folder, &[name.to_owned()]].concat().join("::")
}

/// A module's name for people; the root of a folder goes by the folder's.
fn described(folder: &[String], name: &str) -> String {
    match (name, folder) {
        (SELF, []) => "the crate's root".to_owned(),
        (SELF, _) => folder.join("::"),
        _ => joined(folder, name),
    }
}
