//! `cargo xtask api`: compares the public API of each library with `public-api.txt` in the crate's folder.
//!
//! Not listed: what is under `tollway::api`, which is generated from Stripe's description (`cargo xtask codegen --check` compares
//! it), and what is marked `#[doc(hidden)]`. Of other crates only the types in `foreign-types.txt` may occur, generated code
//! included.

use std::{collections::BTreeSet, fs, path::PathBuf};

use crate::run::{cargo, root, run};

/// The libraries, and the features that their public API is listed with.
const LIBRARIES: [(&str, &str); 4] = [
    ("tollway", "axum,blocking,reqwest,testing"),
    ("tollway-transport", "reqwest"),
    ("tollway-platform", ""),
    ("tollway-emulator", ""),
];

/// The options of `cargo xtask api`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only these crates; all libraries if none is named.
    crates: Vec<String>,
    /// Write the lists instead of comparing with them.
    #[arg(long)]
    bless: bool,
}

pub(crate) fn main(args: &Args) -> Result<(), String> {
    let unknown = args
        .crates
        .iter()
        .find(|name| LIBRARIES.iter().all(|(library, _)| library != name));
    if let Some(unknown) = unknown {
        let names = LIBRARIES.map(|(name, _)| name).join(", ");
        return Err(format!("there is no library {unknown}: choose of {names}"));
    }
    let is_chosen =
        |name: &str| args.crates.is_empty() || args.crates.iter().any(|chosen| chosen == name);
    for (name, features) in LIBRARIES.into_iter().filter(|(name, _)| is_chosen(name)) {
        let lines = public_api(name, features)?;
        let forbidden = foreign_types(&lines)
            .difference(&allowed_types(name)?)
            .cloned()
            .collect::<Vec<_>>();
        if !forbidden.is_empty() {
            return Err(format!(
                "foreign types in the public API of {name}: {}; wrap them, or allow them with a reason in {}",
                forbidden.join(", "),
                file(name, "foreign-types.txt").display()
            ));
        }
        let lines: Vec<&str> = lines
            .iter()
            .map(String::as_str)
            .filter(|line| is_handwritten(line))
            .collect();
        let listed = lines.join("\n") + "\n";
        let path = file(name, "public-api.txt");
        if args.bless {
            fs::write(&path, listed).map_err(|error| format!("{}: {error}", path.display()))?;
        } else {
            compare(&read(&path)?, &listed).map_err(|changes| {
                format!(
                    "the public API of {name} has changed:\n{changes}If the change is intended, add it to CHANGELOG.md and run \
                     `cargo xtask api --bless {name}`. docs/semver.md says which changes a version may have."
                )
            })?;
        }
    }
    Ok(())
}

/// One line for each public item, sorted.
fn public_api(name: &str, features: &str) -> Result<Vec<String>, String> {
    // The JSON is unstable output of the stable compiler. The target folder is a separate one, because the variable makes cargo
    // compile other crates again.
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

/// Whether an item is not generated. The methods of `Client` that return generated services count as handwritten.
fn is_handwritten(line: &str) -> bool {
    !line.contains("tollway::api::") || line.starts_with("pub fn tollway::Client::")
}

/// The types in these lines that are neither of the standard library nor of one of our libraries.
fn foreign_types<'a>(lines: impl IntoIterator<Item = &'a String>) -> BTreeSet<String> {
    let words = lines
        .into_iter()
        .flat_map(|line| line.split(|c: char| !(c.is_alphanumeric() || "_:".contains(c))));
    words
        .map(|word| word.trim_matches(':'))
        .filter_map(|word| {
            let mut parts: Vec<&str> = word.split("::").collect();
            // A method's name follows its type's.
            let at = parts
                .iter()
                .position(|part| part.starts_with(char::is_uppercase))?;
            parts.truncate(at + 1);
            let is_ours = |name: &str| {
                LIBRARIES
                    .iter()
                    .any(|(library, _)| library.replace('-', "_") == name)
            };
            (at > 0 && !["alloc", "core", "std"].contains(&parts[0]) && !is_ours(parts[0]))
                .then(|| parts.join("::"))
        })
        .collect()
}

/// The allowed types: the first word of each line that is not a comment.
fn allowed_types(name: &str) -> Result<BTreeSet<String>, String> {
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

/// Fails with one line for each added and each removed item.
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
    fn additions_and_removals_are_listed() {
        assert_eq!(compare("a\nb\n", "b\na\n"), Ok(()));
        assert_eq!(compare("a\nb\n", "b\nc\n"), Err("- a\n+ c\n".to_owned()));
    }

    #[test]
    fn types_of_other_crates_are_found_in_arguments_and_results() {
        let lines = ["pub fn tollway::Client::x(&self, b: core::option::Option<bytes::bytes::Bytes>) -> http::Uri".to_owned()];
        let found: Vec<String> = foreign_types(&lines).into_iter().collect();
        assert_eq!(found, ["bytes::bytes::Bytes", "http::Uri"]);
    }

    /// Without building anything: the lists fit each other.
    #[test]
    fn every_foreign_type_in_the_public_api_is_allowed_and_has_its_reason() {
        for (name, _) in LIBRARIES {
            // `cargo xtask api` requires the list; this test compares the lists that exist.
            let Ok(list) = read(&file(name, "public-api.txt")) else {
                continue;
            };
            let lines: Vec<String> = list.lines().map(str::to_owned).collect();
            let allowed = allowed_types(name).expect("a list");
            assert_eq!(
                foreign_types(&lines).difference(&allowed).next(),
                None,
                "{name}"
            );
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
