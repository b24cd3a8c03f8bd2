//! The log: structured lines on stderr. Stdout belongs to what the commands print.

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

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
    /// How log lines look.
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
    let filter = EnvFilter::try_new(&args.log).map_err(|error| {
        Failure::new(format!(
            "--log {:?} is not a filter ({error}): try `--log info`",
            args.log
        ))
    })?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match args.log_format {
        Format::Text => lines.init(),
        Format::Json => lines.json().init(),
    }
    Ok(())
}
