//! User and system time of a command.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use crate::run::root;

/// A target folder for measurements, so that the workspace's own stays as it is.
pub(super) fn target_folder(name: &str) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), PathBuf::from)
        .join(name)
}

/// Runs a command and returns the processor time of it and its children, as the shell's `times` counts it.
pub(super) fn processor_time(command: &Command) -> Result<f64, String> {
    let mut shell = Command::new("sh");
    // `times` prints the shell's own time and below it that of its children.
    shell
        .args(["-c", "\"$0\" \"$@\" && times"])
        .arg(command.get_program())
        .args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap_or(OsStr::new("")));
    }
    let output = shell
        .output()
        .map_err(|error| format!("`sh` could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "the build failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let children = text.lines().last().unwrap_or_default();
    seconds(children).ok_or_else(|| format!("`times` printed something unexpected: {children}"))
}

/// `0m12.345s 0m1.5s` → 13.845
fn seconds(times: &str) -> Option<f64> {
    let mut sum = 0.0;
    for part in times.split_whitespace() {
        let (minutes, rest) = part.split_once('m')?;
        sum += minutes.parse::<f64>().ok()? * 60.0 + rest.strip_suffix('s')?.parse::<f64>().ok()?;
    }
    (!times.trim().is_empty()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_are_added_up() {
        assert_eq!(seconds("1m2.500s 0m0.250s"), Some(62.75));
        assert_eq!(seconds(""), None);
        assert_eq!(seconds("12 seconds"), None);
    }
}
