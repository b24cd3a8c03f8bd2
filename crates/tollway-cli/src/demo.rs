//! `tollway demo`: emulator and platform together, for a person or as a script.

use std::path::PathBuf;

use tollway_demo::{DataFolder, DemoError};

use crate::failure::{Failure, Outcome};
use crate::shutdown;

const EXAMPLES: &str = "\
Examples:
  tollway demo
      prints addresses to open in a browser, and lives until Ctrl-C
  tollway demo --data demo
      the same, keeping everything in the folder `demo`
  tollway demo --script
      plays the whole story by itself over HTTP and says what it saw; exit code 0 only if all of it held";

/// The arguments of `tollway demo`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Play the story without a person, a numbered line for each step.
    #[arg(long)]
    script: bool,
    /// Folder to keep everything in; made if missing. Without it a temporary one is used and removed.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Runs the demo.
pub(crate) async fn run(args: Args) -> Outcome {
    let folder = DataFolder::open(args.data)?;
    if args.script {
        return Ok(tollway_demo::run_script(folder).await?);
    }
    let shutdown = shutdown::requested()?;
    Ok(tollway_demo::run_interactive(&folder, shutdown).await?)
}

impl From<DemoError> for Failure {
    fn from(error: DemoError) -> Self {
        Self::new(error.to_string())
    }
}
