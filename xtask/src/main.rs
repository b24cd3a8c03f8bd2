//! Chores of the repository: `cargo xtask api | codegen | layers | test | bench | coverage | builds | dist | fuzz | previous-spec | deny`.
//!
//! Each subcommand is a module of its own.

mod api;
mod bench;
mod builds;
mod codegen;
mod coverage;
mod deny;
mod dist;
#[cfg(test)]
mod documents;
mod external_clients;
mod fuzz;
mod layers;
mod previous_spec;
mod run;
mod test;

use std::process::ExitCode;

use clap::Parser;

/// Chores of the Tollway repository.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Chore {
    /// Write the files that are generated from the API description.
    Codegen(codegen::Args),
    /// Measure compile cost, decoding and the emulator against their limits.
    Bench(bench::Args),
    /// Run all tests, after installing the programs they need (official clients, a browser).
    Test(test::Args),
    /// Print how the emulator answers each operation of the API.
    Coverage(coverage::Args),
    /// Compare the public API of the libraries with their lists.
    Api(api::Args),
    /// Check that modules and crates depend on each other in one direction, and draw them.
    Layers(layers::Args),
    /// Check that the SDK compiles without its default transport, over reqwest, and on WebAssembly.
    Builds,
    /// Build the program as one static file, and print its path.
    Dist,
    /// Run the fuzz targets: parsers, webhook verifier, emulator.
    Fuzz(fuzz::Args),
    /// Check that an older API description of Stripe generates an SDK that compiles.
    PreviousSpec,
    /// Check licences, banned crates, duplicates and sources by `deny.toml`.
    Deny,
}

fn main() -> ExitCode {
    let result = match Chore::parse() {
        Chore::Codegen(args) => codegen::main(&args),
        Chore::Bench(args) => bench::main(&args),
        Chore::Test(args) => test::main(&args),
        Chore::Coverage(args) => coverage::main(&args),
        Chore::Api(args) => api::main(&args),
        Chore::Layers(args) => layers::main(&args),
        Chore::Builds => builds::main(),
        Chore::Dist => dist::main(),
        Chore::Fuzz(args) => fuzz::main(&args),
        Chore::PreviousSpec => previous_spec::main(),
        Chore::Deny => deny::main(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("xtask: {reason}");
            ExitCode::FAILURE
        }
    }
}
