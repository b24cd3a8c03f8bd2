//! The program `tollway`: the emulator, the platform, a demo of both, and commands for webhooks.
//!
//! Each subcommand is a module with its arguments and a function `run`. A failure is one sentence on stderr and exit code 1; wrong
//! usage is exit code 2.

mod demo;
mod emulator;
mod failure;
mod keys;
mod listen;
mod logging;
mod platform;
mod shutdown;
mod webhooks;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{failure::Outcome, logging::LogArgs};

/// Stripe Connect on your machine: a local Stripe, the platform's side of Connect, and a demo of both.
///
/// Tollway is an independent project, not affiliated with Stripe.
#[derive(Debug, Parser)]
#[command(
    name = "tollway",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    log: LogArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run emulator and platform together, and print what to open.
    Demo(demo::Args),
    /// Run a local Stripe: API, OAuth pages, webhooks.
    Emulator(emulator::Args),
    /// Run the platform's side of Connect: start, callback, disconnect, webhook inbox.
    Platform(platform::Args),
    /// Receive an emulator's events, and forward them to a webhook handler.
    Listen(Box<webhooks::listen::Args>),
    /// Cause an event in an emulator.
    Trigger(webhooks::trigger::Args),
    /// Print how an event was delivered, or send it again.
    Events(webhooks::events::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("tollway: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Outcome {
    logging::start(&cli.log)?;
    match cli.command {
        Command::Demo(args) => demo::run(args).await,
        Command::Emulator(args) => emulator::run(args).await,
        Command::Platform(args) => platform::run(args).await,
        Command::Listen(args) => webhooks::listen::run(*args).await,
        Command::Trigger(args) => webhooks::trigger::run(args).await,
        Command::Events(args) => webhooks::events::run(args).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_fit_together() {
        super::Cli::command().debug_assert();
    }
}
