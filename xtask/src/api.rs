//! `cargo xtask api`: the public API of the SDK's crates is what `public-api.txt` beside each says, so that no change of it
//! goes unseen.
//!
//! What is under `tollway::api` is made from Stripe's description and not listed: `cargo xtask codegen --check` watches it. Of
//! other crates only the types in `foreign-types.txt` may occur, generated code included.

use std::{collections::BTreeSet, fs, path::PathBuf};

use crate::run::{cargo, root, run};

/// Crates, and the features that their public API is listed with.
const CRATES: [(&str, &str); 2] = [
    ("tollway", "axum,blocking,reqwest,testing"),
    ("tollway-transport", "reqwest"),
];

/// The options of `cargo xtask api`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write the files anew instead of comparing with them.
    #[arg(long)]
    bless: bool,
}

pub(crate) fn main(args: &Args) -> Result<(), String> {
    for (name, features) in CRATES {
        let lines = public_api(name, features)?;
        let strange = foreign(&lines)
            .difference(&allowed(name)?)
            .cloned()
            .collect::<Vec<_>>();
        if !strange.is_empty() {
            return Err(format!(
                "foreign types in the public API of {name}: {}; wrap them, or allow them with a reason in {}",
                strange.join(", "),
                file(name, "foreign-types.txt").display()
            ));
        }
        let written: Vec<&str> = lines
            .iter()
            .map(String::as_str)
            .filter(|line| is_written(line))
            .collect();
        let listed = written.join("\n") + "\n";
        let path = file(name, "public-api.txt");
        if args.bless {
            fs::write(&path, listed).map_err(|error| format!("{}: {error}", path.display()))?;
        } else {
            compare(&read(&path)?, &listed).map_err(|changes| {
                format!(
                    "the public API of {name} has changed:\n{changes}if that is wanted, say so in CHANGELOG.md and run \
                     `cargo xtask api --bless`; docs/semver.md says what may change when"
                )
            })?;
        }
    }
    Ok(())
}

/// One line for each public item, sorted.
fn public_api(name: &str, features: &str) -> Result<Vec<String>, String> {
    // The JSON is unstable output of the stable compiler. A folder of its own, because the variable makes other crates build
    // themselves anew.
    let target = cargo_target().join("public-api");
    run(cargo()
        .args([
            "rustdoc",
            "--locked",
            "--lib",
            "-p",
            name,
            "--features",
            features,
            "--target-dir",
        ])
        .arg(&target)
        .args([
            "--",
            "-Zunstable-options",
            "--output-format=json",
            "--cap-lints=allow",
        ])
        .env("RUSTC_BOOTSTRAP", "1"))?;
    let json = target
        .join("doc")
        .join(format!("{}.json", name.replace('-', "_")));
    let api = public_api::Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()
        .map_err(|error| format!("the public API of {name} cannot be read: {error}"))?;
    let mut lines: Vec<String> = api.items().map(ToString::to_string).collect();
    lines.sort();
    lines.dedup();
    Ok(lines)
}

fn cargo_target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into)
}

/// Whether an item was written by hand, or is the door to what was generated.
fn is_written(line: &str) -> bool {
    !line.contains("tollway::api::") || line.starts_with("pub fn tollway::Client::")
}

/// The types of other crates in these lines; the standard library and our own crates are at home.
fn foreign<'a>(lines: impl IntoIterator<Item = &'a String>) -> BTreeSet<String> {
    let words = lines
        .into_iter()
        .flat_map(|line| line.split(|c: char| !(c.is_alphanumeric() || "_:".contains(c))));
    words
        .map(|word| word.trim_matches(':'))
        .filter_map(|word| {
            let at_home = ["alloc", "core", "std", "tollway", "tollway_transport"];
            let mut parts: Vec<&str> = word.split("::").collect();
            // A method's name follows its type's.
            let at = parts
                .iter()
                .position(|part| part.starts_with(char::is_uppercase))?;
            parts.truncate(at + 1);
            (at > 0 && !at_home.contains(&parts[0])).then(|| parts.join("::"))
        })
        .collect()
}

/// The first word of each line that is no comment.
fn allowed(name: &str) -> Result<BTreeSet<String>, String> {
    let text = read(&file(name, "foreign-types.txt"))?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    Ok(lines
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect())
}

fn file(name: &str, file: &str) -> PathBuf {
    root().join("crates").join(name).join(file)
}

fn read(path: &std::path::Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// What was added and removed, a line each.
fn compare(before: &str, now: &str) -> Result<(), String> {
    let (before, now): (BTreeSet<_>, BTreeSet<_>) =
        (before.lines().collect(), now.lines().collect());
    let removed = before.difference(&now).map(|line| format!("- {line}\n"));
    let added = now.difference(&before).map(|line| format!("+ {line}\n"));
    let changes: String = removed.chain(added).collect();
    if changes.is_empty() {
        Ok(())
    } else {
        Err(changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn additions_and_removals_are_told() {
        assert_eq!(compare("a\nb\n", "b\na\n"), Ok(()));
        assert_eq!(compare("a\nb\n", "b\nc\n"), Err("- a\n+ c\n".to_owned()));
    }

    #[test]
    fn types_of_other_crates_are_found_wherever_they_stand() {
        let lines = ["pub fn tollway::Client::x(&self, b: core::option::Option<bytes::bytes::Bytes>) -> http::Uri".to_owned()];
        let found: Vec<String> = foreign(&lines).into_iter().collect();
        assert_eq!(found, ["bytes::bytes::Bytes", "http::Uri"]);
    }

    /// Without building anything: the lists fit each other.
    #[test]
    fn every_foreign_type_in_the_public_api_is_allowed_and_has_its_reason() {
        for (name, _) in CRATES {
            let lines: Vec<String> = read(&file(name, "public-api.txt"))
                .expect("a list")
                .lines()
                .map(str::to_owned)
                .collect();
            let allowed = allowed(name).expect("a list");
            assert_eq!(foreign(&lines).difference(&allowed).next(), None, "{name}");
            let text = read(&file(name, "foreign-types.txt")).expect("a list");
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                assert!(
                    line.split_whitespace().count() > 2,
                    "{line} gives no reason"
                );
            }
        }
    }
}
