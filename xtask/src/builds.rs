//! `cargo xtask builds`: the SDK compiles in every shape that people use it in, not only the one the tests are built in.

use std::process::Command;

use crate::run::{cargo, run};

const WASM: &str = "wasm32-unknown-unknown";

/// Features of each build, without the default ones.
const SHAPES: [&str; 3] = ["", "blocking,reqwest", "axum"];

pub(crate) fn main() -> Result<(), String> {
    for features in SHAPES {
        run(check().args(["--features", features]))?;
    }
    if has_wasm() {
        run(check().args(["--features", "fetch", "--target", WASM]))
    } else {
        eprintln!(
            "!! SKIPPED: the SDK was not checked for {WASM}, because this toolchain has no standard library for it. \
             Add it with `rustup target add {WASM}`."
        );
        Ok(())
    }
}

fn check() -> Command {
    let mut command = cargo();
    command.args([
        "check",
        "-p",
        "tollway",
        "--locked",
        "--no-default-features",
    ]);
    command
}

/// Whether `rustc` has a standard library for WebAssembly.
fn has_wasm() -> bool {
    let printed = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", WASM])
        .output();
    printed.is_ok_and(|output| {
        let folder = String::from_utf8_lossy(&output.stdout);
        std::path::Path::new(folder.trim()).is_dir()
    })
}
