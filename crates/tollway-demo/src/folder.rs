//! The folder that the demo keeps its files in.

use std::path::{Path, PathBuf};

use crate::error::DemoError;

/// The folder of a demo's data files, configuration and logs.
#[derive(Debug)]
pub struct DataFolder(Kind);

#[derive(Debug)]
enum Kind {
    Permanent(PathBuf),
    /// Removed when dropped.
    Temporary(tempfile::TempDir),
}

impl DataFolder {
    /// Uses the folder at `path` and creates it if it does not exist. Without a path, creates a temporary folder and removes it
    /// at the end.
    ///
    /// # Errors
    ///
    /// Fails if the folder cannot be created or written to.
    pub fn open(path: Option<PathBuf>) -> Result<Self, DemoError> {
        let Some(path) = path else {
            let folder = tempfile::Builder::new().prefix("tollway-demo-").tempdir();
            return folder
                .map(|folder| Self(Kind::Temporary(folder)))
                .map_err(|error| {
                    DemoError::new(format!(
                        "no temporary folder can be made ({error}): name one by --data"
                    ))
                });
        };
        let unusable = |error: std::io::Error| {
            DemoError::new(format!(
                "the data folder {} cannot be used ({error}): choose another by --data",
                path.display()
            ))
        };
        std::fs::create_dir_all(&path).map_err(unusable)?;
        // Fail now rather than in the middle of the demo if the folder is read-only.
        tempfile::tempfile_in(&path).map_err(unusable)?;
        Ok(Self(Kind::Permanent(path)))
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        match &self.0 {
            Kind::Permanent(path) => path,
            Kind::Temporary(folder) => folder.path(),
        }
    }

    /// Keeps a temporary folder after a failure, and returns its path.
    pub(crate) fn into_path(self) -> PathBuf {
        match self.0 {
            Kind::Permanent(path) => path,
            Kind::Temporary(folder) => folder.keep(),
        }
    }
}
