//! `cargo xtask layers`: the modules of a crate, and the crates of the workspace, depend on each other in one direction.
//!
//! `xtask/layers/<crate>.txt` lists the modules of a crate from the top down. A line is a layer: a module uses only modules of
//! lower layers, so two modules of one line do not use each other. `[folder]` starts the order of the modules inside that
//! folder (`[folder::inner]` one level deeper), and `self` is what the folder's own `mod.rs` (at the root, `lib.rs` or
//! `main.rs`) defines: without that word it is on top. A folder without an order of its own may have its modules in any
//! order, but not in a circle. `xtask/layers/crates.txt` lists the crates from the top down, each with the crates it may use.
//!
//! Data flow: `tree` parses the files of a crate into modules with their references, `resolve` follows each reference through
//! re-exports to the module that defines the item, `check` compares the two modules with the lists of `order`. `crates` does
//! the same with the manifests. `svg` draws the lists.

mod check;
mod crates;
mod module;
mod order;
mod references;
mod resolve;
mod svg;
mod syntax;
#[cfg(test)]
mod tests;
mod tree;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::run::root;

/// What happens to a crate without a list: `false` reports it as not checked, `true` makes it an error.
const MISSING_LIST_IS_ERROR: bool = true;

/// The folder of the lists, below the root of the repository.
const LISTS: &str = "xtask/layers";

/// The options of `cargo xtask layers`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write the picture of crates and layers to this file (below the root of the repository).
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// With `--svg`: compare the file with the picture instead of writing it.
    #[arg(long, requires = "svg")]
    check: bool,
}

/// One place where the code and a list disagree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    file: PathBuf,
    line: usize,
    reason: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.reason)
    }
}

pub(crate) fn main(args: &Args) -> Result<(), String> {
    let root = root();
    let crates = crates::CrateOrder::load(&root)?;
    let mut violations = crates.violations(&root)?;
    let mut unchecked = Vec::new();
    for name in crates.names() {
        let list = root.join(list_path(name));
        if !list.exists() {
            unchecked.push(name);
            continue;
        }
        violations.extend(check::check_crate(
            &root,
            &crates::folder(&root, name),
            &list_path(name),
        )?);
    }
    if !violations.is_empty() {
        let lines: Vec<String> = violations.iter().map(ToString::to_string).collect();
        return Err(format!(
            "{} dependencies against the order of layers:\n{}",
            lines.len(),
            lines.join("\n")
        ));
    }
    if !unchecked.is_empty() {
        let names = unchecked.join(", ");
        if MISSING_LIST_IS_ERROR {
            return Err(format!("no list of layers in {LISTS} for: {names}"));
        }
        eprintln!("not checked, because {LISTS} has no list for it: {names}");
    }
    args.svg
        .as_deref()
        .map_or(Ok(()), |file| picture(&root, &crates, file, args.check))
}

/// Writes the picture, or compares it with the file.
fn picture(
    root: &Path,
    crates: &crates::CrateOrder,
    file: &Path,
    compare: bool,
) -> Result<(), String> {
    let drawn = svg::draw(root, crates)?;
    let path = root.join(file);
    if !compare {
        return fs::write(&path, drawn).map_err(|error| format!("{}: {error}", path.display()));
    }
    let committed =
        fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    if committed == drawn {
        Ok(())
    } else {
        let file = file.display();
        Err(format!(
            "{file} is not what {LISTS} says: run `cargo xtask layers --svg {file}`"
        ))
    }
}

/// The list of a crate, below the root of the repository.
fn list_path(name: &str) -> PathBuf {
    Path::new(LISTS).join(format!("{name}.txt"))
}
