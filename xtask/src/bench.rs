//! `cargo xtask bench`: the figures that the project promises.
//!
//! `compile` measures what the SDK costs to build: crate `tollway` alone, its dependencies built, in processor time of one
//! `cargo` run. `decode` runs the benchmark in `benches/`, a workspace of its own, so that nobody else builds the peer it
//! is compared with. `emulator` runs another one, which starts every contender as a program of its own.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use crate::outsiders;
use crate::run::{cargo, root, run};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(clap::Subcommand)]
enum Bench {
    /// What crate `tollway` costs to compile, against its budget.
    Compile,
    /// The emulator's speed beside that of its peers: start, memory, requests a second.
    Emulator,
    /// A page of 100 charges, decoded and read, against a validating pass and a peer.
    Decode,
}

pub(crate) fn main(args: &Args) -> Result<(), String> {
    match args.bench {
        Bench::Compile => compile(),
        Bench::Emulator => emulator(),
        Bench::Decode => run(cargo()
            .args(["run", "--release", "--locked", "--bin", "decode"])
            .current_dir(root().join("benches"))),
    }
}

/// Builds the emulator, installs its peers, and lets all of them answer the same requests.
fn emulator() -> Result<(), String> {
    const FOLDER: &str = "benches/emulator";
    let venv = outsiders::python(&format!("{FOLDER}/requirements.txt"))?;
    outsiders::node(FOLDER)?;
    run(cargo().args(["build", "--release", "--locked", "--package", "tollway-cli"]))?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let folder = root().join(FOLDER);
    run(cargo()
        .args(["run", "--release", "--locked", "--"])
        .arg(target.join("release/tollway"))
        .arg(venv.join("bin/localstripe"))
        .arg("node")
        .arg(folder.join("node_modules/stripe-stateful-mock/dist/cli.js"))
        .current_dir(&folder))
}

/// A way to build the crate, and the seconds of user and system time it may take.
const BUDGET: &[(&str, &[&str], f64)] = &[
    ("check", &["check"], 14.0),
    ("dev build", &["build"], 19.0),
    ("release build", &["build", "--release"], 22.0),
];

fn compile() -> Result<(), String> {
    let target = target_dir();
    let mut over = Vec::new();
    println!(
        "crate tollway alone, its dependencies built, CARGO_INCREMENTAL=0, user + system time"
    );
    for (name, args, budget) in BUDGET {
        let build = || {
            let mut build = cargo();
            build
                .args(*args)
                .args(["--package", "tollway", "--lib", "--locked", "--quiet"]);
            build
                .env("CARGO_INCREMENTAL", "0")
                .env("CARGO_TARGET_DIR", &target);
            build
        };
        // Builds the dependencies, and the crate once.
        run(&mut build())?;
        run(cargo()
            .args(["clean", "--package", "tollway", "--quiet"])
            .env("CARGO_TARGET_DIR", &target)
            .args(args.contains(&"--release").then_some("--release")))?;
        let seconds = processor_time(&build())?;
        println!("{name:>14}: {seconds:5.1} s of {budget} s");
        if seconds > *budget {
            over.push(*name);
        }
    }
    if over.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "over budget: {}; a busy machine counts some seconds more",
            over.join(", ")
        ))
    }
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
        .args(command.get_args())
        .current_dir(root());
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
