//! `cargo xtask builds`: checks that the libraries compile with other features, and on WebAssembly.

use std::process::Command;

use crate::run::{cargo, run};

const WASM: &str = "wasm32-unknown-unknown";

/// Features of each build of a crate, without the default ones.
const FEATURE_SETS: [(&str, &str); 6] = [
    ("tollway", ""),
    ("tollway", "blocking,reqwest"),
    ("tollway", "axum"),
    ("tollway", "testing"),
    ("tollway-platform", ""),
    ("tollway-platform", "contract"),
];

pub(crate) fn main() -> Result<(), String> {
    for (package, features) in FEATURE_SETS {
        run(check(package).args(["--features", features]))?;
    }
    if has_wasm_target() {
        run(check("tollway").args(["--features", "fetch", "--target", WASM]))
    } else {
        eprintln!(
            "!! SKIPPED: the SDK was not checked for {WASM}, because this toolchain has no standard library for it. \
             Add it with `rustup target add {WASM}`."
        );
        Ok(())
    }
}

fn check(package: &str) -> Command {
    let mut command = cargo();
    command.args(["check", "-p", package, "--locked", "--no-default-features"]);
    command
}

/// Whether `rustc` has a standard library for WebAssembly.
fn has_wasm_target() -> bool {
    let printed = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", WASM])
        .output();
    printed.is_ok_and(|output| {
        let folder = String::from_utf8_lossy(&output.stdout);
        std::path::Path::new(folder.trim()).is_dir()
    })
}
