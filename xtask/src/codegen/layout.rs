//! From pieces to files: a file a resource, a folder where that would be too long.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::generated_mark::MARK;
use super::plan::{Chunk, Part};
use super::{Error, Files};

/// The longest file that is not split. Formatting makes it up to a half longer.
const LONGEST: usize = 1_000;

/// Where generated Rust goes.
pub(super) const API: &str = "crates/tollway/src/api";

/// Lays the pieces out.
pub(super) fn files(chunks: Vec<Chunk>) -> Files {
    let mut groups: BTreeMap<String, Vec<Chunk>> = BTreeMap::new();
    for chunk in chunks {
        groups.entry(chunk.group.clone()).or_default().push(chunk);
    }
    let mut files = Files::new();
    let mut modules = String::new();
    let mut exports = String::new();
    for (group, mut chunks) in groups {
        chunks.sort_by_key(|chunk| chunk.part);
        let _ = writeln!(modules, "mod {group};");
        let _ = writeln!(exports, "pub use self::{group}::*;");
        let about = format!("Stripe's `{group}`: objects, requests and enums.");
        let lines: usize = chunks.iter().map(|chunk| chunk.code.lines().count()).sum();
        if lines <= LONGEST {
            let code: String = chunks.iter().map(|chunk| chunk.code.as_str()).collect();
            files.insert(format!("{API}/{group}.rs"), file(&about, &code));
            continue;
        }
        let mut parts = split(&chunks);
        // As rustfmt orders modules.
        parts.sort();
        let mut index = format!("{MARK}\n//! {about}\n\n");
        for (part, _) in &parts {
            let _ = writeln!(index, "mod {part};");
        }
        index.push('\n');
        for (part, code) in &parts {
            let _ = writeln!(index, "pub use self::{part}::*;");
            files.insert(format!("{API}/{group}/{part}.rs"), file(&about, code));
        }
        files.insert(format!("{API}/{group}/mod.rs"), index);
    }
    let index = format!(
        "{MARK}\n//! Every object, operation and enum of the Stripe API, made from its description.\n//!\n//! \
         Objects are views ([`View`](crate::View)); requests begin at [`Client`](crate::Client): \
         `client.charges().create()`.\n\n{modules}\n{exports}"
    );
    files.insert(format!("{API}/mod.rs"), index);
    files
}

/// The pieces of a long group by part, each part again in pieces that are not too long.
fn split(chunks: &[Chunk]) -> Vec<(String, String)> {
    let mut parts: Vec<(String, String)> = Vec::new();
    let mut current: Option<(Part, usize, usize)> = None;
    for chunk in chunks {
        let lines = chunk.code.lines().count();
        let (number, begin) = match current {
            Some((part, number, used)) if part == chunk.part && used + lines <= LONGEST => {
                (number, false)
            }
            Some((part, number, _)) if part == chunk.part => (number + 1, true),
            _ => (1, true),
        };
        if begin {
            let name = part_name(chunk.part);
            let name = if number == 1 {
                name.to_owned()
            } else {
                format!("{name}_{number:02}")
            };
            parts.push((name, chunk.code.clone()));
            current = Some((chunk.part, number, lines));
        } else if let (Some((_, code)), Some((_, _, used))) = (parts.last_mut(), current.as_mut()) {
            code.push_str(&chunk.code);
            *used += lines;
        }
    }
    parts
}

fn part_name(part: Part) -> &'static str {
    match part {
        Part::Model => "model",
        Part::Events => "events",
        Part::Service => "service",
        Part::Requests => "requests",
        Part::Params => "params",
        Part::Enums => "enums",
    }
}

/// What `crate::prelude` offers to generated files.
const PRELUDE: &[&str] = &[
    "Bytes",
    "Client",
    "Decimal",
    "Expandable",
    "Json",
    "List",
    "MapView",
    "ParamValue",
    "Params",
    "RangeQuery",
    "SearchResult",
    "Timestamp",
    "decimal",
    "entries",
    "list",
    "open_enum",
    "pairs",
    "param_enum",
    "params",
    "params_required",
    "request",
    "texts",
    "union",
    "view",
];

/// What comes from the crate's root.
const ROOT: &[&str] = &["Rfc3339", "TextOrNull", "V2List", "view::ThinEvent"];

fn file(about: &str, code: &str) -> String {
    let refers = code
        .lines()
        .any(|line| !line.trim_start().starts_with("//") && line.contains("api::"));
    let api = if refers { "use crate::api;\n" } else { "" };
    let used: Vec<&str> = PRELUDE
        .iter()
        .copied()
        .filter(|name| uses(code, name))
        .collect();
    let prelude = if used.is_empty() {
        String::new()
    } else {
        format!("use crate::prelude::{{{}}};\n", used.join(", "))
    };
    let used: Vec<&str> = ROOT
        .iter()
        .copied()
        .filter(|path| uses(code, path.rsplit(':').next().unwrap_or(path)))
        .collect();
    let root = match used.as_slice() {
        [] => String::new(),
        [only] => format!("use crate::{only};\n"),
        several => format!("use crate::{{{}}};\n", several.join(", ")),
    };
    format!(
        "{MARK}\n//! {about}\n\n{api}{prelude}{root}\n{}\n",
        code.trim_end()
    )
}

/// Whether code outside of comments names this item of the prelude: a macro by its call, a function by its call, a type
/// as a word.
fn uses(code: &str, name: &str) -> bool {
    let is_macro = [
        "open_enum",
        "param_enum",
        "params",
        "params_required",
        "request",
        "union",
        "view",
    ]
    .contains(&name);
    let is_type = name.starts_with(|c: char| c.is_ascii_uppercase());
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .any(|line| {
            line.match_indices(name).any(|(at, _)| {
                let before = line[..at].chars().next_back();
                let after = line[at + name.len()..].chars().next();
                let starts = before.is_none_or(|c| {
                    !c.is_ascii_alphanumeric() && c != '_' && c != ':' && c != '.' && c != '"'
                });
                let ends = match after {
                    Some('!') => is_macro,
                    Some('(') => !is_macro,
                    // `List = "list"` is a variant of some enum.
                    Some(c) => {
                        is_type
                            && !c.is_ascii_alphanumeric()
                            && c != '_'
                            && !line[at..].contains(" = \"")
                    }
                    None => is_type,
                };
                starts
                    && ends
                    && !line[..at].ends_with(" V2 ")
                    && (is_macro || is_type || !line[..at].ends_with("fn "))
            })
        })
}

/// Runs rustfmt over all files at once.
pub(super) fn format(files: Files) -> Result<Files, Error> {
    let folder = tempfile::tempdir()?;
    format_in(folder.path(), files)
}

fn format_in(folder: &Path, files: Files) -> Result<Files, Error> {
    let leaves: Vec<(String, std::path::PathBuf)> = files
        .keys()
        .filter(|name| !name.ends_with("/mod.rs"))
        .map(|name| (name.clone(), folder.join(name.replace('/', "__"))))
        .collect();
    for (name, path) in &leaves {
        fs::write(path, &files[name])?;
    }
    let done = Command::new("rustfmt")
        .args(["--edition", "2024", "--config", "style_edition=2024"])
        .args(leaves.iter().map(|(_, path)| path))
        .output()
        .map_err(|error| {
            format!("cannot run rustfmt (is the toolchain's rustfmt component installed?): {error}")
        })?;
    if !done.status.success() {
        let text = String::from_utf8_lossy(&done.stderr);
        return Err(format!(
            "rustfmt refuses the generated code: {}",
            text.lines().take(12).collect::<Vec<_>>().join("\n")
        )
        .into());
    }
    let mut formatted = files;
    for (name, path) in leaves {
        formatted.insert(name, fs::read_to_string(path)?);
    }
    Ok(formatted)
}
