//! `cargo xtask bench`: the project's figures beside their limits.
//!
//! `compile` measures what the SDK costs to build, beside a peer, and what the workspace costs. `decode` runs the benchmark in
//! `benches/`, a workspace of its own because of the peer that it compares with. `emulator` runs another one, which starts each
//! program that it compares.

mod compile;
mod processor_time;
mod workspace;

use crate::run::{cargo, root, run};
use crate::{dist, external_clients};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(clap::Subcommand)]
enum Bench {
    /// What crate `tollway` and the workspace cost to compile, beside their limits.
    Compile,
    /// The emulator's speed beside that of its peers: start, memory, requests a second.
    Emulator,
    /// A page of 100 charges, decoded and read, against a validating pass and a peer.
    Decode,
}

pub(crate) fn main(args: &Args) -> Result<(), String> {
    match args.bench {
        Bench::Compile => compile::main(),
        Bench::Emulator => emulator(),
        Bench::Decode => run(cargo()
            .args(["run", "--release", "--locked", "--bin", "decode"])
            .current_dir(root().join("benches"))),
    }
}

/// Builds the emulator, installs its peers, and lets all of them answer the same requests.
fn emulator() -> Result<(), String> {
    const FOLDER: &str = "benches/emulator";
    let venv = external_clients::python(&format!("{FOLDER}/requirements.txt"))?;
    external_clients::node(FOLDER)?;
    let program = dist::build()?;
    let folder = root().join(FOLDER);
    run(cargo()
        .args(["run", "--release", "--locked", "--"])
        .arg(program)
        .arg(venv.join("bin/localstripe"))
        .arg("node")
        .arg(folder.join("node_modules/stripe-stateful-mock/dist/cli.js"))
        .current_dir(&folder))
}
