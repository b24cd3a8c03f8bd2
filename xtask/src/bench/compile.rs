//! `cargo xtask bench compile`: processor time of `cargo` runs that compile crate `tollway`, with its dependencies built; then the
//! figures of the [workspace].
//!
//! The limit is in seconds of the machine it was set on, where `cargo check` of the peer, async-stripe with all its crates,
//! took [`PEER_SECONDS`]. Machines differ, and one machine differs from hour to hour; so the peer is compiled in the same
//! run, and a build fails only if its seconds and its share of the peer's time are both over the limit. Also measured: the release
//! build of a small program that uses the crate (`benches/rebuild`) after a change.

use std::path::Path;

use super::processor_time::{processor_time, target_folder};
use super::workspace;
use crate::run::{cargo, root, run};

/// A build, and the seconds of user and system time it may take.
struct Build {
    name: &'static str,
    folder: &'static str,
    package: &'static str,
    args: &'static [&'static str],
    limit: f64,
}

const fn sdk(name: &'static str, args: &'static [&'static str], limit: f64) -> Build {
    Build {
        name,
        folder: ".",
        package: "tollway",
        args,
        limit,
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
        limit: 3.0,
    },
];

/// `cargo check` of the peer, where the limit was set.
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
        "", "seconds", "limit", "of the peer", "limit"
    );
    println!(
        "{:>16} {peer:>7.1} s {:>9}   {:>11} {:>9}",
        "peer's check", "", "1.00", ""
    );
    let mut over = Vec::new();
    for build in BUILDS {
        let Build { name, limit, .. } = build;
        let seconds = seconds_of(&root().join(build.folder), build.args, &[build.package])?;
        let (share, allowed) = (seconds / peer, limit / PEER_SECONDS);
        println!("{name:>16} {seconds:>7.1} s {limit:>7.1} s   {share:>11.2} {allowed:>9.2}");
        if seconds > *limit && share > allowed {
            over.push(*name);
        }
    }
    over.extend(workspace::measure()?);
    if over.is_empty() {
        Ok(())
    } else {
        Err(format!("over the limit: {}", over.join(", ")))
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
            .env("CARGO_TARGET_DIR", target_folder("bench-compile"));
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
