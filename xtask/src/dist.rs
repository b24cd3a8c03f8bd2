//! `cargo xtask dist`: builds the program `tollway` as one file without dependencies on the machine it runs on.
//!
//! On Linux the C library is linked statically and the code is not relocatable, so that the dynamic loader has nothing to do at
//! the start. Naming the target keeps the flags away from build scripts and macros.

use std::path::PathBuf;
use std::process::Command;

use crate::run::{cargo, root, run};

const STATIC_FLAGS: &str = "-C target-feature=+crt-static -C relocation-model=static";

pub(crate) fn main() -> Result<(), String> {
    println!("{}", build()?.display());
    Ok(())
}

/// Builds the program and returns its path.
pub(crate) fn build() -> Result<PathBuf, String> {
    let host = host()?;
    let mut command = cargo();
    command.args(["build", "--release", "--locked", "--package", "tollway-cli"]);
    command.args(["--target", &host]);
    if host.contains("linux") {
        command.env("RUSTFLAGS", STATIC_FLAGS);
    }
    run(&mut command)?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(target.join(host).join("release/tollway"))
}

/// The target triple of this machine.
fn host() -> Result<String, String> {
    let output = Command::new("rustc").arg("-vV").output();
    let output = output.map_err(|error| format!("`rustc` could not be started: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| "`rustc -vV` does not say what this machine is".into())
}
