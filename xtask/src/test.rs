//! `cargo xtask test`: all tests.
//!
//! `cargo test` alone runs the tests that need only Rust. The tests marked `#[ignore]` need an external program: Stripe's Python
//! and Node clients, `curl`, a browser. This chore installs those programs and runs both kinds.

use std::collections::BTreeSet;

use clap::ValueEnum;

use crate::{
    external_clients, previous_spec,
    run::{cargo, run},
};

/// The options of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Leave out the tests that need this program (repeatable).
    #[arg(long, value_name = "PROGRAM")]
    without: Vec<ExternalProgram>,
}

/// What some tests need besides Rust. The ignored tests that need a program are in a module of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum ExternalProgram {
    /// Stripe's Python client, in `.venv`.
    Python,
    /// Stripe's Node client, in `tests/clients/node/node_modules`.
    Node,
    /// `curl`.
    Curl,
    /// Chromium and ChromeDriver.
    Browser,
    /// An older API description of Stripe, from npm.
    PreviousSpec,
}

pub(crate) fn main(args: &Args) -> Result<(), String> {
    let without: BTreeSet<_> = args.without.iter().copied().collect();
    let is_included = |program| !without.contains(&program);
    if is_included(ExternalProgram::Python) {
        external_clients::python_source("tests/clients/python/requirements.txt")?;
    }
    if is_included(ExternalProgram::Node) {
        external_clients::node("tests/clients/node")?;
    }
    if is_included(ExternalProgram::Curl) {
        external_clients::debian(&[("curl", "curl")])?;
    }
    if is_included(ExternalProgram::Browser) {
        external_clients::debian(&[
            ("chromium", "chromium"),
            ("chromedriver", "chromium-driver"),
        ])?;
    }

    run(cargo().args(["test", "--workspace", "--locked"]))?;
    if is_included(ExternalProgram::PreviousSpec) {
        previous_spec::main()?;
    }

    // The same workspace-wide selection of features, so that nothing is compiled twice.
    let mut ignored = cargo();
    ignored.args(["test", "--workspace", "--locked", "--test", "system"]);
    if is_included(ExternalProgram::Browser) {
        ignored.args(["--test", "browser"]);
    }
    ignored.args(["--", "--ignored"]);
    for program in [
        ExternalProgram::Python,
        ExternalProgram::Node,
        ExternalProgram::Curl,
    ] {
        if !is_included(program) {
            ignored.args(["--skip", &format!("{program:?}::").to_lowercase()]);
        }
    }
    run(&mut ignored)
}
