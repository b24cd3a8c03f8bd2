//! The order of the crates: `xtask/layers/crates.txt` beside the manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::{LISTS, Violation};

const FILE: &str = "crates.txt";

/// Which crate may use which, from the top down.
#[derive(Debug)]
pub(super) struct CrateOrder {
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    number: usize,
    name: String,
    may_use: Vec<String>,
}

impl CrateOrder {
    pub(super) fn load(root: &Path) -> Result<Self, String> {
        let path = root.join(LISTS).join(FILE);
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&text)
    }

    /// Reads lines like `upper: lower lowest`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut lines: Vec<Line> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let (name, may_use) = line.split_once(':').ok_or_else(|| {
                format!(
                    "{FILE}:{}: `{line}` has no colon after the crate's name",
                    index + 1
                )
            })?;
            lines.push(Line {
                number: index + 1,
                name: name.trim().to_owned(),
                may_use: may_use.split_whitespace().map(str::to_owned).collect(),
            });
        }
        for (index, line) in lines.iter().enumerate() {
            let below: BTreeSet<&str> = lines[index + 1..]
                .iter()
                .map(|lower| lower.name.as_str())
                .collect();
            if let Some(upward) = line
                .may_use
                .iter()
                .find(|used| !below.contains(used.as_str()))
            {
                return Err(format!(
                    "{FILE}:{}: {} may only use crates of the lines below it, and {upward} is none of them",
                    line.number, line.name
                ));
            }
        }
        Ok(Self { lines })
    }

    /// The crates, from the top down.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|line| line.name.as_str())
    }

    /// The crates that a crate may use.
    pub(super) fn may_use(&self, name: &str) -> &[String] {
        self.lines
            .iter()
            .find(|line| line.name == name)
            .map_or(&[], |line| &line.may_use)
    }

    /// Where the manifests and the list disagree.
    pub(super) fn violations(&self, root: &Path) -> Result<Vec<Violation>, String> {
        let mut used = BTreeMap::new();
        for name in self.names() {
            let manifest = folder(root, name).join("Cargo.toml");
            let text = fs::read_to_string(&manifest)
                .map_err(|error| format!("{}: {error}", manifest.display()))?;
            used.insert(
                name.to_owned(),
                dependencies(&text).map_err(|error| format!("{}: {error}", manifest.display()))?,
            );
        }
        let members =
            fs::read_dir(root.join("crates")).map_err(|error| format!("crates: {error}"))?;
        let members: BTreeSet<String> = members
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| folder(root, name).join("Cargo.toml").exists())
            .collect();
        Ok(self.compare(&used, &members))
    }

    fn compare(
        &self,
        used: &BTreeMap<String, BTreeSet<String>>,
        members: &BTreeSet<String>,
    ) -> Vec<Violation> {
        let list = Path::new(LISTS).join(FILE);
        let mut violations = Vec::new();
        let mut add = |line: usize, reason: String| {
            violations.push(Violation {
                file: list.clone(),
                line,
                reason,
            });
        };
        let ours: BTreeSet<&str> = self
            .names()
            .chain(members.iter().map(String::as_str))
            .collect();
        for line in &self.lines {
            let name = &line.name;
            let dependencies = used.get(name).into_iter().flatten().map(String::as_str);
            let dependencies: BTreeSet<&str> =
                dependencies.filter(|used| ours.contains(used)).collect();
            let may_use: BTreeSet<&str> = line.may_use.iter().map(String::as_str).collect();
            for forbidden in dependencies.difference(&may_use) {
                add(
                    line.number,
                    format!("{name} depends on {forbidden}, which this line does not allow"),
                );
            }
            for unused in may_use.difference(&dependencies) {
                add(
                    line.number,
                    format!("{name} does not depend on {unused}: take it out of this line"),
                );
            }
        }
        let listed: BTreeSet<&str> = self.names().collect();
        for missing in members
            .iter()
            .filter(|name| !listed.contains(name.as_str()))
        {
            add(1, format!("crate {missing} is missing: give it a line"));
        }
        violations
    }
}

/// The folder of a crate: below `crates/`, or beside it.
pub(super) fn folder(root: &Path, name: &str) -> PathBuf {
    let folder = root.join("crates").join(name);
    if folder.exists() {
        folder
    } else {
        root.join(name)
    }
}

/// The names of a manifest's dependencies, without those of tests.
fn dependencies(manifest: &str) -> Result<BTreeSet<String>, toml::de::Error> {
    let manifest: toml::Table = manifest.parse()?;
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let tables = std::iter::once(&manifest).chain(
        targets
            .into_iter()
            .flat_map(|targets| targets.values().filter_map(toml::Value::as_table)),
    );
    Ok(tables
        .flat_map(|table| ["dependencies", "build-dependencies"].map(|key| table.get(key)))
        .filter_map(|section| section?.as_table())
        .flat_map(|section| section.keys().cloned())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "top: left right # a comment\nleft: base\nright: base\nbase:\n";

    fn compare(manifests: &[(&str, &str)]) -> Vec<String> {
        let order = CrateOrder::parse(LIST).expect("a list");
        let used = manifests.iter().map(|(name, manifest)| {
            (
                (*name).to_owned(),
                dependencies(manifest).expect("a manifest"),
            )
        });
        let members = ["top", "left", "right", "base"].map(str::to_owned);
        order
            .compare(&used.collect(), &members.into())
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    const TOP: (&str, &str) = (
        "top",
        "[dependencies]\nleft = \"1\"\nright.workspace = true\nserde = \"1\"",
    );
    const LEFT: (&str, &str) = (
        "left",
        "[dependencies]\nbase = \"1\"\n[dev-dependencies]\nright = \"1\"",
    );

    #[test]
    fn manifests_that_follow_the_list_pass_and_dependencies_of_tests_are_exempt() {
        let right = ("right", "[target.'cfg(unix)'.dependencies]\nbase = \"1\"");
        assert_eq!(compare(&[TOP, LEFT, right]), Vec::<String>::new());
    }

    #[test]
    fn a_sideways_dependency_and_an_unused_permission_are_named() {
        let right = ("right", "[dependencies]\nleft = \"1\"");
        assert_eq!(
            compare(&[TOP, LEFT, right]),
            [
                "xtask/layers/crates.txt:3: right depends on left, which this line does not allow",
                "xtask/layers/crates.txt:3: right does not depend on base: take it out of this line",
            ]
        );
    }

    #[test]
    fn a_list_that_points_up_is_refused() {
        let error = CrateOrder::parse("base: top\ntop:\nbase2: top").expect_err("a refusal");
        assert!(
            error.starts_with("crates.txt:3: base2 may only use"),
            "{error}"
        );
    }

    #[test]
    fn a_crate_without_a_line_is_an_error() {
        let order = CrateOrder::parse("top:").expect("a list");
        let violations = order.compare(&BTreeMap::new(), &["new".to_owned()].into());
        assert_eq!(violations[0].reason, "crate new is missing: give it a line");
    }
}
