//! `cargo xtask coverage`: how the emulator answers each operation, and how much of the description the SDK has as types.
//!
//! The emulator's list is kept fresh by a test of its own. The SDK's side is read from its source ([`source`]) and compared
//! with the description ([`sdk`]): whatever is described and cannot be called or read by a typed name is a failure.

mod sdk;
mod source;

use std::fs;

use crate::run::{cargo, root, run};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write the emulator's list anew.
    #[arg(long)]
    write: bool,
}

pub(crate) fn main(args: &Args) -> Result<(), String> {
    emulator(args.write)?;
    let report = sdk::report(&root())?;
    print!("{report}");
    report.verdict()
}

/// Prints the list that `crates/tollway-emulator` keeps, after the test that compares it with what the emulator does.
fn emulator(write: bool) -> Result<(), String> {
    let mut test = cargo();
    test.args([
        "test",
        "--locked",
        "--quiet",
        "--package",
        "tollway-emulator",
    ]);
    test.args([
        "--test",
        "it",
        "--",
        "--exact",
        "coverage::the_list_is_fresh",
    ]);
    if write {
        test.env("TOLLWAY_WRITE_COVERAGE", "1");
    }
    run(&mut test)?;
    let path = root().join("crates/tollway-emulator/coverage.txt");
    let list = fs::read_to_string(&path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    print!("{list}");
    Ok(())
}
