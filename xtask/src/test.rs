//! `cargo xtask test`: every test there is.
//!
//! `cargo test` alone runs what needs only Rust. The tests marked `#[ignore]` need an outsider: Stripe's Python and Node clients,
//! `curl`, a browser. This chore installs them, says so, and runs both kinds.

use std::collections::BTreeSet;

use clap::ValueEnum;

use crate::{
    older, outsiders,
    run::{cargo, run},
};

/// The options of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Leave out the tests that need this outsider (repeatable).
    #[arg(long, value_name = "OUTSIDER")]
    without: Vec<Outsider>,
}

/// A program from outside that some tests talk to. The ignored tests that need it live in a module of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Outsider {
    /// Stripe's Python client, in `.venv`.
    Python,
    /// Stripe's Node client, in `tests/clients/node/node_modules`.
    Node,
    /// `curl`.
    Curl,
    /// Chromium and ChromeDriver.
    Browser,
    /// An older description of Stripe's API, from npm.
    Older,
}

pub(crate) fn main(args: &Args) -> Result<(), String> {
    let without: BTreeSet<_> = args.without.iter().copied().collect();
    let wanted = |outsider| !without.contains(&outsider);
    if wanted(Outsider::Python) {
        outsiders::python_source("tests/clients/python/requirements.txt")?;
    }
    if wanted(Outsider::Node) {
        outsiders::node("tests/clients/node")?;
    }
    if wanted(Outsider::Curl) {
        outsiders::debian(&[("curl", "curl")])?;
    }
    if wanted(Outsider::Browser) {
        outsiders::debian(&[
            ("chromium", "chromium"),
            ("chromedriver", "chromium-driver"),
        ])?;
    }

    run(cargo().args(["test", "--workspace", "--locked"]))?;
    if wanted(Outsider::Older) {
        older::main()?;
    }

    // The same workspace-wide selection of features, so that nothing is compiled twice.
    let mut ignored = cargo();
    ignored.args(["test", "--workspace", "--locked", "--test", "system"]);
    if wanted(Outsider::Browser) {
        ignored.args(["--test", "browser"]);
    }
    ignored.args(["--", "--ignored"]);
    for outsider in [Outsider::Python, Outsider::Node, Outsider::Curl] {
        if !wanted(outsider) {
            ignored.args(["--skip", &format!("{outsider:?}::").to_lowercase()]);
        }
    }
    run(&mut ignored)
}
