//! `cargo xtask coverage`: how the emulator answers each operation, from the list that a test keeps fresh.

use std::fs;

use crate::run::{cargo, root, run};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write the list anew.
    #[arg(long)]
    write: bool,
}

pub(crate) fn main(args: &Args) -> Result<(), String> {
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
    if args.write {
        test.env("TOLLWAY_WRITE_COVERAGE", "1");
    }
    run(&mut test)?;
    let path = root().join("crates/tollway-emulator/coverage.txt");
    let list = fs::read_to_string(&path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    print!("{list}");
    Ok(())
}
