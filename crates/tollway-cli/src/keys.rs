//! `tollway platform keys`: prints how many values each sealing key has sealed, or seals all values by the newest key.

use std::io::{IsTerminal as _, Write as _};

use clap::Subcommand;
use tollway_platform::{KeyUsage, Platform, RotationProgress};

use crate::failure::{Failure, Outcome};

/// The commands of `tollway platform keys`.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum KeysCommand {
    /// Say how many values each sealing key has sealed, and which key is no longer used.
    Report,
    /// Seal everything anew by the first key of `sealing_keys`. The platform may go on running; give every instance the new
    /// key first.
    Rotate,
}

/// Runs the command on an open platform.
pub(crate) async fn run(platform: &Platform, command: KeysCommand) -> Outcome {
    match command {
        KeysCommand::Report => report(platform).await,
        KeysCommand::Rotate => rotate(platform).await,
    }
}

async fn report(platform: &Platform) -> Outcome {
    let keys = platform.key_usage().await.map_err(failed)?;
    for key in keys {
        println!("{}  {:>8} values  {}", key.id, key.values, describe(&key));
    }
    Ok(())
}

const fn describe(key: &KeyUsage) -> &'static str {
    match (key.newest, key.configured, key.values) {
        (true, ..) => "seals",
        (_, true, 0) => "no longer used: take it out of sealing_keys",
        (_, true, _) => {
            "opens: `tollway platform keys rotate` moves its values to the key that seals"
        }
        (_, false, _) => "missing: put it back into sealing_keys",
    }
}

async fn rotate(platform: &Platform) -> Outcome {
    let bar = std::io::stderr().is_terminal();
    let rotation = platform
        .rotate_keys(|now| {
            if bar {
                print_progress(now);
            }
        })
        .await
        .map_err(failed)?;
    if bar {
        eprintln!();
    }
    if rotation.unopened > 0 {
        return Err(Failure::new(format!(
            "{} values could not be opened and are as they were ({} were sealed anew): put the key that sealed them back into \
             sealing_keys (`tollway platform keys report` names it), or let those sellers connect again",
            rotation.unopened, rotation.resealed
        )));
    }
    println!(
        "{} values were sealed anew by the newest key",
        rotation.resealed
    );
    Ok(())
}

/// Prints the progress bar over the previous one.
fn print_progress(now: &RotationProgress) {
    eprint!("\r{}", progress_bar(now));
    std::io::stderr().flush().ok();
}

fn progress_bar(now: &RotationProgress) -> String {
    const WIDTH: u64 = 30;
    let total = now.total.max(now.processed()).max(1);
    let full = usize::try_from(now.processed() * WIDTH / total).unwrap_or(0);
    let rest = usize::try_from(WIDTH).unwrap_or(0) - full;
    format!(
        "[{}{}] {}/{}",
        "#".repeat(full),
        ".".repeat(rest),
        now.processed(),
        now.total
    )
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills() {
        let at = |resealed| {
            let mut progress = RotationProgress::default();
            (progress.total, progress.resealed) = (200, resealed);
            progress_bar(&progress)
        };
        assert_eq!(at(0), format!("[{}] 0/200", ".".repeat(30)));
        assert_eq!(
            at(100),
            format!("[{}{}] 100/200", "#".repeat(15), ".".repeat(15))
        );
        assert_eq!(at(200), format!("[{}] 200/200", "#".repeat(30)));
        assert_eq!(
            progress_bar(&RotationProgress::default()),
            format!("[{}] 0/0", ".".repeat(30))
        );
    }
}
