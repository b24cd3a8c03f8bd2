//! `coverage.txt` says of every operation how it is answered; here it is compared with what the emulator does.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::client::emulator;

/// Set by `cargo xtask coverage --write`.
const WRITE: &str = "TOLLWAY_WRITE_COVERAGE";

#[test]
fn the_list_is_fresh() {
    let lines = tollway_emulator::coverage(emulator().engine());
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (answered, ..) in &lines {
        *counts.entry(answered.to_string()).or_default() += 1;
    }
    let counts: Vec<_> = counts.iter().map(|(how, n)| format!("{n} {how}")).collect();
    let mut list = format!(
        "# {} operations: {}. None is refused. Written by `cargo xtask coverage --write`.\n",
        lines.len(),
        counts.join(", ")
    );
    for (answered, url, name) in &lines {
        writeln!(list, "{answered:<10}  {url}  {name}").unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("coverage.txt");
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, &list).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let stale = list
        .lines()
        .find(|line| !committed.lines().any(|old| old == *line));
    assert_eq!(
        stale, None,
        "coverage.txt is stale: run `cargo xtask coverage --write`"
    );
    assert_eq!(list.lines().count(), committed.lines().count());
}
