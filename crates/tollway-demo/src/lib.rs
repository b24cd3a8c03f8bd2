//! `tollway demo`: emulator and platform together, for a person (`interactive`) or by itself (`script`).
//!
//! Both stand on `setup`: the emulator's settings, and a folder with the emulator's data, the platform's database and its configuration.

mod interactive;
mod script;
mod setup;

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};

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
    let folder = Folder::open(args.data)?;
    if args.script {
        script::run(folder).await
    } else {
        interactive::run(folder.path()).await
    }
}

/// Where the demo keeps its files.
#[derive(Debug)]
enum Folder {
    Given(PathBuf),
    /// Removed when dropped.
    Temporary(tempfile::TempDir),
}

impl Folder {
    fn open(given: Option<PathBuf>) -> Outcome<Self> {
        let Some(path) = given else {
            let folder = tempfile::Builder::new().prefix("tollway-demo-").tempdir();
            return folder.map(Self::Temporary).map_err(|error| {
                Failure::new(format!(
                    "no temporary folder can be made ({error}): name one by --data"
                ))
            });
        };
        let unusable = |error: std::io::Error| {
            Failure::new(format!(
                "the data folder {} cannot be used ({error}): choose another by --data",
                path.display()
            ))
        };
        std::fs::create_dir_all(&path).map_err(unusable)?;
        // Writing is what it is for, so try that now rather than in the middle of something.
        tempfile::tempfile_in(&path).map_err(unusable)?;
        Ok(Self::Given(path))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Given(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }

    /// Keeps a temporary folder, to look at what went wrong, and says where it is.
    fn keep(self) -> PathBuf {
        match self {
            Self::Given(path) => path,
            Self::Temporary(folder) => folder.keep(),
        }
    }
}
