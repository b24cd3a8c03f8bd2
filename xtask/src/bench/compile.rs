//! `cargo xtask bench compile`: processor time of one `cargo` run that compiles crate `tollway`, its dependencies built.
//!
//! The budget is in seconds of the machine it was set on, where `cargo check` of the peer, async-stripe with all its crates,
//! took [`PEER_SECONDS`]. Machines differ, and one machine differs from hour to hour; so the peer is compiled in the same
//! run, and what counts is the share of its time. Seconds alone are enough where they hold. Also measured: what a small program
//! that uses the crate (`benches/rebuild`) costs its author after each change.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{cargo, root, run};

/// What is built, and the seconds of user and system time it may take.
struct Build {
    name: &'static str,
    folder: &'static str,
    package: &'static str,
    args: &'static [&'static str],
    budget: f64,
}

const fn sdk(name: &'static str, args: &'static [&'static str], budget: f64) -> Build {
    Build {
        name,
        folder: ".",
        package: "tollway",
        args,
        budget,
    }
}

const BUILDS: &[Build] = &[
    sdk("check", &["check", "--package", "tollway", "--lib"], 14.0),
    sdk(
        "dev build",
        &["build", "--package", "tollway", "--lib"],
        19.0,
    ),
    sdk(
        "release build",
        &["build", "--package", "tollway", "--lib", "--release"],
        22.0,
    ),
    Build {
        name: "a user's release",
        folder: "benches/rebuild",
        package: "tollway-bench-rebuild",
        args: &["build", "--release"],
        budget: 3.0,
    },
];

/// `cargo check` of the peer, where the budget was set.
const PEER_SECONDS: f64 = 52.0;

/// The crates of the peer, as the workspace in `benches/compile` has them.
const PEER: &[&str] = &[
    "async-stripe",
    "async-stripe-billing",
    "async-stripe-checkout",
    "async-stripe-client-core",
    "async-stripe-connect",
    "async-stripe-core",
    "async-stripe-fraud",
    "async-stripe-issuing",
    "async-stripe-misc",
    "async-stripe-payment",
    "async-stripe-product",
    "async-stripe-shared",
    "async-stripe-terminal",
    "async-stripe-treasury",
    "async-stripe-types",
];

pub(super) fn main() -> Result<(), String> {
    let peer = seconds_of(&root().join("benches/compile"), &["check"], PEER)?;
    println!(
        "user + system time, dependencies built, CARGO_INCREMENTAL=0\n\n\
         {:>16} {:>9} {:>9}   {:>11} {:>9}",
        "", "seconds", "budget", "of the peer", "budget"
    );
    println!(
        "{:>16} {peer:>7.1} s {:>9}   {:>11} {:>9}",
        "peer's check", "", "1.00", ""
    );
    let mut over = Vec::new();
    for build in BUILDS {
        let Build { name, budget, .. } = build;
        let seconds = seconds_of(&root().join(build.folder), build.args, &[build.package])?;
        let (share, allowed) = (seconds / peer, budget / PEER_SECONDS);
        println!("{name:>16} {seconds:>7.1} s {budget:>7.1} s   {share:>11.2} {allowed:>9.2}");
        if seconds > *budget && share > allowed {
            over.push(*name);
        }
    }
    if over.is_empty() {
        Ok(())
    } else {
        Err(format!("over budget: {}", over.join(", ")))
    }
}

/// The processor time of compiling these packages of a workspace, and nothing else.
fn seconds_of(workspace: &Path, args: &[&str], packages: &[&str]) -> Result<f64, String> {
    let command = |args: &[&str]| {
        let mut command = cargo();
        command
            .args(args)
            .args(["--locked", "--quiet"])
            .current_dir(workspace)
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_TARGET_DIR", target_dir());
        command
    };
    // The first build is for the dependencies.
    run(&mut command(args))?;
    let mut clean = command(&["clean"]);
    clean.args(packages.iter().flat_map(|package| ["--package", package]));
    clean.args(args.contains(&"--release").then_some("--release"));
    run(&mut clean)?;
    processor_time(&command(args))
}

/// A folder of its own, so that measuring throws nothing away.
fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), PathBuf::from)
        .join("bench-compile")
}

/// Runs a command and answers the processor time of it and its children, as the shell's `times` counts it.
fn processor_time(command: &Command) -> Result<f64, String> {
    let mut shell = Command::new("sh");
    // `times` prints the shell's own time and below it that of its children.
    shell
        .args(["-c", "\"$0\" \"$@\" && times"])
        .arg(command.get_program())
        .args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap_or(OsStr::new("")));
    }
    let output = shell
        .output()
        .map_err(|error| format!("`sh` could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "the build failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let children = text.lines().last().unwrap_or_default();
    seconds(children).ok_or_else(|| format!("`times` printed something unexpected: {children}"))
}

/// `0m12.345s 0m1.5s` → 13.845
fn seconds(times: &str) -> Option<f64> {
    let mut sum = 0.0;
    for part in times.split_whitespace() {
        let (minutes, rest) = part.split_once('m')?;
        sum += minutes.parse::<f64>().ok()? * 60.0 + rest.strip_suffix('s')?.parse::<f64>().ok()?;
    }
    (!times.trim().is_empty()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_are_added_up() {
        assert_eq!(seconds("1m2.500s 0m0.250s"), Some(62.75));
        assert_eq!(seconds(""), None);
        assert_eq!(seconds("12 seconds"), None);
    }
}
