//! Chores of the repository: `cargo xtask api | codegen | layers | test | bench | coverage | builds | dist | fuzz | older | deny`.
//!
//! Each subcommand lives in a module of its own; this file only names them.

mod api;
mod bench;
mod builds;
mod codegen;
mod coverage;
mod deny;
mod dist;
mod fuzz;
mod layers;
mod older;
mod outsiders;
mod run;
mod test;

use std::process::ExitCode;

use clap::Parser;

/// Chores of the Tollway repository.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Chore {
    /// Write what is made from the API description.
    Codegen(codegen::Args),
    /// Measure what the project promises: compile cost, decoding.
    Bench(bench::Args),
    /// Run every test, after installing the outsiders they talk to (official clients, a browser).
    Test(test::Args),
    /// Print how the emulator answers each operation of the API.
    Coverage(coverage::Args),
    /// Compare the SDK's public API with the list of it.
    Api(api::Args),
    /// Check that modules and crates depend on each other in one direction, and draw them.
    Layers(layers::Args),
    /// Check that the SDK compiles without its default transport, over reqwest, and on WebAssembly.
    Builds,
    /// Build the program as one file that needs nothing on the machine it runs on, and print where it is.
    Dist,
    /// Feed the parsers, the webhook verifier and the emulator with inputs that libFuzzer thinks of.
    Fuzz(fuzz::Args),
    /// Check that an older description of Stripe's generates an SDK that compiles.
    Older,
    /// Check licences, banned crates, duplicates and sources by `deny.toml`.
    Deny,
}

fn main() -> ExitCode {
    let done = match Chore::parse() {
        Chore::Codegen(args) => codegen::main(&args),
        Chore::Bench(args) => bench::main(&args),
        Chore::Test(args) => test::main(&args),
        Chore::Coverage(args) => coverage::main(&args),
        Chore::Api(args) => api::main(&args),
        Chore::Layers(args) => layers::main(&args),
        Chore::Builds => builds::main(),
        Chore::Dist => dist::main(),
        Chore::Fuzz(args) => fuzz::main(&args),
        Chore::Older => older::main(),
        Chore::Deny => deny::main(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("xtask: {reason}");
            ExitCode::FAILURE
        }
    }
}
