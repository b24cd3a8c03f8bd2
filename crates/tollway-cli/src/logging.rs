//! The log: structured lines on stderr. Stdout is for the output of the commands.

use clap::{Args, ValueEnum};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{Layer, Registry};

use crate::failure::{Failure, Outcome};

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct LogArgs {
    /// What to log: a level, or rules like `info,tollway_platform=debug`.
    #[arg(
        long,
        global = true,
        value_name = "RULES",
        env = "TOLLWAY_LOG",
        default_value = "warn",
        help_heading = "Log"
    )]
    log: String,
    /// The format of log lines.
    #[arg(long, global = true, value_enum, env = "TOLLWAY_LOG_FORMAT", default_value_t = Format::Text, help_heading = "Log")]
    log_format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

/// Starts logging.
pub(crate) fn start(args: &LogArgs) -> Outcome {
    let filter: Targets = args.log.parse().map_err(|error| {
        Failure::new(format!(
            "--log {:?} is not a filter ({error}): try `--log info`",
            args.log
        ))
    })?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match args.log_format {
        Format::Text => lines.with_filter(filter).boxed(),
        Format::Json => lines.json().with_filter(filter).boxed(),
    };
    tracing_subscriber::registry().with(lines).init();
    Ok(())
}
