//! `cargo xtask dist`: the program `tollway` as one file that needs nothing on the machine it runs on.
//!
//! On Linux the C library is linked into it, and it is linked for one place in memory: then nothing has to be looked up or
//! adjusted when it starts. Naming the target keeps the flags from build scripts and macros.

use std::path::PathBuf;
use std::process::Command;

use crate::run::{cargo, root, run};

const STATIC: &str = "-C target-feature=+crt-static -C relocation-model=static";

pub(crate) fn main() -> Result<(), String> {
    println!("{}", build()?.display());
    Ok(())
}

/// Builds it and answers where it is.
pub(crate) fn build() -> Result<PathBuf, String> {
    let host = host()?;
    let mut command = cargo();
    command.args(["build", "--release", "--locked", "--package", "tollway-cli"]);
    command.args(["--target", &host]);
    if host.contains("linux") {
        command.env("RUSTFLAGS", STATIC);
    }
    run(&mut command)?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(target.join(host).join("release/tollway"))
}

/// What this machine is called as a target.
fn host() -> Result<String, String> {
    let output = Command::new("rustc").arg("-vV").output();
    let output = output.map_err(|error| format!("`rustc` could not be started: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| "`rustc -vV` does not say what this machine is".into())
}
