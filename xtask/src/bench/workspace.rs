//! The workspace's part of `cargo xtask bench compile`: what the README's first command costs in a fresh clone, and what a
//! contributor waits for after a change of one line.
//!
//! Processor time is user and system time of all processes. The time until the program is ready depends on what else the machine
//! does, so it is printed beside its limit but does not fail the run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::processor_time::{processor_time, target_folder};
use crate::run::{cargo, root, run};

/// Processor time of `cargo run --release -- demo` in a fresh clone with downloaded crates.
const FIRST_COMMAND_SECONDS: f64 = 480.0;
/// The same command, from its start until the program is built, on two cores without other load.
const FIRST_COMMAND_WALL: Duration = Duration::from_mins(4);
/// Size of the stripped program.
const PROGRAM_BYTES: u64 = 20_000_000;
/// Processor time of `cargo check --workspace` after a change of one line in the emulator.
const CHECK_AFTER_CHANGE_SECONDS: f64 = 40.0;
/// Processor time of `cargo test -p tollway-emulator --no-run` after a change of one line in it.
const TEST_BUILD_AFTER_CHANGE_SECONDS: f64 = 90.0;

/// The file that is changed.
const CHANGED_FILE: &str = "crates/tollway-emulator/src/lib.rs";

/// Measures and prints the figures; returns those over their limit.
pub(super) fn measure() -> Result<Vec<&'static str>, String> {
    let target = target_folder("bench-workspace");
    let mut over = Vec::new();
    let mut seconds_row = |name: &'static str, seconds: f64, limit: f64| {
        println!("{name:>34} {seconds:>9.1} s {limit:>9.1} s");
        if seconds > limit {
            over.push(name);
        }
    };
    println!("\n{:>34} {:>11} {:>11}", "", "measured", "limit");

    let check = command(
        &["check", "--workspace", "--all-targets"],
        &target.join("dev"),
    );
    seconds_row(
        "check after a change",
        after_change(check)?,
        CHECK_AFTER_CHANGE_SECONDS,
    );
    let tests = command(
        &["test", "--package", "tollway-emulator", "--no-run"],
        &target.join("dev"),
    );
    seconds_row(
        "test build after a change",
        after_change(tests)?,
        TEST_BUILD_AFTER_CHANGE_SECONDS,
    );

    // `cargo run` without options builds the default program of the workspace, as `cargo build` of its package does.
    let release = target.join("release-build");
    if release.exists() {
        fs::remove_dir_all(&release).map_err(|error| format!("{}: {error}", release.display()))?;
    }
    let build = command(
        &[
            "build",
            "--release",
            "--package",
            "tollway-cli",
            "--bin",
            "tollway",
        ],
        &release,
    );
    let begin = now();
    let seconds = processor_time(&build)?;
    let wall = now().duration_since(begin);
    seconds_row("first command", seconds, FIRST_COMMAND_SECONDS);
    println!(
        "{:>34} {:>9.1} s {:>9.1} s   (two cores without other load)",
        "first command, until it is built",
        wall.as_secs_f64(),
        FIRST_COMMAND_WALL.as_secs_f64()
    );
    let program = release.join("release").join("tollway");
    let bytes = size(&program)?;
    println!(
        "{:>34} {:>8} kB {:>8} kB",
        "program",
        bytes / 1000,
        PROGRAM_BYTES / 1000
    );
    if bytes > PROGRAM_BYTES {
        over.push("program");
    }
    Ok(over)
}

fn command(args: &[&str], target: &Path) -> Command {
    let mut command = cargo();
    command
        .args(args)
        .args(["--locked", "--quiet"])
        .current_dir(root())
        .env("CARGO_TARGET_DIR", target);
    command
}

/// The processor time of a command when one file has changed since its last run.
fn after_change(mut command: Command) -> Result<f64, String> {
    run(&mut command)?;
    let path: PathBuf = root().join(CHANGED_FILE);
    // Cargo compares times of files, so the same text written again counts as a change.
    let text = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    processor_time(&command)
}

fn size(program: &Path) -> Result<u64, String> {
    let metadata =
        fs::metadata(program).map_err(|error| format!("{}: {error}", program.display()))?;
    Ok(metadata.len())
}

#[expect(
    clippy::disallowed_methods,
    reason = "this measures how long a build takes"
)]
fn now() -> Instant {
    Instant::now()
}
