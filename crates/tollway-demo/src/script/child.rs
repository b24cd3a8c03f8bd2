//! Emulator or platform as a child process, so that the script can kill it.
//!
//! The child is this executable with another subcommand. It prints its address in the ready line on stdout; stderr goes to a log
//! file in the data folder.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};
use url::Url;

use super::report::StepResult;

/// What precedes the address in the ready line.
const READY_PREFIX: &str = "listening on ";

/// How long a child may take to print its ready line.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// A running child process.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    /// Where it listens.
    pub(crate) url: Url,
}

impl Program {
    /// Starts `tollway ARGS…` and waits for its ready line.
    pub(crate) async fn start(args: &[&str], log: &Path) -> StepResult<Self> {
        let failed = |reason: &dyn std::fmt::Display| {
            format!(
                "`tollway {}` did not start: {reason}{}",
                args.join(" "),
                tail(log)
            )
        };
        let executable = std::env::current_exe().map_err(|error| failed(&error))?;
        let file = File::options()
            .create(true)
            .append(true)
            .open(log)
            .map_err(|error| failed(&error))?;
        let mut child = Command::new(executable)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(&error))?;
        let stdout = child
            .stdout
            .take()
            .ok_or_else(|| failed(&"it has no stdout"))?;
        let mut lines = BufReader::new(stdout).lines();
        let ready = timeout(START_TIMEOUT, async {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(url) = line.strip_prefix(READY_PREFIX) {
                    return url.parse().ok();
                }
            }
            None
        });
        let Ok(Some(url)) = ready.await else {
            return Err(failed(&"it never said where it listens"));
        };
        // Keep reading, so that the child never blocks on a full pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, url })
    }

    /// The process id, while it runs.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Ends it without a chance to clean up: SIGKILL.
    pub(crate) async fn kill(mut self) -> StepResult {
        self.child
            .kill()
            .await
            .map_err(|error| format!("the process could not be killed: {error}"))
    }
}

/// The log's last lines, to be printed after a failure.
fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    let last = &lines[lines.len().saturating_sub(5)..];
    if last.is_empty() {
        String::new()
    } else {
        format!("\n{}", last.join("\n"))
    }
}

/// The log file of a part inside the data folder.
pub(crate) fn log_file(folder: &Path, part: &str) -> PathBuf {
    folder.join(format!("{part}.log"))
}
