//! Following a path to the module that defines what it names.

use super::module::ModulePath;
use super::tree::Tree;

/// Re-exports that are followed before giving up, so that a circle of them ends.
const MAX_REEXPORTS: usize = 16;

/// The modules that `path` (from the crate's root, written in module `from`) leads to: usually one, more if the name stands for
/// several things, none if it is another crate's.
///
/// Only the re-exports of modules around `from` are followed: those are no way around the order. A module elsewhere is itself
/// what `from` uses, wherever it has its items from.
pub(super) fn targets(tree: &Tree, from: &[String], path: &[String]) -> Vec<ModulePath> {
    let mut found = Vec::new();
    follow(tree, from, path, MAX_REEXPORTS, &mut found);
    found.sort();
    found.dedup();
    found
}

fn follow(
    tree: &Tree,
    from: &[String],
    path: &[String],
    depth: usize,
    found: &mut Vec<ModulePath>,
) {
    let mut length = 0;
    while length < path.len() && tree.modules.contains_key(&path[..=length]) {
        length += 1;
    }
    let (module_path, rest) = path.split_at(length);
    let Some(module) = tree.modules.get(module_path) else {
        return;
    };
    let around = from.starts_with(module_path);
    match rest.first() {
        Some(name) if around && depth > 0 => {
            if let Some(paths) = module.imports.get(name) {
                for target in paths {
                    let target = [target.as_slice(), &rest[1..]].concat();
                    follow(tree, from, &target, depth - 1, found);
                }
                if !module.items.contains(name) {
                    return;
                }
            } else if !module.items.contains(name) {
                let sources = module
                    .globs
                    .iter()
                    .filter(|glob| declares(tree, glob, name, depth - 1));
                let sources: Vec<&Vec<String>> = sources.collect();
                for glob in &sources {
                    let target = [glob.as_slice(), rest].concat();
                    follow(tree, from, &target, depth - 1, found);
                }
                if !sources.is_empty() {
                    return;
                }
            }
            found.push(module_path.to_vec());
        }
        _ => found.push(module_path.to_vec()),
    }
}

/// Whether the module at `path` has something of this name, its own or imported.
pub(super) fn declares(tree: &Tree, path: &[String], name: &str, depth: usize) -> bool {
    let Some(module) = tree.modules.get(path) else {
        return false;
    };
    module.items.contains(name)
        || module.children.contains(name)
        || module.imports.contains_key(name)
        || (depth > 0
            && module
                .globs
                .iter()
                .any(|glob| declares(tree, glob, name, depth - 1)))
}
